//! How many requests counted for one, as releases before had it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use weir_release::journal::Event;
use weir_release::judge::{GuardrailNumbers, judge};
use weir_release::state::State;

use crate::problems::Failure;
use crate::state_dir::StateDir;

/// Bad requests of both arms from which on parts tell the design effect.
const BAD_MIN: f64 = weir_stats::design::EVENTS_MIN;

/// The fold of the journal in the state folder of a server, and the design effects that are known there by the name of the guardrail: those of
/// the last verdict that has one, and of the record of evidence, which is newer.
pub fn read(folder: &Path) -> Result<(State, BTreeMap<String, f64>), Failure> {
    let folder = StateDir::existing(folder)?;
    let (mut state, mut measured) = (State::default(), BTreeMap::new());
    folder.read_journal(|text| {
        let line = state.read_line(text).map_err(|broken| broken.to_string())?;
        if let Some(Event::Verdict { verdict, .. }) = line.map(|line| line.event) {
            measured.extend(effects(&verdict.numbers.guardrails));
        }
        Ok(())
    })?;
    if let Some((_, memory)) = folder.evidence()? {
        for (id, running) in &memory.running {
            let Some((entry, stand)) = state.entries().get(id).zip(state.stand(id)) else { continue };
            let verdict = judge(&entry.document.release, &stand, running, Timestamp::now());
            measured.extend(effects(&verdict.numbers.guardrails));
        }
    }
    Ok((state, measured))
}

/// Of an arm of several the greatest.
fn effects(guardrails: &[GuardrailNumbers]) -> BTreeMap<String, f64> {
    let mut effects: BTreeMap<String, f64> = BTreeMap::new();
    for one in guardrails {
        let bad = one.bad.unwrap_or_default() + one.control_bad.unwrap_or_default();
        if let Some(effect) = one.design_effect.filter(|_| bad >= BAD_MIN) {
            let most = effects.entry(one.name.clone()).or_insert(1.0);
            *most = most.max(effect);
        }
    }
    effects
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_greatest_effect_of_arms_counts_where_enough_was_bad() {
        let of = |name: &str, bad: f64, effect: f64| json!({"name": name, "on_harm": "rollback", "state": "good", "bad": bad, "control_bad": 4.0, "design_effect": effect});
        let guardrails = json!([of("errors", 6.0, 2.5), of("errors", 9.0, 1.5), of("slow", 5.0, 7.0)]);
        let guardrails: Vec<GuardrailNumbers> = serde_json::from_value(guardrails).unwrap();
        assert_eq!(effects(&guardrails), BTreeMap::from([("errors".to_owned(), 2.5)]));
    }
}
