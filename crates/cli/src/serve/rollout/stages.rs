//! In which order a new policy reaches those that decide and those that follow, without I/O.
//!
//! What an edge stamps must be known in the mesh, or a user would meet the canary at the first hop and stable behind it. So
//! tags and routes that are new come to the mesh first, and tags that go leave the edges first. A change that does both
//! takes three steps, the first of which is a policy of its own: the edges' old one without the tags that go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_policy::model::{Experiment, Override};
use weir_policy::{Model, Revision};

use crate::load::Policy;
use crate::serve::deployment::{AttachedFilter, Deployment, Tier};

/// What is to stand, one after the other, from what stands now to what is wanted.
pub fn plan(now: &Deployment, wanted: &Deployment) -> Vec<Deployment> {
    let mut stages = Vec::new();
    if !changes_sides(now, wanted) {
        let (live, wanted_live) = (live(&now.edges.policy.model), live(&wanted.edges.policy.model));
        let gone: BTreeSet<&str> = live.keys().copied().filter(|tag| !wanted_live.contains_key(tag)).collect();
        let adds = is_more(&wanted.mesh, &now.mesh) || wanted.mesh.attachments != now.mesh.attachments;
        let mut step = now.clone();
        if !gone.is_empty() {
            step.edges = if adds { without(&now.edges, &gone) } else { wanted.edges.clone() };
            stages.push(step.clone());
        }
        if adds && step.edges != wanted.edges {
            (step.mesh, step.resources) = (wanted.mesh.clone(), wanted.resources.clone());
            stages.push(step);
        }
    }
    stages.push(wanted.clone());
    stages
}

/// Whether a step waits until everybody has answered what stands now: it lets edges stamp more or somewhere else, or the
/// mesh know less.
pub fn needs_acks(now: &Deployment, step: &Deployment) -> bool {
    let [stamped, stamped_now] = [step, now].map(|standing| stamped(&standing.edges.policy.model));
    !is_within(&stamped, &stamped_now)
        || step.edges.attachments != now.edges.attachments
        || is_more(&now.mesh, &step.mesh)
}

/// Whether all that changes is that something is switched off: nobody should wait for that.
pub fn only_switches_off(now: &Deployment, wanted: &Deployment) -> bool {
    let is_same = now.edges.attachments == wanted.edges.attachments
        && now.mesh.attachments == wanted.mesh.attachments
        && now.resources == wanted.resources;
    let switched_on = |side: &Tier| {
        let mut model = side.policy.model.clone();
        model.enabled = true;
        for layer in &mut model.layers {
            layer.enabled = true;
            layer.experiments.iter_mut().for_each(|experiment| experiment.enabled = true);
        }
        model
    };
    is_same && !is_more(&wanted.edges, &now.edges) && switched_on(&now.edges) == switched_on(&wanted.edges)
}

/// Whether an attachment that decides comes to follow, or the other way: in between there would be two for one filter.
fn changes_sides(now: &Deployment, wanted: &Deployment) -> bool {
    let is_one_filter =
        |one: &AttachedFilter, other: &AttachedFilter| one.name == other.name && one.nodes.overlap(&other.nodes);
    let meet = |one: &Tier, other: &Tier| {
        one.attachments.iter().any(|one| other.attachments.iter().any(|other| is_one_filter(one, other)))
    };
    meet(&now.edges, &wanted.mesh) || meet(&wanted.edges, &now.mesh)
}

type Routes = [(String, String)];

/// The tags in force and their routes.
fn live(model: &Model) -> BTreeMap<&str, &Routes> {
    let layers = model.layers.iter().filter(|layer| model.enabled && layer.enabled);
    let experiments = layers.flat_map(|layer| &layer.experiments).filter(|experiment| experiment.enabled);
    let variants = experiments.flat_map(|experiment| &experiment.variants);
    variants.map(|variant| (variant.env_tag.as_str(), variant.routes.as_slice())).collect()
}

/// Of these the tags that somebody can be given: by bucket, rule or override.
fn stamped(model: &Model) -> BTreeMap<&str, &Routes> {
    let mut stamped = live(model);
    for layer in &model.layers {
        for experiment in &layer.experiments {
            for variant in &experiment.variants {
                let ruled = experiment.rules.iter().any(|rule| rule.variant.as_ref() == Some(&variant.id));
                let this = BTreeSet::from([(experiment.id.clone(), variant.id.clone())]);
                let mut overrides = layer.overrides.iter().chain(&experiment.overrides);
                if variant.ranges.is_empty() && !ruled && !overrides.any(|one| forces(one, &this)) {
                    stamped.remove(variant.env_tag.as_str());
                }
            }
        }
    }
    stamped
}

/// Whether one has tags or routes in force that the other has not.
fn is_more(one: &Tier, other: &Tier) -> bool {
    !is_within(&live(&one.policy.model), &live(&other.policy.model))
}

fn is_within(one: &BTreeMap<&str, &Routes>, other: &BTreeMap<&str, &Routes>) -> bool {
    let has = |tag: &str, routes: &Routes| {
        other.get(tag).is_some_and(|known| routes.iter().all(|route| known.contains(route)))
    };
    one.iter().all(|(tag, routes)| has(tag, routes))
}

/// The policy with nobody dealt or forced to these tags any more. Everybody else stays where they are.
fn without(side: &Tier, tags: &BTreeSet<&str>) -> Tier {
    let mut model = side.policy.model.clone();
    for layer in &mut model.layers {
        let mut stopped: BTreeSet<(String, String)> = BTreeSet::new();
        for experiment in &mut layer.experiments {
            stop(experiment, tags, &mut stopped);
        }
        layer.overrides.retain(|one| !forces(one, &stopped));
    }
    let canonical = model.canonical();
    side.with(Arc::new(Policy { revision: Revision::of(&canonical), model, canonical }))
}

fn stop(experiment: &mut Experiment, tags: &BTreeSet<&str>, stopped: &mut BTreeSet<(String, String)>) {
    let goes = |tag: &str| tags.contains(tag);
    if experiment.variants.iter().all(|variant| goes(&variant.env_tag)) {
        experiment.enabled = false;
        return;
    }
    for variant in experiment.variants.iter_mut().filter(|variant| goes(&variant.env_tag)) {
        variant.ranges.clear();
        stopped.insert((experiment.id.clone(), variant.id.clone()));
    }
    let is_stopped = |variant: &String| stopped.contains(&(experiment.id.clone(), variant.clone()));
    experiment.rules.retain(|rule| !rule.variant.as_ref().is_some_and(is_stopped));
    experiment.overrides.retain(|one| !forces(one, stopped));
}

fn forces(one: &Override, stopped: &BTreeSet<(String, String)>) -> bool {
    match (&one.experiment, &one.variant) {
        (Some(experiment), Some(variant)) => stopped.contains(&(experiment.clone(), variant.clone())),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
