//! What the page waits for behind each file: only what that file brings, or takes away.

use crate::istio::awaited::{self, BoundRoute, Waits};
use crate::istio::file::File;
use crate::istio::into::{self, ExistingFile};
use crate::istio::object::Phase;
use crate::istio::placed::PlacedFilter;
use crate::istio::routed::RoutedService;
use crate::istio::routes::{OwnVirtualService, RouteNeeds};
use crate::istio::subsets;

/// Adds to each file what proxies say once it is applied, or gone.
pub(crate) fn add(
    files: &mut [File],
    all: &[PlacedFilter<'_>],
    routed: &[RoutedService],
    own: &[OwnVirtualService<'_>],
    needs: &RouteNeeds,
    into: &[ExistingFile<'_>],
) {
    let in_ours = routed.iter().filter(|routed| !into::has_rule(routed, into));
    let clusters: Vec<String> = in_ours.flat_map(subsets::clusters).collect();
    let names = |one: &OwnVirtualService<'_>| {
        let names = needs.names(one.routed);
        names.iter().map(|name| BoundRoute::of_ours(&one.gateways, name)).collect::<Vec<_>>()
    };
    let own: Vec<BoundRoute> = own.iter().flat_map(names).collect();
    for file in files {
        if let Some(phase) = Phase::ALL.into_iter().find(|phase| phase.file() == file.name) {
            let once_applied = awaited::once_applied(phase, all, &clusters, &own);
            file.waits = Waits { once_applied, once_gone: awaited::once_gone(phase, all, &own) };
        }
        for existing in into.iter().filter(|existing| existing.file_name(routed) == file.name) {
            let with_rules = routed.iter().filter(|routed| existing.has_rule_of(routed));
            let clusters: Vec<String> = with_rules.flat_map(subsets::clusters).collect();
            let added = existing.added_routes(routed, needs);
            let routes = || awaited::of_routes(all, &added);
            file.waits = Waits {
                once_applied: awaited::together(awaited::of_clusters(all, &clusters).chain(routes())),
                once_gone: awaited::together(routes()),
            };
        }
    }
}
