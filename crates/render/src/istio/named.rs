//! Routes that attachments name, for weights and limits. Istio merges into a route whatever it is: a name that no route has changes
//! nothing, without a word, and weights merged into a route with one destination cost a proxy its whole route table.

use std::collections::BTreeMap;

use weir_policy::{At, Problems, codes};

use crate::istio::into::ExistingFile;
use crate::istio::placed::PlacedFilter;
use crate::istio::routed::RoutedService;
use crate::istio::routes::RouteNeeds;
use crate::variants::STABLE;

/// Routes by name, each with the fewest destinations that a route of that name has.
pub(crate) struct NamedRoutes {
    destinations: BTreeMap<String, usize>,
    /// Whether these are all: the routes of a delegate get other names from whoever delegates to it.
    are_all: bool,
}

impl NamedRoutes {
    /// The routes that are rendered for services, and those of existing VirtualServices with the copies that are added.
    pub fn of(routed: &[RoutedService], needs: &RouteNeeds, into: &[ExistingFile<'_>]) -> NamedRoutes {
        let are_all = !into.iter().any(ExistingFile::has_delegates);
        let mut all = NamedRoutes { destinations: BTreeMap::new(), are_all };
        for service in routed {
            let variants = needs.variant_routes(service);
            let names = variants.iter().map(|variant| variant.name.as_str()).chain([STABLE]);
            names.for_each(|name| all.add(format!("{}/{name}", service.host), 1));
        }
        for (name, destinations, copied) in into.iter().flat_map(|file| file.named_routes(routed)) {
            let copies = copied.into_iter().flat_map(|service| needs.variant_routes(service));
            copies.for_each(|variant| all.add(format!("{name}/{}", variant.name), 1));
            all.add(name, destinations);
        }
        all
    }

    fn add(&mut self, name: String, destinations: usize) {
        let fewest = self.destinations.entry(name).or_insert(destinations);
        *fewest = destinations.min(*fewest);
    }

    /// Reports names of an attachment that no route has, and weights of a route that has none.
    pub fn check(&self, placed: &PlacedFilter<'_>, problems: &mut Problems) {
        let root = At::Root { source: placed.source };
        let istio = root.key("istio");
        let (weights, limits) = (istio.key("weights"), istio.key("limits"));
        for (id, routes) in &placed.placement.weights {
            let of_id = weights.key(id);
            for (index, route) in routes.iter().enumerate() {
                let at = of_id.index(index);
                match self.destinations.get(route) {
                    Some(destinations) if *destinations > 1 => {}
                    Some(_) => {
                        let message = format!(
                            "{route} has one destination, so it has no weights: with these its proxies would refuse all their \
                             routes"
                        );
                        problems.add(codes::CONFLICT, &at, message);
                    }
                    None if !self.are_all => {}
                    None => problems.add(codes::BAD_VALUE, &at, unknown(route)),
                }
            }
        }
        let is_unknown = |route: &str| self.are_all && !self.destinations.contains_key(route);
        for (route, _) in placed.placement.limits.iter().filter(|(route, _)| is_unknown(route)) {
            problems.add(codes::BAD_VALUE, &limits.key(route), unknown(route));
        }
    }
}

fn unknown(route: &str) -> String {
    format!("no route is called {route}, of those that are rendered or given; give its VirtualService with --into")
}
