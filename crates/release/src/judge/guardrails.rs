//! Guardrails: what each says of each arm. All are judged, whatever the first one says.

use weir_policy::evidence::{Outcome, PARTS};
use weir_stats::design::{self, Part};

use super::found::{Does, Found};
use super::stand::Stand;
use super::verdict::{Code, GuardrailNumbers, GuardrailState, Phase, Reason, WARN};
use crate::evidence::VariantCounts;
use crate::release::{Guardrail, Measure, OnHarm, Release};
use crate::running::{OfArm, OfGuardrail, Rate, Running, Trouble, milliseconds};
use crate::tally::planned;

/// Requests of the last five minutes from which on a rate is held against its bound.
const ABOVE_REQUESTS: f64 = 1_000.0;

/// Whether it compares arms.
pub(super) fn compares(guardrail: &Guardrail) -> bool {
    !matches!(guardrail.measure, Measure::Value { .. })
}

/// Whether it only tells.
pub(super) fn never_holds(guardrail: &Guardrail) -> bool {
    guardrail.on_harm == OnHarm::Warn
}

/// What all guardrails say. A suspicion that somebody passed counts again once the step has all that it asks for.
pub(super) fn judged(
    release: &Release,
    stand: &Stand,
    running: &Running,
    is_minimum: bool,
) -> (Vec<GuardrailNumbers>, Vec<Found>) {
    let is_passed = stand.passed && !is_minimum;
    let (mut numbers, mut found) = (Vec::new(), Vec::new());
    for guardrail in &release.guardrails {
        let arms = release.arms.iter().filter(|_| compares(guardrail)).map(|arm| Some(arm.id.as_str()));
        for arm in arms.chain((!compares(guardrail)).then_some(None)) {
            let look =
                Look { release, stand, running, guardrail, is_warming: running.times.is_warming(release.warmup) };
            let (one, codes) = match arm {
                Some(arm) => look.at_arm(arm),
                None => look.at_value(),
            };
            numbers.push(one);
            found.extend(codes.into_iter().map(|code| {
                let does = match (code, guardrail.on_harm) {
                    (_, OnHarm::Warn) => Does::Nothing,
                    (Code::Suspected, _) if is_passed => Does::Nothing,
                    (Code::Suspected, _) | (_, OnHarm::Hold) => Does::Holds(Phase::Suspected),
                    (_, OnHarm::Rollback) => Does::RollsBack,
                };
                let reason = Reason { code, guardrail: Some(guardrail.name.clone()), arm: arm.map(str::to_owned) };
                Found { reason, does }
            }));
        }
    }
    (numbers, found)
}

struct Look<'a> {
    release: &'a Release,
    stand: &'a Stand,
    running: &'a Running,
    guardrail: &'a Guardrail,
    is_warming: bool,
}

impl Look<'_> {
    fn at_arm(&self, arm: &str) -> (GuardrailNumbers, Vec<Code>) {
        let (margin, above) = match &self.guardrail.measure {
            Measure::Outcome { margin, above, .. } | Measure::Counts { margin, above, .. } => (*margin, *above),
            Measure::Value { .. } => (0.0, None),
        };
        let (none, nothing) = (OfArm::default(), OfGuardrail::default());
        let of_arm = self.running.arms.get(arm).unwrap_or(&none);
        let tally = of_arm.guardrails.get(&self.guardrail.name).unwrap_or(&nothing);

        let design_effect = self.design_effect(&of_arm.counted);
        let ln_bound = -self.guardrail.alpha.ln();
        let ln_e = tally.comparison.ln_e_suspected(margin);
        let ln_e_harm = tally.comparison.ln_e_harm(margin, design_effect);
        let has_control = planned(self.release, self.stand.step).is_some();
        let rate = above.and_then(|_| rate(tally.recent.came()));

        let is_harm = !self.is_warming && ln_e_harm >= ln_bound;
        let is_above = !self.is_warming && above.zip(rate).is_some_and(|(above, rate)| rate > above);
        // What was suspected before is so at 100% too: a person looks before it is finished.
        let is_suspected = ln_e >= ln_bound;
        let seen = tally.comparison.seen();
        let state = if is_harm || is_above {
            GuardrailState::Harm
        } else if is_suspected {
            GuardrailState::Suspected
        } else if !has_control && self.stand.share(self.release) > 0 {
            GuardrailState::NoControl
        } else if seen.all == 0.0 {
            GuardrailState::Unknown
        } else {
            GuardrailState::Good
        };
        let codes = [(is_harm, Code::Harm), (is_above, Code::Above), (is_suspected, Code::Suspected)];
        let numbers = GuardrailNumbers {
            arm: Some(arm.to_owned()),
            ln_e: Some(ln_e),
            ln_e_harm: Some(ln_e_harm),
            design_effect: Some(design_effect),
            ln_bound: Some(ln_bound),
            bad: Some(seen.bad),
            all: Some(seen.all),
            control_bad: Some(seen.control_bad),
            control_all: Some(seen.control_all),
            value: rate,
            above,
            ..self.numbers(state)
        };
        (numbers, codes.into_iter().filter(|(is, _)| *is).map(|(_, code)| code).collect())
    }

    fn at_value(&self) -> (GuardrailNumbers, Vec<Code>) {
        let Measure::Value { above, lasts, .. } = self.guardrail.measure else {
            return (self.numbers(GuardrailState::Unknown), Vec::new());
        };
        let run = self.running.asked.get(&self.guardrail.name).map(|asked| (asked.run, asked.at));
        let value = run.and_then(|(run, at)| run.value(at));
        let above_ms = run.and_then(|(run, _)| run.lasts());
        let is_harm = !self.is_warming && above_ms.is_some_and(|ms| ms >= milliseconds(lasts));
        let state = match value {
            _ if is_harm => GuardrailState::Harm,
            None => GuardrailState::Unknown,
            Some(_) => GuardrailState::Good,
        };
        let codes = is_harm.then_some(Code::ValueAbove).into_iter().collect();
        (GuardrailNumbers { value, above: Some(above), above_ms, ..self.numbers(state) }, codes)
    }

    /// How many requests count for one: as parts show it, and where they do not as the document says.
    fn design_effect(&self, counted: &[VariantCounts; 2]) -> f64 {
        let known = match self.guardrail.measure {
            Measure::Outcome { outcome, .. } => {
                let parts = counted.each_ref().map(|counts| parts(counts, outcome));
                design::effect(parts.iter().map(|arm| &arm[..]))
            }
            Measure::Counts { .. } | Measure::Value { .. } => None,
        };
        known.unwrap_or_else(|| f64::from(self.release.design_effect.max(1)))
    }

    fn numbers(&self, state: GuardrailState) -> GuardrailNumbers {
        let trouble = self.running.asked.get(&self.guardrail.name).and_then(|asked| asked.trouble.clone());
        let on_harm = match self.guardrail.on_harm {
            OnHarm::Rollback => "rollback",
            OnHarm::Hold => "hold",
            OnHarm::Warn => WARN,
        };
        GuardrailNumbers {
            name: self.guardrail.name.clone(),
            arm: None,
            on_harm: on_harm.to_owned(),
            state,
            ln_e: None,
            ln_e_harm: None,
            design_effect: None,
            ln_bound: None,
            bad: None,
            all: None,
            control_bad: None,
            control_all: None,
            value: None,
            above: None,
            above_ms: None,
            trouble: trouble.map(|(Trouble::Unreachable(why) | Trouble::Nothing(why))| why),
        }
    }
}

/// The rate of what came; none of too few requests.
fn rate<'a>(came: impl Iterator<Item = &'a Rate>) -> Option<f64> {
    let (bad, all) = came.fold((0.0, 0.0), |(bad, all), rate| (bad + rate.bad, all + rate.all));
    (all >= ABOVE_REQUESTS).then(|| bad / all)
}

fn parts(counts: &VariantCounts, outcome: Outcome) -> [Part; PARTS as usize] {
    let (mut parts, bad) = ([Part::default(); PARTS as usize], counts.by_part(outcome));
    for ((part, n), x) in parts.iter_mut().zip(counts.by_part(Outcome::All)).zip(bad) {
        *part = Part { x: x as f64, n: n as f64 };
    }
    parts
}
