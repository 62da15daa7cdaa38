//! Routes to the variants of a service, made of an existing route: a copy for each that also matches the header that
//! the filter wrote, and leads to the variant's subset or service.

use std::collections::BTreeSet;

use weir_policy::model::RouteTarget;
use weir_policy::{Problems, Spanned, Value};

use super::read::{Route, VirtualService, child};
use crate::istio::routed::RoutedService;
use crate::istio::routes::{RouteNeeds, VariantRoute};
use crate::yaml::{Yaml, map};

/// The service that an existing route leads to, if the policy routes it. Reports routes of which nobody can say where a
/// variant goes.
pub(super) fn destination<'a>(
    route: &Route,
    existing: &VirtualService,
    all: &'a [RoutedService],
    problems: &mut Problems,
) -> Option<&'a RoutedService> {
    let destinations = destinations(route);
    let hosts = hosts(route, existing);
    let is_at = |routed: &&RoutedService| !routed.variants.is_empty() && hosts.iter().any(|host| routed.is_at(host));
    let routed = all.iter().find(is_at)?;
    // Weights between the stable pods and a variant's service are those of whoever ramps by them.
    if let Some(other) = hosts.iter().find(|host| !routed.is_at(host) && !routed.leads_to(host)) {
        let message = format!(
            "{} divides requests between {} and {other}, so that nobody can say where a variant goes; one service for \
             each route would do",
            route.name, routed.host
        );
        existing.refuse(route, "route", message, problems);
        return None;
    }
    for one in destinations.into_iter().filter(|one| existing.full_name(text(one, "host")) == routed.host) {
        if let Some(message) = leads_to_all_pods(one, routed) {
            existing.refuse(route, "route", format!("{} {message}", route.name), problems);
        }
    }
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
    Some(routed)
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

/// The full names of the hosts that a route leads to.
pub(super) fn hosts(route: &Route, existing: &VirtualService) -> Vec<String> {
    destinations(route).into_iter().map(|one| existing.full_name(text(one, "host"))).collect()
}

/// Whether a route of an existing VirtualService leads to a service.
pub(super) fn leads_to(existing: &VirtualService, routed: &RoutedService) -> bool {
    existing.routes.iter().flat_map(|route| hosts(route, existing)).any(|host| routed.is_at(&host))
}

/// Reports what leads to a service of the policy and is no HTTP route: copies of requests, TLS and TCP. It follows no tag, and
/// must not reach the pods of variants.
pub(super) fn check_others(existing: &VirtualService, all: &[RoutedService], problems: &mut Problems) {
    let mut check = |list: &str, index: usize, field: &str, what: &str, destination: Option<&Spanned>| {
        let Some(destination) = destination else { return };
        let host = existing.full_name(text(destination, "host"));
        let Some(routed) = all.iter().find(|routed| routed.is_at(&host)) else { return };
        if let Some(message) = leads_to_all_pods(destination, routed) {
            existing.refuse_in(list, index, field, format!("{what} {message}"), problems);
        }
    };
    for route in &existing.routes {
        let what = format!("the mirror of {}", route.name);
        check("http", route.index, "mirror", &what, child(&route.node, "mirror"));
        for one in list(child(&route.node, "mirrors")) {
            check("http", route.index, "mirrors", &what, child(one, "destination"));
        }
    }
    for (name, routes) in [("tls", &existing.tls), ("tcp", &existing.tcp)] {
        for (index, route) in routes.iter().enumerate() {
            for one in list(child(route, "route")) {
                check(name, index, "route", &format!("{name}[{index}]"), child(one, "destination"));
            }
        }
    }
}

fn list(node: Option<&Spanned>) -> &[Spanned] {
    if let Some(Value::List(nodes)) = node.map(|node| &node.value) { nodes } else { &[] }
}

/// What is wrong with a destination that names no subset of a service that has some.
fn leads_to_all_pods(destination: &Spanned, routed: &RoutedService) -> Option<String> {
    if !text(destination, "subset").is_empty() || routed.subsets().is_empty() {
        return None;
    }
    let subset = if routed.service.stable.is_some() { "stable" } else { "NAME, one that only stable pods are in" };
    let (host, subsets) = (&routed.host, routed.subsets().join(" and "));
    Some(format!("leads to all pods of {host}, those of {subsets} as well; write subset: {subset}"))
}

/// The routes to add before an existing one, for the variants of the service that it leads to.
pub(super) fn routes(
    route: &Route,
    existing: &VirtualService,
    routed: &RoutedService,
    needs: &RouteNeeds,
    problems: &mut Problems,
) -> Vec<Yaml> {
    let variants = needs.variant_routes(routed);
    for variant in &variants {
        let name = name_of(route, variant);
        let taken = existing
            .routes
            .iter()
            .any(|other| other.name == name || (other.index != route.index && other.name == route.name));
        if taken {
            let message = format!(
                "the name {name} is taken, or {} is the name of two routes; give the file as it was before routes \
                 were added, and every route a name of its own",
                route.name
            );
            existing.refuse(route, "name", message, problems);
            return Vec::new();
        }
        if matches_itself(route, &variant.header) {
            let message = format!(
                "{} matches {} itself; leave that to the routes that are added, or leave this service out of the policy",
                route.name, variant.header
            );
            existing.refuse(route, "match", message, problems);
            return Vec::new();
        }
    }
    variants.iter().map(|variant| one(route, variant, needs)).collect()
}

fn one(route: &Route, variant: &VariantRoute, needs: &RouteNeeds) -> Yaml {
    let existing = Yaml::from(&route.node);
    let Yaml::Map(entries) = existing else { return Yaml::Null };
    let added = map! {"name" => name_of(route, variant), "match" => matches(child(&route.node, "match"), variant)};
    let rewritten = ["name", "match", "route", "headers"];
    let kept = entries.into_iter().filter(|(key, _)| !rewritten.contains(&key.as_str()));
    let added = kept.fold(added, |added, (key, value)| added.with(&key, Some(value)));
    added
        .with("headers", headers(child(&route.node, "headers"), needs))
        .with("route", Some([destination_of(route, variant)]))
}

fn name_of(route: &Route, variant: &VariantRoute) -> String {
    format!("{}/{}", route.name, variant.name)
}

/// The matches of the existing route, each with the variant's header beside it.
fn matches(existing: Option<&Spanned>, variant: &VariantRoute) -> Vec<Yaml> {
    let added = || (variant.header.clone(), variant.matches.clone());
    let one = |node: &Spanned| {
        let mut entries = entries_of(Yaml::from(node));
        if let Yaml::Map(headers) = field(&mut entries, "headers", Yaml::Map(Vec::new())) {
            headers.push(added());
        }
        Yaml::Map(entries)
    };
    match existing.map(|node| &node.value) {
        Some(Value::List(nodes)) if !nodes.is_empty() => nodes.iter().map(one).collect(),
        _ => vec![map! {"headers" => Yaml::Map(vec![added()])}],
    }
}

fn entries_of(value: Yaml) -> Vec<(String, Yaml)> {
    if let Yaml::Map(entries) = value { entries } else { Vec::new() }
}

/// The header edits of the existing route, and the removal of headers that are written for routes alone.
fn headers(existing: Option<&Spanned>, needs: &RouteNeeds) -> Option<Yaml> {
    let Some(existing) = existing else { return needs.headers() };
    let Yaml::Map(mut entries) = Yaml::from(existing) else { return needs.headers() };
    let remove: Vec<Yaml> = needs.remove.iter().map(Yaml::from).collect();
    if remove.is_empty() {
        return Some(Yaml::Map(entries));
    }
    let request = field(&mut entries, "request", Yaml::Map(Vec::new()));
    if let Yaml::Map(request) = request
        && let Yaml::List(list) = field(request, "remove", Yaml::List(Vec::new()))
    {
        list.extend(remove);
    }
    Some(Yaml::Map(entries))
}

/// A field to be filled in; what is null counts as absent.
fn field<'a>(entries: &'a mut Vec<(String, Yaml)>, name: &str, absent: Yaml) -> &'a mut Yaml {
    entries.retain(|(key, value)| key != name || *value != Yaml::Null);
    let index = entries.iter().position(|(key, _)| key == name).unwrap_or_else(|| {
        entries.push((name.to_owned(), absent));
        entries.len() - 1
    });
    &mut entries[index].1
}

/// The destination of the existing route with the variant's subset, or with its service in the place of host and subset. Of
/// several, which differ in subset and weight, the first.
fn destination_of(route: &Route, variant: &VariantRoute) -> Yaml {
    let destinations = destinations(route);
    let entries = destinations.first().map(|node| entries_of(Yaml::from(*node))).unwrap_or_default();
    let kept = entries.into_iter().filter(|(key, _)| key != "subset");
    let destination = match &variant.target {
        RouteTarget::Subset(subset) => Yaml::Map(kept.collect()).with("subset", Some(subset)),
        RouteTarget::Service(service) => {
            let kept = kept.filter(|(key, _)| key != "host");
            [("host".to_owned(), Yaml::from(service))].into_iter().chain(kept).collect()
        }
    };
    map! {"destination" => destination}.with("headers", edits(route).first().cloned().flatten())
}

/// The header edits of each destination of the existing route.
fn edits(route: &Route) -> Vec<Option<Yaml>> {
    list(child(&route.node, "route")).iter().map(|node| child(node, "headers").map(Yaml::from)).collect()
}

fn destinations(route: &Route) -> Vec<&Spanned> {
    list(child(&route.node, "route")).iter().filter_map(|node| child(node, "destination")).collect()
}

fn matches_itself(route: &Route, header: &str) -> bool {
    let Some(Value::List(nodes)) = child(&route.node, "match").map(|node| &node.value) else { return false };
    let names = |node: &Spanned, field| match child(node, field).map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().any(|entry| entry.key.eq_ignore_ascii_case(header)),
        _ => false,
    };
    nodes.iter().any(|node| names(node, "headers") || names(node, "withoutHeaders"))
}

fn text<'a>(node: &'a Spanned, name: &str) -> &'a str {
    match child(node, name).map(|node| &node.value) {
        Some(Value::Str(text)) => text,
        _ => "",
    }
}
