//! What stands in existing routes and cannot be right beside variants: ways to all pods, names that are none, and edits of headers
//! that proxies follow.

use weir_policy::{Problems, Spanned, Value};

use super::destination::{Destination, destinations, sent_by};
use super::node::{child, list, text};
use super::virtual_service::{Route, VirtualService};
use crate::istio::routed::RoutedService;
use crate::istio::routes::RouteNeeds;

/// Reports whatever leads to a service of the policy and cannot be right: all its pods, or a name that is none. Copies of
/// requests, TLS and TCP follow no tag, and must not reach the pods of variants either.
pub(super) fn check_destinations(existing: &VirtualService, all: &[RoutedService], problems: &mut Problems) {
    for (list, index, field, what, destination) in existing.destinations() {
        let host = existing.full_name(text(destination, "host"));
        let message = match all.iter().find(|routed| routed.is_at(&host)) {
            Some(routed) if routed.host == host => leads_to_all_pods(destination, routed),
            // A host of stable pods alone has no others.
            Some(_) => None,
            None => all.iter().find_map(|routed| misnamed(&host, text(destination, "host"), routed)),
        };
        if let Some(message) = message {
            existing.refuse_in(list, index, field, format!("{what} {message}"), problems);
        }
    }
}

/// Reports routes of TLS and TCP that lead to variants alone: no tag says who is to meet them.
pub(super) fn check_streams(existing: &VirtualService, all: &[RoutedService], problems: &mut Problems) {
    for (list, routes) in [("tls", &existing.tls), ("tcp", &existing.tcp)] {
        for (index, route) in routes.iter().enumerate() {
            let sent = sent_by(route, existing);
            let is_variant = |one: &Destination<'_>, routed: &RoutedService| {
                let is_service = routed.leads_to(&one.host) && existing.hosts.contains(&routed.host);
                is_service || (one.is_at(routed) && !one.is_stable(routed))
            };
            let is_met = |routed: &&RoutedService| !sent.is_empty() && sent.iter().all(|one| is_variant(one, routed));
            if let Some(routed) = all.iter().find(is_met) {
                let to = sent.iter().map(Destination::name).collect::<Vec<_>>().join(" and ");
                let message = format!(
                    "{list}[{index}] leads everybody to {to}, where a variant of {} is, and TLS and TCP follow no tag; lead it to \
                     the stable pods, or take the variant out of the policy",
                    routed.host
                );
                existing.refuse_in(list, index, "route", message, problems);
            }
        }
    }
}

/// Reports a VirtualService that has a service of the policy as a host and leads elsewhere with all its requests: no variant would
/// be met there.
pub(super) fn check_host(existing: &VirtualService, all: &[RoutedService], problems: &mut Problems) {
    let of_http = || existing.routes.iter().flat_map(|route| destinations(route, existing));
    for routed in all.iter().filter(|routed| !routed.variants.is_empty()) {
        let Some(index) = existing.hosts.iter().position(|host| *host == routed.host) else { continue };
        let delegates = existing.delegates().next().is_some();
        let Some(first) = of_http().find(|one| !routed.leads_to(&one.host)).filter(|_| !delegates) else { continue };
        if !of_http().any(|one| one.is_at(routed)) {
            let (host, to) = (&routed.host, &first.host);
            let message = format!(
                "no route here leads to {host}, so that nobody meets its variants; if only stable pods are behind {to}, write in an \
                 attachment istio: {{services: {{{host}: {{stable_hosts: [{to}]}}}}}}"
            );
            existing.refuse_host(index, message, problems);
        }
    }
}

/// What is wrong with a host that is no service, and looks like one of the policy.
fn misnamed(host: &str, written: &str, routed: &RoutedService) -> Option<String> {
    let name = &routed.host;
    if routed.service.hosts.iter().any(|other| other == host) {
        return Some(format!(
            "leads to {host}, which the attachment says is {name} by another name; by that it has no subsets. Write host: {name}"
        ));
    }
    let plain = host.to_ascii_lowercase();
    let plain = plain.trim_end_matches('.');
    let labels = || name.match_indices('.').map(|(at, _)| &name[..at]);
    let is_alike =
        plain == name || (plain.contains('.') && name.contains(".svc.") && labels().any(|begin| begin == plain));
    is_alike.then(|| format!("leads to {written}, which Istio knows no service by; write host: {name}"))
}

/// What is wrong with a destination that names no subset of a service that has some.
fn leads_to_all_pods(destination: &Spanned, routed: &RoutedService) -> Option<String> {
    let named = text(destination, "subset");
    let (host, subsets) = (&routed.host, routed.subsets().join(" and "));
    if routed.subsets().is_empty() {
        return None;
    }
    let subset = if routed.service.stable.is_some() { "stable" } else { "NAME, one that only stable pods are in" };
    if named.is_empty() {
        return Some(format!("leads to all pods of {host}, those of {subsets} as well; write subset: {subset}"));
    }
    if let Some(known) = routed.given_subsets.as_ref().filter(|known| !known.iter().any(|subset| subset == named)) {
        let known = known.join(", ");
        return Some(format!(
            "leads to the subset {named}, and the DestinationRule of {host} has none of that name; it will have {known}"
        ));
    }
    routed.wide_subsets.iter().any(|wide| wide == named).then(|| {
        format!(
            "leads to the subset {named}, in which pods of {subsets} are as well by its labels; write subset: {subset}"
        )
    })
}

/// Reports edits of headers by which the filter and the proxies behind it follow a decision.
pub(super) fn check_headers(
    route: &Route,
    existing: &VirtualService,
    all: &[RoutedService],
    needs: &RouteNeeds,
    problems: &mut Problems,
) {
    let concerns = |routed: &RoutedService| {
        let is_led = |one: &Destination<'_>| one.is_at(routed) || routed.leads_to(&one.host);
        !routed.variants.is_empty() && destinations(route, existing).iter().any(is_led)
    };
    if child(&route.node, "delegate").is_none() && !all.iter().any(concerns) {
        return;
    }
    let of_destinations = list(child(&route.node, "route")).iter().map(|one| ("route", one));
    for (field, node) in [("headers", &route.node)].into_iter().chain(of_destinations) {
        let Some(request) = child(node, "headers").and_then(|headers| child(headers, "request")) else { continue };
        if let Some(header) =
            needs.spoilt(&names(child(request, "set")), &names(child(request, "add")), &names(child(request, "remove")))
        {
            let message = format!(
                "{} edits {header}, by which proxies follow the variant of a request; leave that to the filter",
                route.name
            );
            existing.refuse(route, field, message, problems);
        }
    }
}

/// The keys of an object, or the texts of a list.
fn names(node: Option<&Spanned>) -> Vec<&str> {
    match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        Some(Value::List(nodes)) => nodes
            .iter()
            .filter_map(|node| if let Value::Str(text) = &node.value { Some(text.as_str()) } else { None })
            .collect(),
        _ => Vec::new(),
    }
}
