//! Each reason of a verdict in a sentence: what is so, what would change it, and the command for that.

use weir_release::journal::Wait;
use weir_release::judge::{Code, GuardrailNumbers, Inconclusive, Reason};
use weir_release::state::Pause;

use super::view::ReleaseView;
use super::words::{amount, count, e, names, paused, percent, share, step, time, word};

/// A reason in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What is so.
    pub what: String,
    /// What makes it go on.
    pub then: String,
    /// A command for that, if it is for a person to decide.
    pub command: Option<String>,
}

const BY_ITSELF: &str = "it goes on by itself when that is over";

impl ReleaseView {
    /// Why it is where it is: the reasons of the last verdict, and what it waits for besides. Empty where nothing is in its way.
    pub fn reasons(&self, frozen: Option<&Pause>) -> Vec<Said> {
        if self.is_over() {
            return Vec::new();
        }
        let Some(verdict) = self.verdict.as_ref().filter(|_| self.phase.is_some()) else {
            let pauses = [(self.paused.is_some(), Code::Paused), (frozen.is_some(), Code::Frozen)];
            let pauses = pauses.into_iter().filter(|(holds, _)| *holds);
            let pauses = pauses.map(|(_, code)| self.said(&Reason { code, guardrail: None, arm: None }, frozen));
            return pauses.chain(self.waits.iter().map(waits)).collect();
        };
        let said = verdict.reasons.iter().map(|reason| self.said(reason, frozen));
        // What a reason has said already is not told a second time.
        let has = |code| verdict.reasons.iter().any(|reason| reason.code == code);
        let is_told = |wait: &&Wait| {
            has(Code::Problem)
                || (wait.code == word(&Code::Routes) && has(Code::Routes))
                || (wait.code == word(&Code::SwitchedOff) && has(Code::SwitchedOff))
        };
        said.chain(self.waits.iter().filter(|wait| !is_told(wait)).map(waits)).collect()
    }

    /// Why it was rolled back, by the last verdict.
    pub fn rolled_back_for(&self) -> Vec<String> {
        let of_harm =
            |code: Code| matches!(code, Code::Harm | Code::Above | Code::ValueAbove | Code::Deviation | Code::MaxHold);
        let reasons = self.verdict.iter().flat_map(|verdict| &verdict.reasons);
        reasons.filter(|reason| of_harm(reason.code)).map(|reason| self.words(reason, None).0).collect()
    }

    fn said(&self, reason: &Reason, frozen: Option<&Pause>) -> Said {
        let (what, then, command) = self.words(reason, frozen);
        Said { what, then, command: command.map(|words| format!("weir release {words}")) }
    }

    fn words(&self, reason: &Reason, frozen: Option<&Pause>) -> (String, String, Option<String>) {
        let id = &self.id;
        let arm = reason.arm.as_deref().unwrap_or("an arm");
        let by_itself = |what: String| (what, BY_ITSELF.to_owned(), None);
        let by_hand =
            |what: String, then: &str, command: String| (what, format!("it goes on when {then}"), Some(command));
        let past = format!("step {id} next --why TEXT");
        let nothing = Default::default();
        let numbers = self.verdict.as_ref().map_or(&nothing, |verdict| &verdict.numbers);
        let of_step = &numbers.step;
        match reason.code {
            Code::Harm | Code::Above | Code::ValueAbove | Code::Suspected => self.harm(reason),
            Code::Paused => {
                let who = self.paused.as_ref().map(paused).unwrap_or_default();
                by_hand(format!("it is paused: by {who}"), "somebody lets it go on", format!("resume {id}"))
            }
            Code::Frozen => {
                let who = frozen.map(paused).unwrap_or_default();
                by_hand(format!("all releases are frozen: by {who}"), "somebody thaws them", "thaw --why TEXT".into())
            }
            Code::SwitchedOff => (
                "a switch of the policy keeps it off".into(),
                "it goes on when the policy's files say enabled: false no more".into(),
                None,
            ),
            Code::NoPoll => {
                let why = of_step.refusal.as_ref().map(|why| format!(": {}", why.escape_debug())).unwrap_or_default();
                let since = time(of_step.unpolled_ms);
                let what = format!("the edges could not be read for {since}{why}");
                (
                    what,
                    "it goes on when nine of ten connected edges can be read again; weir fleet shows them".into(),
                    None,
                )
            }
            Code::ProviderUnreachable | Code::NoAnswer => {
                let trouble = self.guardrail(reason).and_then(|numbers| numbers.trouble.clone());
                let trouble = trouble.unwrap_or_else(|| "its query has no answer".into());
                let what = format!("guardrail {}: {}", name(reason), trouble.escape_debug());
                (what, "it goes on when its query has an answer".into(), None)
            }
            Code::NoTraffic => {
                let then = "it goes on when the first requests come; weir explain shows whom it takes".into();
                ("no arm had a request in this step".into(), then, None)
            }
            Code::ArmSilent => {
                let what = format!("{arm} had no request in the last five minutes, and the other had 1,000 or more");
                (
                    what,
                    "it goes on when it has some: look at its routes and pods, or drop it".into(),
                    Some(format!("abort {id}")),
                )
            }
            Code::Deviation => by_hand(self.deviation(reason), "a person looks, and says go on or back", past),
            Code::MaxHold => {
                let what = format!(
                    "it waited for {} beyond hold: longer than {}",
                    time(of_step.waited_ms),
                    time(of_step.max_hold_ms)
                );
                by_hand(what, "a person looks, and says go on or back", past)
            }
            Code::NotAnswered => {
                let behind = match of_step.behind.is_empty() {
                    true => String::new(),
                    false => format!("; these have not: {}", names(&of_step.behind)),
                };
                by_itself(format!("fewer than nine of ten edges have answered its last push{behind}"))
            }
            Code::Warmup => by_itself("the step is in its warm-up".into()),
            Code::Hold => {
                let held = time(of_step.held_ms.unwrap_or_default());
                by_itself(format!("{held} of {} have counted for the step", time(of_step.hold_ms)))
            }
            Code::Requests => {
                let had = of_step.requests.get(arm).copied().unwrap_or_default();
                by_itself(format!(
                    "{arm} has had {} of {} requests in the step",
                    count(had),
                    count(of_step.requests_min)
                ))
            }
            Code::NotEvaluated => {
                let what = format!("guardrail {} has compared nothing in the step", name(reason));
                (
                    what,
                    format!(
                        "it goes on when {} and control both have requests",
                        reason.arm.as_deref().unwrap_or("each arm")
                    ),
                    None,
                )
            }
            Code::Routes => {
                let then = "the routes are served, or somebody says that they are there";
                by_hand("the routes of its tags are not among the resources".into(), then, format!("approve {id}"))
            }
            Code::Problem => {
                let texts: Vec<String> = self.waits.iter().map(|wait| wait.text.escape_debug().to_string()).collect();
                let texts = if texts.is_empty() { String::new() } else { format!(": {}", texts.join("; ")) };
                (
                    format!("the policy with its next step would not be good{texts}"),
                    "it goes on when the files are mended".into(),
                    None,
                )
            }
            Code::Window => {
                let opens = self.opens.map(|opens| format!(" at {opens:.0}")).unwrap_or_default();
                ("no window is open".into(), format!("it goes on when one opens{opens}"), None)
            }
            Code::Approval => {
                let next = self.next();
                let of = next.and_then(|next| self.steps.get(next));
                let (what, number) = match (next, of) {
                    (Some(next), Some(of)) => {
                        let what = format!("{} ({}) asks for a yes", step(next, self.steps.len()), share(of.share));
                        (what, format!(" --step {}", next + 1))
                    }
                    _ => ("the next step asks for a yes".to_owned(), String::new()),
                };
                by_hand(what, "somebody says yes", format!("approve {id}{number}"))
            }
            Code::Promotion => by_hand(
                "it has been through all its steps".into(),
                "stable is pointed at the new version, and somebody says so",
                format!("promote {id}"),
            ),
            Code::Unread => by_itself("the edges are being read".into()),
        }
    }

    /// The step that comes next, as far as the view knows.
    pub fn next(&self) -> Option<usize> {
        let next = self.step.map_or(0, |step| step.saturating_add(1));
        (next < self.steps.len()).then_some(next)
    }

    fn harm(&self, reason: &Reason) -> (String, String, Option<String>) {
        let (id, guardrail) = (&self.id, name(reason));
        let of = self.guardrail(reason);
        let bound = of.and_then(|of| Some((of.value?, of.above?)));
        let is_value = reason.arm.is_none();
        let arm = reason.arm.as_deref().unwrap_or("its value");
        let what = match (reason.code, bound) {
            (_, Some((value, above))) if is_value => {
                let lasts = of.and_then(|of| of.above_ms).map(|ms| format!(" for {}", time(ms))).unwrap_or_default();
                format!("guardrail {guardrail}: {} is above {}{lasts}", number(value), number(above))
            }
            (Code::Above, Some((value, above))) => {
                let (value, above) = (percent(value), percent(above));
                format!(
                    "guardrail {guardrail}: {value} of {arm}'s requests of the last five minutes are bad, above {above}"
                )
            }
            (Code::Harm, _) => {
                format!("guardrail {guardrail}: {arm} is worse than control{}", of.map(compared).unwrap_or_default())
            }
            _ => format!("guardrail {guardrail}: {arm} may be worse{}", of.map(compared).unwrap_or_default()),
        };
        if reason.code == Code::Suspected {
            let then =
                "it goes on when the suspicion ends by itself, or when a person has looked and says go on".to_owned();
            return (what, then, Some(format!("step {id} next --why TEXT")));
        }
        match of.map(|of| of.on_harm.as_str()) {
            Some("warn") => (what, "it is told, and holds nothing".into(), None),
            Some("hold") => (
                what,
                "no step goes past a harm: change on_harm in its document, or drop it".into(),
                Some(format!("abort {id}")),
            ),
            _ => (what, "it is rolled back".into(), None),
        }
    }

    fn deviation(&self, reason: &Reason) -> String {
        let of = self.verdict.as_ref().and_then(|verdict| {
            let deviations = &verdict.numbers.deviations;
            deviations.iter().find(|of| reason.arm.as_ref().is_none_or(|arm| *arm == of.arm || arm == "control"))
        });
        let Some(of) = of else { return "an arm has another part of the requests than planned".into() };
        let arm = if of.is_control { "control" } else { &of.arm };
        let word = if of.deviation < 0.0 { "fewer" } else { "more" };
        let off = percent((of.deviation.abs() * 1e4).round() / 1e4);
        let (had, control) = (count(of.requests), count(of.control));
        format!(
            "{arm} has {off} {word} requests than planned: {} has {had}, control {control}; part {} is furthest off",
            of.arm, of.part
        )
    }

    fn guardrail(&self, reason: &Reason) -> Option<&GuardrailNumbers> {
        let guardrails = &self.verdict.as_ref()?.numbers.guardrails;
        guardrails.iter().find(|of| Some(&of.name) == reason.guardrail.as_ref() && of.arm == reason.arm)
    }
}

/// What was compared.
fn compared(of: &GuardrailNumbers) -> String {
    let counts = |bad: Option<f64>, all: Option<f64>| Some((amount(bad?), amount(all?)));
    let e_of = |ln: Option<f64>| ln.map(e);
    let mut text = String::new();
    if let (Some((bad, all)), Some((control_bad, control_all))) =
        (counts(of.bad, of.all), counts(of.control_bad, of.control_all))
    {
        text += &format!(": {bad} of {all} requests are bad, of control {control_bad} of {control_all}");
    }
    if let (Some(suspected), Some(harm), Some(bound)) = (e_of(of.ln_e), e_of(of.ln_e_harm), e_of(of.ln_bound)) {
        text += &format!("; e {suspected}, for harm {harm}, bound {bound}");
    }
    text
}

fn number(number: f64) -> String {
    if number.fract() == 0.0 && number >= 0.0 { amount(number) } else { number.to_string() }
}

fn name(reason: &Reason) -> &str {
    reason.guardrail.as_deref().unwrap_or("?")
}

fn waits(wait: &Wait) -> Said {
    let ids = if wait.ids.is_empty() { String::new() } else { format!(" ({})", names(&wait.ids)) };
    let what = format!("{}{ids}", wait.text.escape_debug());
    Said { what, then: BY_ITSELF.to_owned(), command: None }
}

/// Why nothing can be concluded, in words.
pub fn inconclusive(why: Inconclusive) -> &'static str {
    match why {
        Inconclusive::Deviation => "an arm had another part of the requests than planned",
        Inconclusive::MaxHold => "it held longer than max_hold",
    }
}
