//! Routes to the variants of a service, made of an existing route: a copy for each that also matches the header that
//! the filter wrote, and leads to the variant's subset or service.

use weir_policy::model::RouteTarget;
use weir_policy::{Problems, Spanned, Value};

use super::destination::{destinations, edits, sent};
use super::node::{child, list, text};
use super::virtual_service::{Route, VirtualService};
use crate::istio::routed::RoutedService;
use crate::istio::routes::{RouteNeeds, VariantRoute};
use crate::yaml::{Yaml, map};

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
        let taken = existing.called(&name) > 0 || existing.called(&route.name) > 1;
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
    // A route that has headers of its own, though none in them, does not get those of whoever delegates to it.
    let has_others = existing.hosts.is_empty() && own_headers(route).is_none();
    let (of_route, of_destination) = if has_others { (None, Some(needs)) } else { (Some(needs), None) };
    let copy =
        |variant| one(route, variant, of_route, destination_of(route, existing, routed, variant, of_destination));
    variants.iter().map(copy).collect()
}

fn one(route: &Route, variant: &VariantRoute, needs: Option<&RouteNeeds>, destination: Yaml) -> Yaml {
    let existing = Yaml::from(&route.node);
    let Yaml::Map(entries) = existing else { return Yaml::Null };
    let added = map! {"name" => name_of(route, variant), "match" => matches(child(&route.node, "match"), variant)};
    let rewritten = ["name", "match", "route", "headers"];
    let kept = entries.into_iter().filter(|(key, _)| !rewritten.contains(&key.as_str()));
    let added = kept.fold(added, |added, (key, value)| added.with(&key, Some(value)));
    let headers = needs.and_then(|needs| headers(own_headers(route), needs));
    added.with("headers", headers).with("route", Some([destination]))
}

/// The header edits of a route, which may be none.
fn own_headers(route: &Route) -> Option<Yaml> {
    let Value::Map(entries) = &route.node.value else { return None };
    let headers = entries.iter().find(|entry| entry.key == "headers")?;
    matches!(headers.node.value, Value::Map(_)).then(|| Yaml::from(&headers.node))
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
    match list(existing) {
        [] => vec![map! {"headers" => Yaml::Map(vec![added()])}],
        nodes => nodes.iter().map(one).collect(),
    }
}

fn entries_of(value: Yaml) -> Vec<(String, Yaml)> {
    if let Yaml::Map(entries) = value { entries } else { Vec::new() }
}

/// The header edits of the existing route or of its destinations, and the removal of headers that are written for routes alone.
fn headers(existing: Option<Yaml>, needs: &RouteNeeds) -> Option<Yaml> {
    let Some(Yaml::Map(mut entries)) = existing else { return needs.headers() };
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

/// Where a variant's route leads: as the existing route's own destination there does, if it has one; else as its first stable one,
/// with the variant's subset, or its service in the place of host and subset.
fn destination_of(
    route: &Route,
    existing: &VirtualService,
    routed: &RoutedService,
    variant: &VariantRoute,
    needs: Option<&RouteNeeds>,
) -> Yaml {
    let all = destinations(route, existing);
    let own = all.iter().find(|one| one.is_target(&variant.target, routed));
    let stable = sent(route, existing).into_iter().find(|one| one.is_stable(routed));
    let pattern = own.or(stable.as_ref());
    let entries = pattern.map(|one| entries_of(Yaml::from(one.node))).unwrap_or_default();
    let written =
        pattern.filter(|one| one.host == routed.host).map_or(routed.host.as_str(), |one| text(one.node, "host"));
    let (host, subset) = match &variant.target {
        RouteTarget::Subset(subset) => (written, Some(subset)),
        RouteTarget::Service(service) => (service.as_str(), None),
    };
    let kept = entries.into_iter().filter(|(key, _)| key != "subset");
    let led = kept.map(|(key, value)| if key == "host" { (key, Yaml::from(host)) } else { (key, value) });
    let destination = led.collect::<Yaml>().with("subset", subset);
    let edits = edits(route).first().cloned().flatten();
    let edits = if let Some(needs) = needs { headers(edits, needs) } else { edits };
    map! {"destination" => destination}.with("headers", edits)
}

pub(super) fn matches_itself(route: &Route, header: &str) -> bool {
    let names = |node: &Spanned, field| match child(node, field).map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().any(|entry| entry.key.eq_ignore_ascii_case(header)),
        _ => false,
    };
    list(child(&route.node, "match")).iter().any(|node| names(node, "headers") || names(node, "withoutHeaders"))
}
