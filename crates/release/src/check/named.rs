//! Ids and env tags, which are one namespace with those of the policy, and holdouts.

use std::collections::{HashMap, HashSet};

use weir_policy::model::Experiment;
use weir_policy::written::Policy;
use weir_policy::{At, Problems, SourceId, Sources};

use super::arms::{each_tag, under};
use crate::codes;
use crate::written::Release;

/// Who has a name.
enum Owner<'a> {
    Policy(String),
    Release(SourceId, &'a str),
}

/// Reports names that two have, and holdouts that nobody has.
pub fn check(releases: &[&Release], policy: Option<&[Policy]>, sources: &Sources, problems: &mut Problems) {
    let mut owners: HashMap<String, Vec<Owner<'_>>> = HashMap::new();
    for (name, owner) in policy.unwrap_or_default().iter().flat_map(of_policy) {
        owners.entry(name).or_default().push(Owner::Policy(owner));
    }
    for release in releases {
        let id = release.id.as_deref().unwrap_or("?");
        let names: HashSet<String> = of_release(release).into_iter().map(|(name, _)| name).collect();
        for name in names {
            owners.entry(name).or_default().push(Owner::Release(release.source, id));
        }
    }
    for release in releases {
        let root = At::Root { source: release.source };
        // Of an id and the tags that are made of it one is told.
        let mut told = HashSet::new();
        for (name, path) in of_release(release) {
            let others = owners.get(&name).into_iter().flatten();
            let other = others.filter_map(|owner| owner.of_other(release.source, sources)).next();
            let Some(other) = other.filter(|_| told.insert(path.clone())) else { continue };
            under(&root, &path, &mut |at| {
                let message =
                    format!("{name} is taken: {other}; ids and env tags are one namespace, call this otherwise");
                problems.add(codes::ID_TAKEN, at, message);
            });
        }
        if let Some(policy) = policy {
            holdouts(release, policy, &root, problems);
        }
    }
}

impl Owner<'_> {
    /// Says who has it, if it is another one than this document.
    fn of_other(&self, source: SourceId, sources: &Sources) -> Option<String> {
        match self {
            Owner::Policy(owner) => Some(owner.clone()),
            Owner::Release(other, id) if *other != source => {
                let file = sources.get(*other).map_or("another document", |source| source.name.as_str());
                Some(format!("the release {id} in {file} has it"))
            }
            Owner::Release(..) => None,
        }
    }
}

/// The names of a release, each with the keys that lead to it.
fn of_release(release: &Release) -> Vec<(String, Vec<&str>)> {
    let id = release.id.iter().map(|id| (id.clone(), vec!["id"]));
    id.chain(each_tag(release)).collect()
}

/// The names of a policy, and whose they are.
fn of_policy(policy: &Policy) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for layer in &policy.layers {
        names.extend(layer.id.iter().map(|id| (id.clone(), "a layer of the policy has this id".to_owned())));
        for experiment in &layer.experiments {
            let Some(id) = &experiment.id else { continue };
            names.push((id.clone(), "an experiment of the policy has this id".to_owned()));
            for variant in &experiment.variants {
                let Some(arm) = &variant.id else { continue };
                let tag = variant.env_tag.clone().unwrap_or_else(|| Experiment::default_tag(id, arm));
                names.push((tag, format!("it is the env tag of {arm} of the experiment {id} of the policy")));
            }
        }
    }
    names
}

fn holdouts(release: &Release, policy: &[Policy], root: &At<'_>, problems: &mut Problems) {
    let known = || policy.iter().flat_map(|policy| &policy.holdouts).filter_map(|holdout| holdout.id.as_deref());
    let at = root.key("holdouts");
    for (i, id) in release.holdouts.iter().enumerate().filter(|(_, id)| !known().any(|known| known == id.as_str())) {
        let known = known().collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "the policy has none".to_owned() } else { format!("the policy has {known}") };
        problems.add(codes::UNKNOWN_HOLDOUT, &at.index(i), format!("no holdout is called {id}; {known}"));
    }
}
