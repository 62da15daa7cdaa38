//! The judge that decides on releases, poll by poll.

use std::collections::BTreeMap;
use std::time::Duration;

use weir_release::evidence::{Counts as Counted, Evidence, VariantCounts};
use weir_release::judge::{Code, GuardrailState, Stand, Verdict as Judged};
use weir_release::{Answer, Measure, Queries, Release, Running, Tick, Totals, judge};

use crate::counts::{Counts, Parts};
use crate::judge::{Judge, Look, Verdict};

/// A release before its judge: what that has heard, and where the release stands.
#[derive(Clone, Debug)]
pub struct Weir {
    release: Release,
    every: Duration,
    stand: Stand,
    running: Running,
    /// Of each arm, as counters that queries ask for: errors are what is bad.
    counters: BTreeMap<String, Totals>,
}

impl Weir {
    /// Nothing was heard yet of this release, which is polled so often.
    pub fn new(release: &Release, every: Duration) -> Weir {
        let (stand, running) = (Stand::default(), Running::default());
        Weir { release: release.clone(), every, stand, running, counters: BTreeMap::new() }
    }

    /// What it says after one more poll. Each step is pushed at once, and answered by all.
    pub(crate) fn hear(&mut self, look: &Look) -> Judged {
        if self.stand.step != Some(look.step) {
            self.stand = Stand { step: Some(look.step), push: self.stand.push + 1, ..Stand::default() };
        }
        let counted = look.arms.iter().zip(look.counted).map(|(arm, parts)| (arm.clone(), counts(parts)));
        let counts = Counted::of_experiment(&self.release.id, counted);
        let poll = Some(vec![Evidence { mark: Some(self.stand.push.to_string()), counts }]);
        let (answered, queries) = (self.stand.push, self.queries(look));
        let tick = Tick { every: self.every, since: Some(self.every), answered, poll, queries, ..Tick::default() };
        self.running.observe(&self.release, self.stand.step, self.stand.push, &tick);
        let verdict = judge(&self.release, &self.stand, &self.running, tick.now);
        self.running.judged(&verdict);
        self.stand.inconclusive = verdict.inconclusive;
        verdict
    }

    /// How many guardrails its release has.
    pub(crate) fn guardrails(&self) -> usize {
        self.release.guardrails.len()
    }

    /// What each of its guardrails says after one more poll, as if it were the only one.
    pub(crate) fn look_by_each(&mut self, look: &Look) -> Vec<Verdict> {
        let said = self.hear(look).numbers.guardrails.into_iter().map(|guardrail| match guardrail.state {
            GuardrailState::Harm => Verdict::Stop,
            GuardrailState::Suspected => Verdict::Halt,
            GuardrailState::Unknown | GuardrailState::NoControl | GuardrailState::Good => Verdict::Go,
        });
        said.collect()
    }

    /// What guardrails that ask for counters are answered.
    fn queries(&mut self, look: &Look) -> Queries {
        let asks = self.release.guardrails.iter().filter(|one| matches!(one.measure, Measure::Counts { .. }));
        let names: Vec<&String> = asks.map(|one| &one.name).collect();
        if names.is_empty() {
            return Queries::default();
        }
        for (arm, parts) in look.arms.iter().zip(look.counted) {
            let (totals, sum) = (self.counters.entry(arm.clone()).or_default(), Counts::sum(parts));
            totals.bad = Some(totals.bad.unwrap_or_default() + sum.errors);
            totals.all = Some(totals.all.unwrap_or_default() + sum.all);
        }
        let answers = names.into_iter().map(|name| (name.clone(), Answer::Counts(self.counters.clone()))).collect();
        Queries { of: [(self.release.id.clone(), answers)].into() }
    }
}

/// As one of several that look at the same requests: what its guardrails say.
impl Judge for Weir {
    fn look(&mut self, look: &Look) -> Verdict {
        let verdict = self.hear(look);
        if verdict.shows_harm() {
            Verdict::Stop
        } else if suspects(&verdict) {
            Verdict::Halt
        } else {
            Verdict::Go
        }
    }
}

/// Whether a guardrail suspects the release.
pub(crate) fn suspects(verdict: &Judged) -> bool {
    verdict.reasons.iter().any(|reason| reason.code == Code::Suspected)
}

fn counts(parts: &Parts) -> VariantCounts {
    VariantCounts::new(|outcome, part| parts.get(part).map_or(0, |counts| counts.of(outcome) as u64))
}

#[cfg(test)]
mod tests;
