//! Routes to the variants of a service, made of an existing route: a copy for each that also matches the header that
//! the filter wrote, and leads to the variant's subset or service.

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
    if child(&route.node, "delegate").is_some() {
        let message = format!("{} delegates; give the VirtualService that it delegates to", route.name);
        existing.refuse(route, "delegate", message, problems);
        return None;
    }
    let destinations = destinations(route);
    let hosts: Vec<String> = destinations.iter().map(|one| existing.full_name(text(one, "host"))).collect();
    let routed = all.iter().find(|routed| !routed.variants.is_empty() && hosts.contains(&routed.host))?;
    if let Some(other) = hosts.iter().find(|host| **host != routed.host) {
        let message = format!(
            "{} divides requests between {} and {other}, so that nobody can say where a variant goes; one service for \
             each route would do",
            route.name, routed.host
        );
        existing.refuse(route, "route", message, problems);
        return None;
    }
    for one in destinations {
        if text(one, "subset").is_empty() && !routed.subsets().is_empty() {
            let message = format!(
                "{} leads to all pods of {}, those of {} as well; write subset: {}",
                route.name,
                routed.host,
                routed.subsets().join(" and "),
                if routed.service.stable.is_some() { "stable" } else { "NAME, one that only stable pods are in" }
            );
            existing.refuse(route, "route", message, problems);
        }
    }
    Some(routed)
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
        let Yaml::Map(mut entries) = Yaml::from(node) else { return Yaml::Map(Vec::new()) };
        match entries.iter_mut().find(|(key, _)| key == "headers") {
            Some((_, Yaml::Map(headers))) => headers.push(added()),
            _ => entries.push(("headers".to_owned(), Yaml::Map(vec![added()]))),
        }
        Yaml::Map(entries)
    };
    match existing.map(|node| &node.value) {
        Some(Value::List(nodes)) if !nodes.is_empty() => nodes.iter().map(one).collect(),
        _ => vec![map! {"headers" => Yaml::Map(vec![added()])}],
    }
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

fn field<'a>(entries: &'a mut Vec<(String, Yaml)>, name: &str, absent: Yaml) -> &'a mut Yaml {
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
    let entries = match destinations.first().map(|node| Yaml::from(*node)) {
        Some(Yaml::Map(entries)) => entries,
        _ => Vec::new(),
    };
    let kept = entries.into_iter().filter(|(key, _)| key != "subset");
    let destination = match &variant.target {
        RouteTarget::Subset(subset) => Yaml::Map(kept.collect()).with("subset", Some(subset)),
        RouteTarget::Service(service) => {
            let kept = kept.filter(|(key, _)| key != "host");
            [("host".to_owned(), Yaml::from(service))].into_iter().chain(kept).collect()
        }
    };
    let headers = match child(&route.node, "route").map(|node| &node.value) {
        Some(Value::List(nodes)) if nodes.len() == 1 => nodes.first().and_then(|node| child(node, "headers")),
        _ => None,
    };
    map! {"destination" => destination}.with("headers", headers.map(Yaml::from))
}

fn destinations(route: &Route) -> Vec<&Spanned> {
    match child(&route.node, "route").map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes.iter().filter_map(|node| child(node, "destination")).collect(),
        _ => Vec::new(),
    }
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
