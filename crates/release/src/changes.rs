//! What may change of a release in force.

use crate::codes;
use crate::journal::Trouble;
use crate::release::Release;

/// What of a document in force may not be another, while a step has begun or none has.
pub fn changes(before: &Release, after: &Release, begun: Option<usize>) -> Vec<Trouble> {
    let steps = begun.map_or(0, |begun| begun.saturating_add(1));
    let guardrails = |release: &Release| {
        let each = release.guardrails.iter();
        each.map(|one| (one.name.clone(), one.measure.clone())).collect::<Vec<_>>()
    };
    let checks = [
        ("kind", before.kind != after.kind),
        ("unit", before.unit != after.unit),
        ("arms", before.arms != after.arms),
        ("control", before.has_control != after.has_control),
        ("services", before.services != after.services),
        ("traffic", before.traffic != after.traffic),
        ("targeting", before.targeting != after.targeting),
        ("holdouts", before.holdouts != after.holdouts),
        ("a step that has begun", before.steps.get(..steps) != after.steps.get(..steps)),
        ("warmup", before.warmup != after.warmup),
        ("guardrails", guardrails(before) != guardrails(after)),
        ("design_effect", before.design_effect != after.design_effect),
    ];
    let changed = checks.into_iter().filter(|(_, is_other)| *is_other);
    let trouble = |(field, _)| {
        let text = format!("{field} cannot change in force; give what changed a new id");
        Trouble::new(codes::NEW_ID_NEEDED.name(), text)
    };
    changed.map(trouble).collect()
}

impl Release {
    /// The same with the chances that were fixed when it started.
    pub fn keeping_alphas_of(&self, started: &Release) -> Release {
        let mut kept = self.clone();
        for (guardrail, started) in kept.guardrails.iter_mut().zip(&started.guardrails) {
            guardrail.alpha = started.alpha;
        }
        kept
    }
}
