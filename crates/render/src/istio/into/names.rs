//! The names of existing routes in Envoy: Istio adds the name of a match, and joins those of a route that delegates and of the
//! route that it delegates to.

use weir_policy::{Spanned, Value};

use super::destination;
use super::node::{child, list, text};
use super::virtual_service::{Route, VirtualService};
use crate::istio::envoy_route::EnvoyRoute;
use crate::istio::routed::RoutedService;
use crate::istio::routes::RouteNeeds;

/// The name of a route, and of each of its matches, of which Envoy has a route each.
#[derive(Clone, Debug, PartialEq)]
struct Named {
    name: String,
    matches: Vec<Match>,
}

#[derive(Clone, Debug, PartialEq)]
struct Match {
    name: String,
    /// The gateways that it is for, if not all of the VirtualService.
    gateways: Vec<String>,
    /// Whether it takes every request of every proxy.
    takes_all: bool,
}

/// The routes of existing VirtualServices, with the copies that are added.
pub(super) fn envoy_routes(all: &[&VirtualService], routed: &[RoutedService], needs: &RouteNeeds) -> Vec<EnvoyRoute> {
    let mut found = Vec::new();
    for existing in all.iter().filter(|existing| !existing.hosts.is_empty()) {
        let mut in_order = Vec::new();
        for route in &existing.routes {
            let Some(to) = existing.delegate_of(route) else {
                in_order.extend(with_copies(existing, route, routed, needs));
                continue;
            };
            let own = Named::of(route, existing);
            for delegate in all.iter().filter(|other| other.full_title() == to) {
                let routes = delegate.routes.iter().flat_map(|route| with_copies(delegate, route, routed, needs));
                in_order.extend(routes.map(|(one, sent)| (own.joined(&one), sent)));
            }
        }
        found.extend(in_envoy(existing, in_order));
    }
    let has_root = |existing: &VirtualService| {
        all.iter().any(|other| other.delegates().any(|(_, to)| to == existing.full_title()))
    };
    for existing in all.iter().filter(|existing| existing.hosts.is_empty() && !has_root(existing)) {
        let routes = existing.routes.iter().flat_map(|route| with_copies(existing, route, routed, needs));
        let ends = in_envoy(existing, routes.collect()).into_iter().map(|one| EnvoyRoute {
            is_end: true,
            // What its root matches besides, nobody knows.
            is_reached: true,
            gateways: Vec::new(),
            shown_to: Vec::new(),
            ..one
        });
        found.extend(ends);
    }
    found
}

/// The routes of one VirtualService in their order. What stands behind one that takes every request Istio leaves out.
fn in_envoy(existing: &VirtualService, in_order: Vec<(Named, usize)>) -> Vec<EnvoyRoute> {
    let shown_to = || existing.seen_by().unwrap_or_default().into_iter().map(str::to_owned).collect();
    let (mut found, mut is_reached) = (Vec::new(), true);
    for (named, destinations) in &in_order {
        for (name, one) in named.names() {
            let gateways = if one.gateways.is_empty() { &existing.gateways } else { &one.gateways };
            found.push(EnvoyRoute {
                name,
                is_end: false,
                is_reached,
                destinations: *destinations,
                gateways: gateways.clone(),
                shown_to: shown_to(),
            });
            is_reached &= !one.takes_all;
        }
    }
    // What has no name cannot be named.
    found.retain(|one| !one.name.is_empty());
    found
}

/// The names of an existing route alone.
pub(super) fn names(route: &Route, existing: &VirtualService) -> impl Iterator<Item = String> {
    Named::of(route, existing).names().map(|(name, _)| name).collect::<Vec<_>>().into_iter()
}

/// An existing route and its copies, each with the number of destinations that are sent something.
fn with_copies<'a>(
    existing: &'a VirtualService,
    route: &'a Route,
    routed: &'a [RoutedService],
    needs: &'a RouteNeeds,
) -> impl Iterator<Item = (Named, usize)> {
    let own = Named::of(route, existing);
    let (sent, copied) = destination::sent_to(route, existing, routed);
    let copies = copied.into_iter().flat_map(|service| needs.variant_routes(service));
    let copies: Vec<(Named, usize)> = copies.map(|variant| (own.copy(route, &variant.name), 1)).collect();
    copies.into_iter().chain([(own, sent)])
}

impl Named {
    fn of(route: &Route, existing: &VirtualService) -> Named {
        let matches = list(child(&route.node, "match")).iter().map(|node| {
            let gateways = list(child(node, "gateways")).iter().filter_map(gateway);
            Match {
                name: text(node, "name").to_owned(),
                gateways: gateways.map(|one| existing.full_gateway(one)).collect(),
                takes_all: takes_all(node),
            }
        });
        let matches: Vec<Match> = matches.collect();
        let every = || vec![Match { name: String::new(), gateways: Vec::new(), takes_all: true }];
        let matches = if matches.is_empty() { every() } else { matches };
        Named { name: text(&route.node, "name").to_owned(), matches }
    }

    /// The copy of it for a variant, which matches a header besides.
    fn copy(&self, route: &Route, variant: &str) -> Named {
        let matches = self.matches.iter().map(|one| Match { takes_all: false, ..one.clone() });
        Named { name: format!("{}/{variant}", route.name), matches: matches.collect() }
    }

    /// As Istio's `mergeHTTPRoute`.
    fn joined(&self, delegate: &Named) -> Named {
        let join = |root: &str, end: &str| match (root, end) {
            ("", name) | (name, "") => name.to_owned(),
            (root, end) => format!("{root}-{end}"),
        };
        let matches = self.matches.iter().flat_map(|root| {
            delegate.matches.iter().map(move |end| Match {
                name: join(&root.name, &end.name),
                gateways: if end.gateways.is_empty() { root.gateways.clone() } else { end.gateways.clone() },
                takes_all: root.takes_all && end.takes_all,
            })
        });
        Named { name: join(&self.name, &delegate.name), matches: matches.collect() }
    }

    /// As Istio's `TranslateRoute`.
    fn names(&self) -> impl Iterator<Item = (String, &Match)> {
        let name = |one: &Match| match one.name.as_str() {
            "" => self.name.clone(),
            end => format!("{}.{end}", self.name),
        };
        self.matches.iter().map(move |one| (name(one), one))
    }
}

/// As Istio's `IsCatchAllRoute`, of a match for all proxies.
fn takes_all(node: &Spanned) -> bool {
    let Value::Map(entries) = &node.value else { return true };
    let is_idle = |name: &str| ["name", "uri", "ignoreUriCase", "statPrefix"].contains(&name);
    let is_any = child(node, "uri").is_none_or(|uri| text(uri, "prefix") == "/" || text(uri, "regex") == ".*");
    is_any && entries.iter().all(|entry| is_idle(&entry.key) || child(node, &entry.key).is_none())
}

fn gateway(node: &Spanned) -> Option<&str> {
    if let Value::Str(name) = &node.value { Some(name) } else { None }
}
