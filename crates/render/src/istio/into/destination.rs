//! The destinations of existing routes: where each is, and what is sent there.

use weir_policy::model::RouteTarget;
use weir_policy::{Spanned, Value};

use super::node::{child, list, text};
use super::virtual_service::{Route, VirtualService};
use crate::istio::routed::RoutedService;
use crate::yaml::Yaml;

/// A destination of an existing route.
pub(super) struct Destination<'a> {
    /// Host, subset and port.
    pub node: &'a Spanned,
    /// The full name of the host.
    pub host: String,
    subset: &'a str,
    weight: i64,
}

impl Destination<'_> {
    /// Whether it is the service, or stable pods of it alone under their own name.
    pub fn is_at(&self, routed: &RoutedService) -> bool {
        routed.is_at(&self.host)
    }

    /// Whether stable pods of the service are there.
    pub fn is_stable(&self, routed: &RoutedService) -> bool {
        self.is_at(routed) && !(self.host == routed.host && routed.subsets().contains(&self.subset))
    }

    /// Whether a variant's route leads there too.
    pub fn is_target(&self, target: &RouteTarget, routed: &RoutedService) -> bool {
        match target {
            RouteTarget::Subset(subset) => self.host == routed.host && self.subset == subset,
            RouteTarget::Service(service) => self.host == *service,
        }
    }

    pub fn name(&self) -> String {
        if self.subset.is_empty() { self.host.clone() } else { format!("{} of {}", self.subset, self.host) }
    }
}

pub(super) fn destinations<'a>(route: &'a Route, existing: &VirtualService) -> Vec<Destination<'a>> {
    of_node(&route.node, existing)
}

fn of_node<'a>(route: &'a Spanned, existing: &VirtualService) -> Vec<Destination<'a>> {
    let one = |entry: &'a Spanned| {
        let node = child(entry, "destination")?;
        let weight = child(entry, "weight").map(|weight| &weight.value);
        let weight = if let Some(Value::Int(weight, _)) = weight { *weight } else { 0 };
        Some(Destination { node, host: existing.full_name(text(node, "host")), subset: text(node, "subset"), weight })
    };
    list(child(route, "route")).iter().filter_map(one).collect()
}

/// The destinations that are sent something: Istio passes over those without weight where others have some.
pub(super) fn sent<'a>(route: &'a Route, existing: &VirtualService) -> Vec<Destination<'a>> {
    sent_by(&route.node, existing)
}

/// The same of a route as it is written, be it of HTTP, TLS or TCP.
pub(super) fn sent_by<'a>(route: &'a Spanned, existing: &VirtualService) -> Vec<Destination<'a>> {
    let mut all = of_node(route, existing);
    if all.iter().any(|one| one.weight > 0) {
        all.retain(|one| one.weight > 0);
    }
    all
}

/// The number of destinations of a route, and the service whose stable pods are among those that are sent something.
pub(super) fn sent_to<'a>(
    route: &Route,
    existing: &VirtualService,
    all: &'a [RoutedService],
) -> (usize, Option<&'a RoutedService>) {
    let sent = sent(route, existing);
    let is_stable = |routed: &&RoutedService| sent.iter().any(|one| one.is_stable(routed));
    (destinations(route, existing).len(), all.iter().find(is_stable))
}

/// Whether a route of an existing VirtualService leads to a service, or to stable pods of it alone.
pub(super) fn leads_to(existing: &VirtualService, routed: &RoutedService) -> bool {
    existing.routes.iter().flat_map(|route| destinations(route, existing)).any(|one| one.is_at(routed))
}

/// The header edits of each destination of the existing route.
pub(super) fn edits(route: &Route) -> Vec<Option<Yaml>> {
    list(child(&route.node, "route")).iter().map(|node| child(node, "headers").map(Yaml::from)).collect()
}
