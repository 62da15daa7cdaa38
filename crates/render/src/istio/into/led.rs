//! Whom an existing route leads to: the stable pods of a service, for which copies are made, a variant, or nobody can say.

use std::collections::BTreeSet;

use weir_policy::Problems;

use super::copies::matches_itself;
use super::destination::{Destination, edits, sent};
use super::node::child;
use super::shown::takes_everybody;
use super::virtual_service::{Route, VirtualService};
use crate::istio::routed::RoutedService;
use crate::istio::routes::RouteNeeds;
use crate::yaml::Yaml;

/// The service whose stable pods an existing route leads to, if the policy routes it. Reports routes of which nobody can say where
/// a variant goes.
pub(super) fn service<'a>(
    route: &Route,
    existing: &VirtualService,
    all: &'a [RoutedService],
    needs: &RouteNeeds,
    problems: &mut Problems,
) -> Option<&'a RoutedService> {
    let sent = sent(route, existing);
    let is_taken_over = |routed: &RoutedService| {
        existing.hosts.contains(&routed.host) && sent.iter().all(|one| routed.leads_to(&one.host))
    };
    let is_led = |routed: &&RoutedService| {
        let is_routed = !routed.variants.is_empty() && !sent.is_empty();
        is_routed && (sent.iter().any(|one| one.is_at(routed)) || is_taken_over(routed))
    };
    let routed = all.iter().find(is_led)?;
    // Weights between the stable pods and a variant's service are those of whoever ramps by them.
    if let Some(other) = sent.iter().find(|one| !one.is_at(routed) && !routed.leads_to(&one.host)) {
        let message = format!(
            "{} divides requests between {} and {}, so that nobody can say where a variant goes; one service for \
             each route would do",
            route.name, routed.host, other.host
        );
        existing.refuse(route, "route", message, problems);
        return None;
    }
    if !sent.iter().any(|one| one.is_stable(routed)) {
        if let Some(variant) =
            needs.variant_routes(routed).iter().find(|variant| matches_itself(route, &variant.header))
        {
            let message = format!(
                "{} matches {} itself; leave that to the routes that are added, and give the file as it was before they were",
                route.name, variant.header
            );
            existing.refuse(route, "match", message, problems);
        } else {
            check_everybody(route, existing, routed, &sent, problems);
        }
        return None;
    }
    let elsewhere = sent.iter().find(|one| one.is_stable(routed) && one.host != routed.host);
    if let Some(one) = elsewhere.filter(|_| !needs.by_tag()) {
        let message = format!(
            "{} leads to {}, and filters that steer by subset or by cluster know {} by its own name alone; steer by tag",
            route.name, one.host, routed.host
        );
        existing.refuse(route, "route", message, problems);
    }
    check_edits(route, existing, problems);
    check_ports(route, existing, routed, problems);
    Some(routed)
}

/// Reports a route by which everybody is led to a variant. One that asks for more than a path is somebody's will.
fn check_everybody(
    route: &Route,
    existing: &VirtualService,
    routed: &RoutedService,
    sent: &[Destination<'_>],
    problems: &mut Problems,
) {
    if takes_everybody(route) {
        let to = sent.iter().map(Destination::name).collect::<Vec<_>>().join(" and ");
        let message = format!(
            "{} leads everybody to {to}, where a variant of {} is, so that requests without a tag meet the variant; lead it to \
             the stable pods, or take the variant out of the policy",
            route.name, routed.host
        );
        existing.refuse(route, "route", message, problems);
    }
}

/// Reports destinations of which nobody can say which header edits are those of a variant.
fn check_edits(route: &Route, existing: &VirtualService, problems: &mut Problems) {
    let edits = edits(route);
    if edits.iter().any(|one| Some(one) != edits.first()) {
        let message = format!(
            "the destinations of {} edit headers each in its own way ({}), so that nobody can say how those for a variant are \
             edited; write what all of them do below `headers` of the route",
            route.name,
            differing(&edits).into_iter().collect::<Vec<_>>().join(", ")
        );
        existing.refuse(route, "route", message, problems);
    }
}

/// Reports stable destinations of which nobody can say which port is that of a variant.
fn check_ports(route: &Route, existing: &VirtualService, routed: &RoutedService, problems: &mut Problems) {
    let sent = sent(route, existing);
    let ports: BTreeSet<String> = sent
        .iter()
        .filter(|one| one.is_stable(routed))
        .map(|one| child(one.node, "port").map_or("none".to_owned(), |port| Yaml::from(port).json()))
        .collect();
    if ports.len() > 1 {
        let ports = ports.into_iter().collect::<Vec<_>>().join(" and ");
        let message = format!(
            "the destinations of {} have several ports ({ports}), so that nobody can say which a variant is called at; one \
             port for each route would do",
            route.name
        );
        existing.refuse(route, "route", message, problems);
    }
}

/// What some of these header edits do and others do not, such as `response add x-served`.
fn differing(edits: &[Option<Yaml>]) -> BTreeSet<String> {
    let each: Vec<BTreeSet<(String, String)>> =
        edits.iter().map(|one| flat(one.as_ref(), "").into_iter().collect()).collect();
    let all = each.iter().flatten();
    let differs = all.filter(|one| !each.iter().all(|edits| edits.contains(*one)));
    differs.map(|(name, _)| name.trim().to_owned()).collect()
}

/// Every leaf of a value, under the keys that lead there.
fn flat(value: Option<&Yaml>, path: &str) -> Vec<(String, String)> {
    match value {
        Some(Yaml::Map(entries)) => {
            entries.iter().flat_map(|(key, value)| flat(Some(value), &format!("{path} {key}"))).collect()
        }
        Some(value) => vec![(path.to_owned(), value.json())],
        None => Vec::new(),
    }
}
