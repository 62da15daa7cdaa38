//! Targeting, rules and overrides of releases, which are those of a policy and are checked by its checker: each release takes
//! the place of a layer with one experiment beside the units, lists and conditions that the policy has.

use weir_policy::written::{self as policy, Policy, Variant};
use weir_policy::{At, Path, Problem, Problems, Role, codes as document};

use crate::release::{CANARY, CONTROL};
use crate::written::Release;

/// Reports what the policy's checker says of what a release has in common with an experiment, where it stands in the release.
pub fn check(releases: &[&Release], policy: Option<&[Policy]>, problems: &mut Problems) {
    let mut documents: Vec<Policy> = policy.unwrap_or_default().iter().map(without_layers).collect();
    if documents.is_empty() {
        // What is said of the policy as a whole is said of its first document.
        documents.push(Policy::default());
    }
    documents.extend(releases.iter().enumerate().map(|(i, release)| in_place(release, i)));
    let found = weir_policy::check(&documents, Role::Edge).err().unwrap_or_default();
    for problem in found {
        let Some(release) = releases.iter().find(|release| release.source == problem.source) else { continue };
        if policy.is_none()
            && [document::UNKNOWN_UNIT, document::UNKNOWN_LIST, document::UNKNOWN_CONDITION].contains(&problem.code)
        {
            continue;
        }
        // Of a test whose arms are not known nobody can say which it has.
        if problem.code == document::UNKNOWN_VARIANT && arms(release).is_empty() {
            continue;
        }
        problems.extend(moved(problem));
    }
}

fn without_layers(policy: &Policy) -> Policy {
    Policy {
        source: policy.source,
        units: policy.units.clone(),
        lists: policy.lists.clone(),
        conditions: policy.conditions.clone(),
        env_tag: policy.env_tag.clone(),
        ..Policy::default()
    }
}

/// The layer and experiment that take a release's place. Their names, which nobody sees, are apart from all others.
fn in_place(release: &Release, i: usize) -> Policy {
    let variant = |(arm, id): (usize, &str)| Variant {
        id: Some(id.to_owned()),
        env_tag: Some(format!("{i}.{arm}")),
        ..Variant::default()
    };
    let experiment = policy::Experiment {
        id: Some(i.to_string()),
        slots: Some(Vec::new()),
        overrides: release.overrides.clone(),
        rules: release.rules.clone(),
        targeting: release.targeting.clone(),
        variants: arms(release).into_iter().enumerate().map(variant).collect(),
        ..policy::Experiment::default()
    };
    let layer = policy::Layer {
        id: Some(i.to_string()),
        unit: release.unit.clone(),
        experiments: vec![experiment],
        unreadable: release.unit.is_none(),
        ..policy::Layer::default()
    };
    Policy { source: release.source, layers: vec![layer], ..Policy::default() }
}

fn arms(release: &Release) -> Vec<&str> {
    let mut arms = match (&release.arms, release.services.is_some() || release.kind == policy::Kind::Release) {
        (Some(arms), false) => arms.iter().map(|arm| arm.id.as_str()).collect(),
        (_, true) => vec![CANARY],
        (None, false) => return Vec::new(),
    };
    if release.has_control.unwrap_or(true) {
        arms.push(CONTROL);
    }
    arms
}

/// A problem of the layer or the experiment where it stands in the release; `None` of what a release has not.
fn moved(problem: Problem) -> Option<Problem> {
    let root = At::Root { source: problem.source };
    let layers = root.key("layers");
    let layer = layers.index(0);
    let experiments = layer.key("experiments");
    let experiment = experiments.index(0);
    let starts = |path: &Path, at: &At<'_>, key: &str| path.below(&at.key(key).path().1).is_some();
    let is_of = |at: &At<'_>, keys: &[&str]| keys.iter().any(|key| starts(&problem.path, at, key));
    let parent = if is_of(&experiment, &["rules", "overrides", "targeting"]) {
        experiment
    } else if is_of(&layer, &["unit"]) {
        layer
    } else {
        return None;
    };
    let path = problem.path.below(&parent.path().1)?;
    Some(Problem { path, ..problem })
}
