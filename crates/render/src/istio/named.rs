//! Routes that attachments name, for weights and limits. Istio merges into a route whatever it is: a name that no route has changes
//! nothing, without a word, and weights merged into a route with one destination cost a proxy its whole route table.

use weir_policy::{At, Problems, codes};

use crate::istio::envoy_route::EnvoyRoute;
use crate::istio::into::{self, ExistingFile};
use crate::istio::placed::PlacedFilter;
use crate::istio::placement::Proxy;
use crate::istio::routed::RoutedService;
use crate::istio::routes::{OwnVirtualService, RouteNeeds};

/// Every route that can be named: of VirtualServices that are rendered, and of those that were given.
pub(crate) struct NamedRoutes(Vec<EnvoyRoute>);

impl NamedRoutes {
    /// The routes that are rendered, and those of existing VirtualServices with the copies that are added.
    pub fn of(
        own: &[OwnVirtualService<'_>],
        routed: &[RoutedService],
        needs: &RouteNeeds,
        into: &[ExistingFile<'_>],
    ) -> NamedRoutes {
        let rendered = own.iter().flat_map(|one| {
            needs.names(one.routed).into_iter().map(|name| EnvoyRoute {
                name,
                is_end: false,
                is_reached: true,
                destinations: 1,
                gateways: one.gateways.clone(),
                shown_to: Vec::new(),
            })
        });
        NamedRoutes(rendered.chain(into::envoy_routes(into, routed, needs)).collect())
    }

    /// Reports names of an attachment that no route of its proxies has, and weights of a route that has none.
    pub fn check(&self, placed: &PlacedFilter<'_>, problems: &mut Problems) {
        let root = At::Root { source: placed.source };
        let istio = root.key("istio");
        let (weights, limits) = (istio.key("weights"), istio.key("limits"));
        let mut weighted: Vec<(&str, &str)> = Vec::new();
        for (id, routes) in &placed.placement.weights {
            let of_id = weights.key(id);
            for (index, route) in routes.iter().enumerate() {
                let at = of_id.index(index);
                let here = self.here(route, placed, &at, problems);
                if let Some(one) = here.iter().find(|one| one.destinations < 2) {
                    let count = if one.destinations == 0 { "no destination" } else { "one destination" };
                    let message = format!(
                        "{route} has {count}, so it has no weights: with these its proxies would refuse all their routes"
                    );
                    problems.add(codes::CONFLICT, &at, message);
                }
                if let Some((_, other)) = weighted.iter().find(|(name, _)| name == route) {
                    let message = format!("{route} goes by the header of {other} already, and a route goes by one");
                    problems.add(codes::CONFLICT, &at, message);
                }
                weighted.push((route, id));
            }
        }
        for (route, _) in &placed.placement.limits {
            self.here(route, placed, &limits.key(route), problems);
        }
    }

    /// The routes of this name that proxies of an attachment have; reports it if they have none.
    fn here(&self, route: &str, placed: &PlacedFilter<'_>, at: &At<'_>, problems: &mut Problems) -> Vec<&EnvoyRoute> {
        let placement = &placed.placement;
        let called: Vec<&EnvoyRoute> = self.0.iter().filter(|one| one.is_called(route)).collect();
        let is_here = |one: &&EnvoyRoute| one.is_at(placement.proxy, &placement.namespace);
        let here: Vec<&EnvoyRoute> = called.iter().copied().filter(is_here).collect();
        if called.is_empty() {
            problems.add(codes::BAD_VALUE, at, self.unknown(route));
        } else if called.iter().all(|one| !one.is_reached) {
            let message =
                format!("{route} stands behind a route that takes every request, so that Istio leaves it out");
            problems.add(codes::CONFLICT, at, message);
        } else if here.is_empty() {
            let proxies = match placement.proxy {
                Proxy::Gateway => "gateways",
                Proxy::SidecarOutbound => "sidecars",
                Proxy::SidecarInbound => "what comes in to a workload, where routes have no names,",
            };
            let message =
                format!("{route} is no route of {proxies} of {}: see gateways and exportTo", placement.namespace);
            problems.add(codes::CONFLICT, at, message);
        }
        here
    }

    fn unknown(&self, route: &str) -> String {
        let (before, behind) = (format!("{route}."), format!("-{route}"));
        let is_like = |one: &&EnvoyRoute| one.name.starts_with(&before) || one.name.ends_with(&behind);
        let none = format!("no route is called {route}, of those that are rendered or given");
        match self.0.iter().find(is_like) {
            Some(one) => format!("{none}; Istio calls it {}", one.name),
            None => format!("{none}; give its VirtualService with --into, and a name to a route that has none"),
        }
    }
}
