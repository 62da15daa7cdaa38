//! What Istio makes of several VirtualServices together, where copies of routes would be lost or come before others.

use weir_policy::{Problems, Spanned, Value};

use super::copies::matches_itself;
use super::destination::sent_to;
use super::node::{child, list, text};
use super::virtual_service::{Route, VirtualService};
use crate::istio::routed::RoutedService;
use crate::istio::routes::RouteNeeds;

/// Reports routes by which a root delegates to routes of a service in a way that the copies of these would be lost.
pub(super) fn check_root(
    (root, by): (&VirtualService, &Route),
    delegate: &VirtualService,
    all: &[RoutedService],
    needs: &RouteNeeds,
    problems: &mut Problems,
) {
    for route in &delegate.routes {
        let (_, Some(routed)) = sent_to(route, delegate, all) else { continue };
        let variants = needs.variant_routes(routed);
        if let Some(variant) = variants.iter().find(|variant| matches_itself(by, &variant.header)) {
            let message =
                format!("{} matches {} itself, and so do routes that are added below it", by.name, variant.header);
            root.refuse(by, "match", message, problems);
            return;
        }
        // Istio asks them of every match below, and a route without any match has none that could lack them; a copy has.
        let asked = |one: &Spanned| {
            ["ignoreUriCase", "sourceNamespace"].into_iter().find(|field| {
                let node = child(one, field);
                node.is_some_and(|node| node.value != Value::Bool(false))
            })
        };
        let asked = list(child(&by.node, "match")).iter().find_map(asked);
        if let Some(field) = asked.filter(|_| !variants.is_empty() && list(child(&route.node, "match")).is_empty()) {
            let message = format!(
                "{} of {}, which delegates to {}, matches by {field}, and Istio drops a match below it that does not; write a \
                 `match` with {field} here too",
                by.name,
                root.object().called(),
                route.name
            );
            delegate.refuse(route, "name", message, problems);
        }
    }
}

/// Reports a route for everybody where Istio merges its VirtualService with another one of a gateway: it moves that route behind
/// those of the other, and the copies stay before them.
pub(super) fn check_merged(
    existing: &VirtualService,
    other: &VirtualService,
    all: &[RoutedService],
    problems: &mut Problems,
) {
    for route in existing.routes.iter().filter(|route| is_moved(route)) {
        let (_, Some(routed)) = sent_to(route, existing, all) else { continue };
        let is_copied =
            |other_route: &Route| sent_to(other_route, other, all).1.is_some_and(|to| to.host == routed.host);
        if !routed.variants.is_empty() && !other.routes.iter().all(is_copied) {
            let message = format!(
                "Istio merges this with the VirtualService {} of the same gateway and host, and moves {}, which is for everybody, \
                 behind its routes, but not the copies; put the routes of both into one",
                other.object().called(),
                route.name
            );
            existing.refuse(route, "route", message, problems);
        }
    }
}

/// Whether a route is for everybody, so that Istio moves it to the end where it merges.
fn is_moved(route: &Route) -> bool {
    let is_of_request = |one: &Spanned| {
        let is_any = |uri: &Spanned| text(uri, "prefix") == "/" || text(uri, "regex") == ".*";
        let asks = ["headers", "withoutHeaders", "queryParams", "method", "authority", "scheme"];
        asks.into_iter().any(|field| child(one, field).is_some()) || child(one, "uri").is_some_and(|uri| !is_any(uri))
    };
    let matches = list(child(&route.node, "match"));
    matches.is_empty() || !matches.iter().all(is_of_request)
}
