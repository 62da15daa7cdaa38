//! What is shown of releases to whoever looks: the state after the last tick, and what was judged in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;
use weir_release::Release;
use weir_release::judge::{GuardrailNumbers, Verdict};
use weir_release::state::State;

use crate::release::seen::Seen;
use crate::release::told::Told;

/// The releases for all that look at them.
pub type SharedReleases = Arc<watch::Sender<Shown>>;

/// The releases after a tick.
#[derive(Default)]
pub struct Shown {
    /// What the journal's lines come to.
    pub state: State,
    /// What they tell beyond that.
    pub told: Told,
    /// What was judged, by release.
    pub verdicts: BTreeMap<String, Verdict>,
    /// When; none where there are no releases.
    pub judged: Option<Timestamp>,
}

impl Shown {
    /// All of them, as `/releases` answers; none where the server has no releases.
    pub fn all(&self) -> Option<String> {
        self.judged.map(|_| json!(self.seen().releases()).to_string() + "\n")
    }

    /// One of them, as `/releases/ID` answers; none if nobody knows its id.
    pub fn one(&self, id: &str) -> Option<String> {
        self.seen().release(id).map(|release| json!(release).to_string() + "\n")
    }

    fn seen(&self) -> Seen<'_> {
        let Shown { state, told, verdicts, judged } = self;
        Seen { state, told, verdicts, judged: *judged, now: Timestamp::now() }
    }

    /// The documents of those that run.
    pub fn running(&self) -> Vec<Release> {
        let running = self.state.entries().values().filter(|entry| entry.ramp.is_some());
        running.map(|entry| entry.document.release.clone()).collect()
    }

    /// All metrics in the text format; none where there are no releases.
    pub fn metrics(&self) -> String {
        let Some(judged) = self.judged else { return String::new() };
        let mut text = Text::default();
        text.family("weir_serve_releases_judged_seconds", "When releases were judged last, in seconds since 1970.");
        text.sample("", judged.as_second() as f64);
        let ids = || self.state.entries().keys().chain(self.state.over().keys());
        text.family("weir_serve_release_state", "What a release is.");
        for (id, state) in ids().filter_map(|id| Some((id, self.state.lifecycle(id)?))) {
            text.sample(&format!("release=\"{id}\",state=\"{}\"", state.name()), 1.0);
        }
        text.family("weir_serve_release_phase", "The phase of a running release.");
        for (id, verdict) in &self.verdicts {
            text.sample(&format!("release=\"{id}\",phase=\"{}\"", word(&verdict.phase)), 1.0);
        }
        let running = || {
            let entries = self.state.entries().iter();
            entries.filter_map(|(id, entry)| Some((id, &entry.document.release, entry.ramp.as_ref()?.step)))
        };
        text.family("weir_serve_release_step", "The step of a running release, the first being 0, -1 before it.");
        for (id, _, step) in running() {
            text.sample(&format!("release=\"{id}\""), step.map_or(-1.0, |step| step as f64));
        }
        text.family("weir_serve_release_share", "What its arms without control get together, from 0 to 1.");
        for (id, release, step) in running() {
            let share = step.and_then(|step| release.steps.get(step)).map_or(0, |step| step.share);
            text.sample(&format!("release=\"{id}\""), f64::from(share) / 1e6);
        }
        text.family("weir_serve_release_unreached", "Envoys that have not answered that a release is over.");
        for (id, over) in self.state.over().iter().filter(|(_, over)| over.push.is_some()) {
            text.sample(&format!("release=\"{id}\""), over.unreached.len() as f64);
        }
        type Number = fn(&GuardrailNumbers) -> Option<f64>;
        let numbers: [(&str, &str, Number); 4] = [
            ("e", "The evidence that a guardrail is broken; suspected from the bound on.", |one| {
                one.ln_e.map(f64::exp)
            }),
            ("e_harm", "The same divided by the design effect; harm from the bound on.", |one| {
                one.ln_e_harm.map(f64::exp)
            }),
            ("design_effect", "How many requests count for one.", |one| one.design_effect),
            ("bound", "1 divided by alpha.", |one| one.ln_bound.map(f64::exp)),
        ];
        for (name, help, number) in numbers {
            text.family(&format!("weir_serve_release_{name}"), help);
            for (id, verdict) in &self.verdicts {
                for one in &verdict.numbers.guardrails {
                    let Some(number) = number(one) else { continue };
                    let arm = one.arm.as_deref().unwrap_or_default();
                    text.sample(&format!("release=\"{id}\",guardrail=\"{}\",arm=\"{arm}\"", one.name), number);
                }
            }
        }
        text.0
    }
}

/// Metrics as Prometheus reads them, all of them gauges. Ids and names need no escapes.
#[derive(Default)]
struct Text(String, String);

impl Text {
    fn family(&mut self, name: &str, help: &str) {
        // Writing to memory cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        name.clone_into(&mut self.1);
    }

    fn sample(&mut self, labels: &str, value: f64) {
        let name = &self.1;
        let _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }
}

/// A word as it stands in JSON.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_are_no_releases_there_are_no_metrics_of_them() {
        assert_eq!(Shown::default().metrics(), "");
        let shown = Shown { judged: Some(Timestamp::UNIX_EPOCH), ..Shown::default() };
        assert!(shown.metrics().contains("\nweir_serve_releases_judged_seconds 0\n"), "{}", shown.metrics());
        assert_eq!(shown.running(), []);
    }
}
