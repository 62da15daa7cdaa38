//! The stages of a rollout: in which order a target reaches edges and the mesh, and how carefully each stage goes, without
//! I/O.
//!
//! What an edge stamps must be known in the mesh, or a user would meet the canary at the first hop and stable behind it. So
//! tags and routes that are new come to the mesh first, and tags that go leave the edges first. A change that does both
//! takes three stages, the first of which is a policy of its own: the edges' old one without the tags that go. And what is
//! switched off leaves the edges before anything else, whatever comes with it: nobody should wait for that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_policy::model::{Experiment, Layer, Override, RouteTarget};
use weir_policy::{Checked, Model};

use crate::serve::deployment::{AttachedFilter, Deployment, Tier};
use crate::serve::desired::Target;
use crate::state_dir::Cause;

/// A step of a rollout.
#[derive(Clone)]
pub struct Stage {
    /// What edges and the mesh have from then on.
    pub deployment: Deployment,
    /// Whether it goes to all at once, without canary nodes: it only switches something off, or it is of a target that does,
    /// or of a rollback.
    pub urgent: bool,
    /// Whether it waits until everybody has answered the stage before: it lets edges stamp more or somewhere else, or the
    /// mesh know less.
    pub needs_acks: bool,
    /// The part of the nodes that have it first, in percent.
    pub canaries: Option<u32>,
}

/// The stages from what is deployed to a target, the last of which is the target itself.
pub fn stages(now: &Deployment, target: &Target, canary_nodes: Option<u32>) -> Vec<Stage> {
    let wanted = &target.deployment;
    let is_urgent = target.cause == Cause::Rollback && !is_of_releases(now, wanted) || only_switches_off(now, wanted);
    let mut before = now.clone();
    let mut stages = Vec::new();
    let mut add = |deployment: Deployment, urgent: bool| {
        let needs_acks = needs_acks(&before, &deployment);
        let canaries = canary_nodes.filter(|_| !urgent && deployment != before);
        before = deployment.clone();
        stages.push(Stage { deployment, urgent, needs_acks, canaries });
    };
    let mut first = now.clone();
    let off = switched_off(&now.edges.policy.model, &wanted.edges.policy.model);
    if !off.is_empty() && !only_switches_off(now, wanted) {
        first.edges = without(&now.edges, &off);
        add(first.clone(), true);
    }
    order(&first, wanted).into_iter().for_each(|deployment| add(deployment, is_urgent));
    stages
}

/// What is deployed, one after the other, from now on to what is wanted.
fn order(now: &Deployment, wanted: &Deployment) -> Vec<Deployment> {
    let mut steps = Vec::new();
    if !changes_tiers(now, wanted) {
        let (live, wanted_live) = (live(&now.edges.policy.model), live(&wanted.edges.policy.model));
        let gone: BTreeSet<&str> = live.keys().copied().filter(|tag| !wanted_live.contains_key(tag)).collect();
        let adds = is_more(&wanted.mesh, &now.mesh) || wanted.mesh.filters != now.mesh.filters;
        let mut step = now.clone();
        if !gone.is_empty() {
            step.edges = if adds { without(&now.edges, &gone) } else { wanted.edges.clone() };
            steps.push(step.clone());
        }
        if adds && step.edges != wanted.edges {
            (step.mesh, step.resources) = (wanted.mesh.clone(), wanted.resources.clone());
            steps.push(step);
        }
    }
    steps.push(wanted.clone());
    steps
}

fn needs_acks(before: &Deployment, step: &Deployment) -> bool {
    let [stamped, stamped_before] = [step, before].map(|deployment| stamped(&deployment.edges.policy.model));
    !is_within(&stamped, &stamped_before)
        || step.edges.filters != before.edges.filters
        || is_more(&before.mesh, &step.mesh)
}

/// Whether people's policy stays, and releases change what they add to it: steps of them go on where a rollback stands.
fn is_of_releases(now: &Deployment, wanted: &Deployment) -> bool {
    now.written.revision == wanted.written.revision && now.pushed() != wanted.pushed()
}

/// Whether all that changes at edges is that something is switched off, be it that an experiment loses by that what it dealt
/// and forced, as a release does that is rolled back.
fn only_switches_off(now: &Deployment, wanted: &Deployment) -> bool {
    let is_same = now.edges.filters == wanted.edges.filters
        && now.mesh.filters == wanted.mesh.filters
        && now.resources == wanted.resources;
    let [model, wanted_model] = [now, wanted].map(|deployment| &deployment.edges.policy.model);
    let off = wanted_model.layers.iter().flat_map(|layer| &layer.experiments).filter(|one| !one.enabled);
    let off: BTreeSet<&str> = off.map(|one| one.id.as_str()).collect();
    is_same && !is_more(&wanted.edges, &now.edges) && switched_on(model, &off) == switched_on(wanted_model, &off)
}

/// A model with everything on, and without what experiments deal and force that are off.
fn switched_on(model: &Model, off: &BTreeSet<&str>) -> Model {
    let mut model = model.clone();
    model.enabled = true;
    let mut idle: BTreeSet<String> = BTreeSet::new();
    for layer in &mut model.layers {
        layer.enabled = true;
        if layer.experiments.iter().all(|experiment| off.contains(experiment.id.as_str())) {
            idle.insert(layer.id.clone());
        }
        for experiment in &mut layer.experiments {
            experiment.enabled = true;
            if off.contains(experiment.id.as_str()) {
                experiment.slots.clear();
                experiment.overrides.clear();
                experiment.rules.clear();
                experiment.audiences.clear();
                experiment.variants.iter_mut().for_each(|variant| variant.ranges.clear());
            }
        }
    }
    // Nobody needs to be kept from a layer in which everything is off.
    model.holdouts.iter_mut().for_each(|holdout| holdout.layers.retain(|layer| !idle.contains(layer)));
    model
}

/// Tags in force of experiments that are still there, and switched off.
fn switched_off<'a>(model: &'a Model, wanted: &Model) -> BTreeSet<&'a str> {
    let experiments = wanted.layers.iter().flat_map(|layer| layer.experiments.iter().map(move |one| (layer, one)));
    let is_off = |(layer, one): &(&Layer, &Experiment)| !(wanted.enabled && layer.enabled && one.enabled);
    let off: BTreeSet<&str> = experiments.filter(is_off).map(|(_, one)| one.id.as_str()).collect();
    let layers = model.layers.iter().filter(|layer| model.enabled && layer.enabled);
    let experiments = layers.flat_map(|layer| &layer.experiments).filter(|one| one.enabled);
    let experiments = experiments.filter(|one| off.contains(one.id.as_str()));
    experiments.flat_map(|one| &one.variants).map(|variant| variant.env_tag.as_str()).collect()
}

/// Whether an attachment that decides comes to follow, or the other way: in between there would be two for one filter.
fn changes_tiers(now: &Deployment, wanted: &Deployment) -> bool {
    let is_one_filter =
        |one: &AttachedFilter, other: &AttachedFilter| one.name == other.name && one.nodes.overlap(&other.nodes);
    let meet = |one: &Tier, other: &Tier| {
        one.filters.iter().any(|one| other.filters.iter().any(|other| is_one_filter(one, other)))
    };
    meet(&now.edges, &wanted.mesh) || meet(&wanted.edges, &now.mesh)
}

type Routes = [(String, RouteTarget)];

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
                let mut audiences = experiment.audiences.iter().flat_map(|audience| &audience.ranges);
                let dealt = !variant.ranges.is_empty() || audiences.any(|(arm, _)| *arm == variant.id);
                if !dealt && !ruled && !overrides.any(|one| forces(one, &this)) {
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
fn without(tier: &Tier, tags: &BTreeSet<&str>) -> Tier {
    let mut model = tier.policy.model.clone();
    for layer in &mut model.layers {
        let mut stopped: BTreeSet<(String, String)> = BTreeSet::new();
        for experiment in &mut layer.experiments {
            stop(experiment, tags, &mut stopped);
        }
        layer.overrides.retain(|one| !forces(one, &stopped));
    }
    tier.with(Arc::new(Checked::from(model)), tier.push)
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
    for audience in &mut experiment.audiences {
        audience.ranges.retain(|(arm, _)| !is_stopped(arm));
    }
}

fn forces(one: &Override, stopped: &BTreeSet<(String, String)>) -> bool {
    match (&one.experiment, &one.variant) {
        (Some(experiment), Some(variant)) => stopped.contains(&(experiment.clone(), variant.clone())),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
