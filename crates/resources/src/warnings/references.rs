//! Names that resources ask for and nobody has.

use std::collections::BTreeSet;

use weir_policy::{Code, Problem};
use weir_xds::ResourceKind;

use super::codes;
use super::told::warning;
use crate::ResourceFiles;
use crate::references::Reference;

/// What the name of a filter begins with that an attachment gives.
const FILTER: &str = "weir.";

/// Route configurations and endpoints that are asked for and not among the resources. Where none of a kind is, they come from
/// elsewhere.
pub(super) fn unknown(files: &ResourceFiles) -> Vec<Problem> {
    let named = |kind: ResourceKind| {
        let of_kind = files.resources.iter().filter(move |resource| resource.kind == kind);
        of_kind.map(|resource| resource.name.as_str()).collect::<BTreeSet<&str>>()
    };
    let (routes, endpoints) = (named(ResourceKind::Route), named(ResourceKind::Endpoints));
    let unknown = |asked: &Reference| {
        let (code, known, what, so): (Code, _, _, _) = match asked.kind {
            ResourceKind::Route => (
                codes::UNKNOWN_ROUTE_CONFIG,
                &routes,
                "RouteConfiguration",
                "an Envoy that starts with it has no routes there",
            ),
            ResourceKind::Endpoints => {
                (codes::UNKNOWN_ENDPOINTS, &endpoints, "ClusterLoadAssignment", "a cluster without endpoints is a 503")
            }
            _ => return None,
        };
        // Names of the form xdstp:// may come from another authority.
        let is_elsewhere = known.is_empty() || asked.name.starts_with("xdstp:");
        if is_elsewhere || known.contains(asked.name.as_str()) {
            return None;
        }
        let [by, name] = [&asked.by, &asked.name].map(|name| name.escape_debug());
        let by = if asked.kind == ResourceKind::Route { format!("listener {by}") } else { format!("cluster {by}") };
        let message = format!("{by} asks for {name}, and the resources have no {what} called so: {so}");
        Some(warning(code, (asked.source, asked.path.clone()), message))
    };
    files.references.iter().filter_map(unknown).collect()
}

/// Filters that listeners ask for and that no attachment is called. Where none of these has a name, they are elsewhere.
pub fn unknown_filters(files: &ResourceFiles, attachments: &[&str]) -> Vec<Problem> {
    let known: BTreeSet<&str> = attachments.iter().copied().collect();
    let names: Vec<&str> = known.iter().copied().collect();
    let unknown = |asked: &Reference| {
        let name = asked.name.strip_prefix(FILTER).filter(|name| !known.contains(name))?;
        let (by, name) = (asked.by.escape_debug(), name.escape_debug());
        let are = if names.len() == 1 { "the one here is" } else { "they are" };
        let message = format!(
            "listener {by} asks for {FILTER}{name}, and no attachment is called {name}; {are} {}",
            names.join(", ")
        );
        Some(warning(codes::UNKNOWN_FILTER, (asked.source, asked.path.clone()), message))
    };
    let asked = files.references.iter().filter(|asked| asked.kind == ResourceKind::Extension && !known.is_empty());
    asked.filter_map(unknown).collect()
}
