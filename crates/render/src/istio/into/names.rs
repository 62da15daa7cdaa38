//! The names of existing routes in Envoy: Istio adds the name of a match, and joins those of a route that delegates and of the
//! route that it delegates to.

use weir_policy::{Spanned, Value};

use super::node::{child, list, text};
use super::steer;
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

#[derive(Clone, Debug, Default, PartialEq)]
struct Match {
    name: String,
    /// The gateways that it is for, if not all of the VirtualService.
    gateways: Vec<String>,
}

/// The routes of existing VirtualServices, with the copies that are added.
pub(super) fn envoy_routes(all: &[&VirtualService], routed: &[RoutedService], needs: &RouteNeeds) -> Vec<EnvoyRoute> {
    let mut found = Vec::new();
    for existing in all.iter().filter(|existing| !existing.hosts.is_empty()) {
        for route in &existing.routes {
            let own = Named::of(route, existing);
            let Some((_, to)) = existing.delegates().find(|(other, _)| other.index == route.index) else {
                found
                    .extend(with_copies(existing, route, routed, needs).flat_map(|(one, sent)| one.at(existing, sent)));
                continue;
            };
            for delegate in all.iter().filter(|other| other.full_title() == to) {
                let routes = delegate.routes.iter().flat_map(|route| with_copies(delegate, route, routed, needs));
                found.extend(routes.flat_map(|(one, sent)| own.joined(&one).at(existing, sent)));
            }
        }
    }
    let has_root = |existing: &VirtualService| {
        all.iter().any(|other| other.delegates().any(|(_, to)| to == existing.full_title()))
    };
    for existing in all.iter().filter(|existing| existing.hosts.is_empty() && !has_root(existing)) {
        let routes = existing.routes.iter().flat_map(|route| with_copies(existing, route, routed, needs));
        let ends = routes.flat_map(|(one, sent)| one.at(existing, sent));
        found.extend(ends.map(|one| EnvoyRoute { is_end: true, gateways: Vec::new(), shown_to: Vec::new(), ..one }));
    }
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
    let (sent, copied) = steer::sent_to(route, existing, routed);
    let copies = copied.into_iter().flat_map(|service| needs.variant_routes(service));
    let copies = copies.map(|variant| Named { name: format!("{}/{}", route.name, variant.name), ..own.clone() });
    let copies: Vec<(Named, usize)> = copies.map(|copy| (copy, 1)).collect();
    copies.into_iter().chain([(own, sent)])
}

impl Named {
    fn of(route: &Route, existing: &VirtualService) -> Named {
        let matches = list(child(&route.node, "match")).iter().map(|node| Match {
            name: text(node, "name").to_owned(),
            gateways: list(child(node, "gateways"))
                .iter()
                .filter_map(gateway)
                .map(|one| existing.full_gateway(one))
                .collect(),
        });
        let matches: Vec<Match> = matches.collect();
        let matches = if matches.is_empty() { vec![Match::default()] } else { matches };
        Named { name: text(&route.node, "name").to_owned(), matches }
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
            })
        });
        Named { name: join(&self.name, &delegate.name), matches: matches.collect() }
    }

    /// As Istio's `TranslateRoute`. What has no name cannot be named.
    fn names(&self) -> impl Iterator<Item = (String, &Match)> {
        let name = |one: &Match| match one.name.as_str() {
            "" => self.name.clone(),
            end => format!("{}.{end}", self.name),
        };
        self.matches.iter().map(move |one| (name(one), one)).filter(|(name, _)| !name.is_empty())
    }

    fn at(&self, existing: &VirtualService, destinations: usize) -> Vec<EnvoyRoute> {
        let route = |(name, one): (String, &Match)| EnvoyRoute {
            name,
            is_end: false,
            destinations,
            gateways: if one.gateways.is_empty() { existing.gateways.clone() } else { one.gateways.clone() },
            shown_to: existing.seen_by().unwrap_or_default().into_iter().map(str::to_owned).collect(),
        };
        self.names().map(route).collect()
    }
}

fn gateway(node: &Spanned) -> Option<&str> {
    if let Value::Str(name) = &node.value { Some(name) } else { None }
}
