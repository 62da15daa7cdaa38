//! Warnings: what is likely to be a mistake in the routes of resource files, and what a policy asks of them and does not
//! get. Nothing is said where routes may be elsewhere: a wrong warning is worse than none.

use std::collections::BTreeSet;

use weir_policy::model::{DEFAULT_TAG_HEADER, Model};
use weir_policy::written::Policy;
use weir_policy::{Attachment, CLUSTER_HEADER, Problem, SUBSET_HEADER, SourceId};
use weir_xds::ResourceKind;

use crate::ResourceFiles;
use crate::routing::Route;

pub use references::unknown_filters;
use told::at_route;

pub mod codes;
mod references;
mod steering;
mod subsets;
mod told;

/// What resource files are likely to have wrong by themselves, and by a policy, with its documents, at its attachments.
/// Without attachments nobody knows how it steers.
pub fn warnings(
    files: &ResourceFiles,
    policy: Option<(&Model, &[Policy])>,
    attachments: &[(SourceId, &Attachment)],
) -> Vec<Problem> {
    let mut found = unknown_clusters(files);
    found.extend(references::unknown(files));
    found.extend(unreachable_routes(files, policy.map(|(model, _)| model)));
    if let Some((model, documents)) = policy {
        let steering = steering::warnings(&files.routing, model, attachments);
        found.extend(subsets::warnings(&files.routing, model, attachments));
        found.extend(steering.into_iter().map(|warning| warning.placed(documents)));
    }
    found
}

/// Routes to clusters that are not among the resources. Where no cluster is, all come from elsewhere.
fn unknown_clusters(files: &ResourceFiles) -> Vec<Problem> {
    let clusters = files.resources.iter().filter(|resource| resource.kind == ResourceKind::Cluster);
    let known: BTreeSet<&str> = clusters.map(|cluster| cluster.name.as_str()).collect();
    if known.is_empty() {
        return Vec::new();
    }
    let unknown = |route: &Route| {
        let unknown = route.clusters.iter().filter(|name| !known.contains(name.as_str()));
        let names: Vec<String> = unknown.map(|name| name.escape_debug().to_string()).collect();
        let names = (!names.is_empty()).then(|| names.join(" and no "))?;
        let message = format!("the resources have no cluster {names}: a 503, unless the bootstrap of Envoy has it");
        Some(at_route(codes::UNKNOWN_CLUSTER, route, message))
    };
    files.routing.routes().filter_map(unknown).collect()
}

/// Routes for what a filter writes that stand behind one that takes whatever comes.
fn unreachable_routes(files: &ResourceFiles, policy: Option<&Model>) -> Vec<Problem> {
    let tag_header = policy.map_or(DEFAULT_TAG_HEADER, |policy| &policy.env_tag.header);
    let ours = [tag_header, SUBSET_HEADER, CLUSTER_HEADER];
    let mut found = Vec::new();
    for host in &files.routing.hosts {
        let behind = host.routes.iter().skip_while(|route| !route.is_catch_all);
        let mut behind = behind.peekable();
        let Some(first) = behind.peek().map(|first| first.path.to_string()) else { continue };
        for route in behind {
            let Some(header) = route.headers.iter().find(|header| ours.contains(&header.name.as_str())) else {
                continue;
            };
            let message =
                format!("{first} takes every request before it, so {} is never looked at; put this first", header.name);
            found.push(at_route(codes::UNREACHABLE_ROUTE, route, message));
        }
    }
    found
}

#[cfg(test)]
mod tests;
