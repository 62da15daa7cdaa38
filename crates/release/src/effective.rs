//! The effective policy: what people wrote, and what releases in force add to it. A pure function, and what comes of it is
//! checked as a whole by the checker of policies.

use weir_policy::written::{Experiment, Layer, Policy, Variant};
use weir_policy::{Range, SourceId};

use crate::journal::Trouble;
use crate::pool;
use crate::release::Release;

/// A release in force: one that runs, or that is over and is kept off for as long as an Envoy may not know it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InForce<'a> {
    /// What its document means.
    pub release: &'a Release,
    /// What it owns of its unit's pool; nothing once it is off.
    pub slots: &'a [Range],
    /// How far it is.
    pub stage: Stage,
}

/// How far a release in force is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its tags and routes are told, and nobody is dealt or forced.
    Announced,
    /// This step has begun.
    Step(usize),
    /// Everybody is stable, and its tags are still known.
    Off,
}

/// The documents that take effect: those of people, whose holdouts hold for releases that name them, and one that has a layer of
/// each release in force. Problems of it point to `source`. Without releases it is what people wrote.
pub fn effective(written: &[Policy], in_force: &[InForce<'_>], source: SourceId) -> Vec<Policy> {
    let mut documents = written.to_vec();
    if in_force.is_empty() {
        return documents;
    }
    for holdout in documents.iter_mut().flat_map(|document| &mut document.holdouts) {
        let Some(id) = &holdout.id else { continue };
        let held_out = in_force.iter().filter(|one| one.release.holdouts.contains(id));
        let layers = holdout.layers.get_or_insert_default();
        for layer in held_out.map(|one| &one.release.id) {
            if !layers.contains(layer) {
                layers.push(layer.clone());
            }
        }
    }
    documents.push(Policy { source, layers: in_force.iter().map(layer).collect(), ..Policy::default() });
    documents
}

/// Holdouts that releases in force name and people's documents lack: to deal who is held out would be the opposite of asked for.
pub fn missing_holdouts(written: &[Policy], in_force: &[InForce<'_>]) -> Vec<Trouble> {
    let known: Vec<&str> =
        written.iter().flat_map(|policy| &policy.holdouts).filter_map(|holdout| holdout.id.as_deref()).collect();
    let dealing = in_force.iter().filter(|one| one.stage != Stage::Off);
    let named = dealing.flat_map(|one| one.release.holdouts.iter().map(move |holdout| (&one.release.id, holdout)));
    let missing = named.filter(|(_, holdout)| !known.contains(&holdout.as_str()));
    let trouble = |(id, holdout): (&String, &String)| {
        Trouble::new("unknown_holdout", format!("release {id} is held out by {holdout}, and no holdout is called so"))
    };
    missing.map(trouble).collect()
}

/// Documents with everything off that is off in others, however bad these are: the kill switches of people stand above all.
pub fn with_kill_switches(documents: &[Policy], of: &[Policy]) -> Vec<Policy> {
    let mut documents = documents.to_vec();
    let is_off = |enabled: Option<bool>| enabled == Some(false);
    if of.iter().any(|policy| is_off(policy.enabled))
        && let Some(first) = documents.first_mut()
    {
        first.enabled = Some(false);
    }
    let layers_off: Vec<&Layer> =
        of.iter().flat_map(|policy| &policy.layers).filter(|one| is_off(one.enabled)).collect();
    let experiments = of.iter().flat_map(|policy| &policy.layers).flat_map(|layer| &layer.experiments);
    let experiments_off: Vec<&Experiment> = experiments.filter(|one| is_off(one.enabled)).collect();
    for layer in documents.iter_mut().flat_map(|document| &mut document.layers) {
        if layers_off.iter().any(|off| off.id.is_some() && off.id == layer.id) {
            layer.enabled = Some(false);
        }
        for experiment in &mut layer.experiments {
            if experiments_off.iter().any(|off| off.id.is_some() && off.id == experiment.id) {
                experiment.enabled = Some(false);
            }
        }
    }
    documents
}

fn layer(one: &InForce<'_>) -> Layer {
    let release = one.release;
    Layer {
        id: Some(release.id.clone()),
        unit: Some(release.unit.clone()),
        line: Some(pool::line(&release.unit)),
        experiments: vec![experiment(one)],
        ..Layer::default()
    }
}

fn experiment(one: &InForce<'_>) -> Experiment {
    let InForce { release, slots, stage } = one;
    let has_begun = matches!(stage, Stage::Step(_));
    let slots = if *stage == Stage::Off { &[] } else { *slots };
    Experiment {
        id: Some(release.id.clone()),
        enabled: (*stage == Stage::Off).then_some(false),
        kind: release.kind,
        services: Some(release.services.clone()),
        slots: Some(slots.iter().map(pair).collect()),
        overrides: if has_begun { release.overrides.clone() } else { Vec::new() },
        rules: if has_begun { release.rules.clone() } else { Vec::new() },
        targeting: release.targeting.clone(),
        variants: variants(release, *stage),
        ..Experiment::default()
    }
}

fn variants(release: &Release, stage: Stage) -> Vec<Variant> {
    let step = match stage {
        Stage::Step(step) => release.steps.get(step),
        Stage::Announced | Stage::Off => None,
    };
    let variant = |(id, ranges): (&str, Vec<Range>)| {
        let arm = release.arms.iter().find(|arm| arm.id == id);
        Variant {
            id: Some(id.to_owned()),
            ranges: (!ranges.is_empty()).then(|| ranges.iter().map(pair).collect()),
            env_tag: arm.map(|arm| arm.env_tag.clone()),
            routes: arm.map(|arm| arm.routes.clone()).unwrap_or_default(),
            ..Variant::default()
        }
    };
    release.shares(step.map_or(0, |step| step.share)).into_iter().map(variant).collect()
}

fn pair(range: &Range) -> (i64, i64) {
    (range.start.into(), range.end.into())
}

#[cfg(test)]
mod tests;
