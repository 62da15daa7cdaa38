//! Changes: what one deployment has otherwise than another, in words, without I/O.

use std::collections::BTreeMap;

use weir_policy::Checked;
use weir_xds::{Resource, ResourceKind};

use super::deployment::{AttachedFilter, Deployment};

mod policy;
#[cfg(test)]
mod tests;
mod words;

use words::{bounded, came_went_changed, came_went_or, changed, lines, named};

/// Words for a line of the log, or of the history; more are only counted.
const SHOWN: usize = 10;

/// What changed of the policy that takes effect, of attachments and of Envoy resources, in words. Nothing where nothing did.
pub fn changes(before: &Deployment, after: &Deployment) -> Vec<String> {
    // Of edges: they decide, and in the middle of a push the mesh may have what is new already.
    changes_with(&before.edges.policy, &after.edges.policy, before, after)
}

/// The same of the policy that people wrote.
pub fn written_changes(before: &Deployment, after: &Deployment) -> Vec<String> {
    changes_with(&before.written, &after.written, before, after)
}

fn changes_with(old: &Checked, new: &Checked, before: &Deployment, after: &Deployment) -> Vec<String> {
    let mut words = Vec::new();
    if old.revision != new.revision {
        words.extend(policy::changes(&old.model, &new.model));
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
    came_went_or(&before, &after, "attachment ", |name, before, after| match (&before[..], &after[..]) {
        // Several of one name are for different nodes.
        ([before], [after]) => lines(name, attachment(before, after)),
        (before, after) => changed(name, &before, &after).into_iter().collect(),
    })
}

fn attachment(before: &AttachedFilter, after: &AttachedFilter) -> Vec<String> {
    let (old, new) = (&before.attachment, &after.attachment);
    let parts = [
        changed("role", &old.role, &new.role),
        changed("steer", &old.steer, &new.steer),
        changed("policy", &before.origin, &after.origin),
        changed("nodes", &before.nodes, &after.nodes),
        changed("wasm", &(&before.wasm, &before.module), &(&after.wasm, &after.module)),
        changed("trace", &old.trace, &new.trace),
        changed("sticky", &old.sticky, &new.sticky),
        changed("log_unit", &old.log_unit, &new.log_unit),
        changed("join", &old.join, &new.join),
    ];
    parts.into_iter().flatten().collect()
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
