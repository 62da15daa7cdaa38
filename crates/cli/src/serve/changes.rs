//! Changes: what one deployment has otherwise than another, in words, without I/O.

use std::collections::BTreeMap;

use weir_xds::{Resource, ResourceKind};

use super::deployment::{AttachedFilter, Deployment};

mod policy;
#[cfg(test)]
mod tests;
mod words;

use words::{bounded, came_went_changed, named};

/// Words for a line of the log, or of the history; more are only counted.
const SHOWN: usize = 10;

/// What changed of the policy, of attachments and of Envoy resources, in words. Nothing where nothing did.
pub fn changes(before: &Deployment, after: &Deployment) -> Vec<String> {
    let mut words = Vec::new();
    // Of edges: they decide, and in the middle of a push the mesh may have what is new already.
    if before.edges.policy.revision != after.edges.policy.revision {
        words.extend(policy::changes(&before.edges.policy.model, &after.edges.policy.model));
    }
    words.extend(attachments(before, after));
    words.extend(resources(before, after));
    bounded(words, SHOWN)
}

fn attachments(before: &Deployment, after: &Deployment) -> Vec<String> {
    let [before, after] = [before, after].map(|deployment| {
        let mut by_name: BTreeMap<&str, Vec<&AttachedFilter>> = BTreeMap::new();
        for filter in [&deployment.edges, &deployment.mesh].into_iter().flat_map(|tier| tier.filters.iter()) {
            by_name.entry(&filter.name).or_default().push(filter);
        }
        by_name
    });
    came_went_changed(&before, &after, |name| format!("attachment {}", named(name)))
}

fn resources(before: &Deployment, after: &Deployment) -> Vec<String> {
    let [before, after] = [before, after].map(|deployment| {
        let key = |resource: &Resource| (resource.kind, resource.name.clone());
        deployment.resources.iter().map(|resource| (key(resource), &resource.version)).collect::<BTreeMap<_, _>>()
    });
    came_went_changed(&before, &after, |(kind, name)| format!("{} {}", word(*kind), named(name)))
}

fn word(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Cluster => "cluster",
        ResourceKind::Endpoints => "endpoints",
        ResourceKind::Listener => "listener",
        ResourceKind::Route => "route",
        ResourceKind::Extension => "extension",
    }
}
