//! What is shown of a release in rows, the first of which has the names of the columns.

use weir_release::judge::GuardrailNumbers;

use crate::release::view::ReleaseView;
use crate::release::words::{amount, count, e, percent, share, time, word};

/// Each step.
pub fn of_steps(release: &ReleaseView) -> Vec<[String; 7]> {
    let mut rows = vec![["", "STEP", "SHARE", "HOLD", "REQUESTS", "YES", "BEGAN"].map(str::to_owned)];
    for (index, step) in release.steps.iter().enumerate() {
        let is_here = release.step == Some(index) && !release.is_over();
        let yes = match (step.approve, step.approved) {
            (_, true) => "given",
            (true, false) => "asked for",
            (false, false) => "-",
        };
        rows.push([
            if is_here { ">" } else { "" }.to_owned(),
            index.saturating_add(1).to_string(),
            share(step.share),
            time(step.hold_ms),
            count(step.requests),
            yes.to_owned(),
            step.begun.map_or_else(|| "-".to_owned(), |begun| format!("{begun:.0}")),
        ]);
    }
    rows
}

/// Each guardrail, and each arm where arms are compared.
pub fn of_guardrails(guardrails: &[GuardrailNumbers]) -> Vec<[String; 10]> {
    let head = ["GUARDRAIL", "ARM", "STATE", "BAD/ALL", "CONTROL", "E", "E FOR HARM", "BOUND", "D", "VALUE"];
    let mut rows = vec![head.map(str::to_owned)];
    for one in guardrails {
        let none = || "-".to_owned();
        let of_all = |bad: Option<f64>, all: Option<f64>| match (bad, all) {
            (Some(bad), Some(all)) => format!("{}/{}", amount(bad), amount(all)),
            _ => none(),
        };
        let shown: fn(f64) -> String = if one.arm.is_some() { percent } else { |value| value.to_string() };
        let value = match (one.value, one.above) {
            (Some(value), Some(above)) => format!("{}, bound {}", shown(value), shown(above)),
            (None, Some(above)) => format!("bound {}", shown(above)),
            _ => none(),
        };
        rows.push([
            one.name.clone(),
            one.arm.clone().unwrap_or_else(none),
            word(&one.state),
            of_all(one.bad, one.all),
            of_all(one.control_bad, one.control_all),
            one.ln_e.map_or_else(none, e),
            one.ln_e_harm.map_or_else(none, e),
            one.ln_bound.map_or_else(none, e),
            one.design_effect.map_or_else(none, |effect| format!("{effect:.2}")),
            value,
        ]);
    }
    rows
}
