//! Why a release is where it is, and what would make it go on, a sentence a line.

use weir_release::judge::{Decision, Phase};
use weir_release::state::Lifecycle;

use super::reasons::{Said, inconclusive};
use super::view::{DetailView, OverView};
use super::{promote, words};

/// Why it is where it is, a sentence a line; commands end with `place`, by which they find the server.
pub fn because(view: &DetailView, place: &str) -> String {
    let release = &view.release;
    if let Some(over) = &release.over {
        return ended(view, over, place);
    }
    let said = release.reasons(view.frozen.as_ref());
    let mut text: String = said.iter().map(|said| sentence(said, place)).collect();
    let verdict = release.verdict.as_ref().filter(|_| release.phase.is_some());
    if let Some(why) = verdict.and_then(|verdict| verdict.inconclusive) {
        let id = &release.id;
        text += &format!(
            "- nothing can be concluded in this step: {}\n  that stays until a person decides: weir release step {id} next --why TEXT{place}, \
             or weir release abort {id}{place}\n",
            inconclusive(why)
        );
    }
    match verdict.map(|verdict| (verdict.decision, verdict.to)) {
        Some((Decision::Advance, Some(to))) => {
            text += &format!("- {} begins with the next push\n", words::step(to, release.steps.len()));
        }
        Some((Decision::Advance, None)) => text += "- it is finished with the next push\n",
        _ if text.is_empty() => text += "- nothing is in its way: the next tick decides\n",
        _ => {}
    }
    if verdict.is_some_and(|verdict| verdict.phase == Phase::WaitingPromotion) {
        text += &promote::order(&release.id, place);
    }
    text
}

fn sentence(said: &Said, place: &str) -> String {
    let command = said.command.as_ref().map(|command| format!(": {command}{place}")).unwrap_or_default();
    format!("- {}\n  {}{command}\n", said.what, said.then)
}

fn ended(view: &DetailView, over: &OverView, place: &str) -> String {
    let release = &view.release;
    let mut text = String::new();
    if release.state == Lifecycle::RolledBack {
        let reasons = release.rolled_back_for();
        text += &reasons.iter().map(|what| format!("- {what}\n")).collect::<String>();
        if reasons.is_empty() {
            text += "- the journal does not say why any more\n";
        }
    }
    let aborted = view.events.iter().rev().find(|line| line.event.get("event").is_some_and(|event| event == "aborted"));
    text += &aborted.map(|line| format!("- {}\n", line.text)).unwrap_or_default();
    if over.unacknowledged {
        text += &format!(
            "- what conflicts with it may wait until somebody has seen this: weir release acknowledge {}{place}\n",
            release.id
        );
    }
    if over.kept_off {
        text +=
            "- its layer stays in the policy, switched off, until every Envoy of the last 24 hours has answered that\n";
    }
    if !over.unreached.is_empty() {
        text += &format!("- these Envoys have not answered yet: {}\n", words::names(&over.unreached));
    }
    if release.state == Lifecycle::Finished {
        text += &format!("- {}\n", promote::deletable(release));
    }
    text
}
