//! A plan in words.

use super::found::{self, Found};
use super::report::{FindsView, ReleaseView, Report};
use super::{rates, rows};
use crate::columns::columns;
use crate::release::words;

/// All of it.
pub fn text(report: &Report) -> String {
    if report.releases.is_empty() {
        return "no releases\n".to_owned() + &list("note", &report.notes);
    }
    let mut text = rates::text(&report.rates) + &placement(report);
    for release in &report.releases {
        text += &of_release(release);
    }
    text + &list("problem", &report.problems) + &list("note", &report.notes)
}

/// Who has which services and slots, and who waits for whom.
fn placement(report: &Report) -> String {
    let services = report.services.iter().map(|one| [one.service.escape_debug().to_string(), format!("2^{}", one.bit)]);
    let mut rows = vec![["SERVICE", "BIT"].map(str::to_owned)];
    rows.extend(services);
    let mut text = columns(&rows);
    text += &format!("\n{}", columns(&rows::of_releases(report)));
    text
}

fn of_release(release: &ReleaseView) -> String {
    let slots: Vec<String> = release.slots.iter().map(|(start, end)| format!("{start}-{end}")).collect();
    let slots = if slots.len() > 4 { format!("{} ranges", slots.len()) } else { slots.join(", ") };
    let slots = if slots.is_empty() { String::new() } else { format!(", slots {slots}") };
    let (effect, false_stop, once) = (effects(release), false_stop(release), once(release));
    let steps = columns(&rows::of_steps(release));
    format!("\n{} ({}){slots}\n{steps}{effect}{once}{false_stop}", release.id, release.kind)
}

/// How many requests count for one.
pub fn effects(release: &ReleaseView) -> String {
    let said = each(release, |finds| finds.design_effect.to_string());
    if said.is_empty() { String::new() } else { format!("requests that count for one: {said}\n") }
}

/// What a test that looks once would need.
pub fn once(release: &ReleaseView) -> String {
    let said = each(release, |finds| words::count(finds.once as u64));
    match said.is_empty() {
        true => String::new(),
        false => format!("requests of each arm with which a test that looks once finds x2 with 80%: {said}\n"),
    }
}

/// What each guardrail has, which is the same in all steps.
fn each(release: &ReleaseView, has: impl Fn(&FindsView) -> String) -> String {
    let mut said: Vec<String> = Vec::new();
    for one in release.steps.iter().flat_map(|step| &step.guardrails) {
        let Some(finds) = &one.finds else { continue };
        let words = format!("{} {}", one.name, has(finds));
        if !said.contains(&words) {
            said.push(words);
        }
    }
    said.join(", ")
}

/// The chances that a good one is rolled back and suspected, by all guardrails together at most.
pub fn false_stop(release: &ReleaseView) -> String {
    let mut compared = release.steps.iter().filter(|step| step.guardrails.iter().any(|one| one.finds.is_some()));
    let Some(last) = compared.next_back() else { return String::new() };
    let finds = || last.guardrails.iter().filter_map(|one| one.finds.as_ref());
    let sum = |of: fn(&FindsView) -> f64| found::chance(finds().map(of).sum::<f64>().min(1.0));
    let (stopped, suspected) = (sum(|finds| finds.false_stop), sum(|finds| finds.false_suspicion));
    format!(
        "a release that is as good as control is rolled back with a chance of {stopped}, and suspected at some time with {suspected}\n"
    )
}

fn list(kind: &str, found: &[Found]) -> String {
    let lines = found.iter().map(|one| format!("{kind}: {}\n", one.told()));
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
