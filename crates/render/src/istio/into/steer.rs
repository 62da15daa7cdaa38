//! Routes to the variants of a service, made of an existing route: a copy for each that also matches the header that
//! the filter wrote, and leads to the variant's subset or service.

use std::collections::BTreeSet;

use weir_policy::model::RouteTarget;
use weir_policy::{Problems, Spanned, Value};

use super::node::{child, list, text};
use super::virtual_service::{Route, VirtualService};
use crate::istio::routed::RoutedService;
use crate::istio::routes::{RouteNeeds, VariantRoute};
use crate::yaml::{Yaml, map};

/// The service whose stable pods an existing route leads to, if the policy routes it. Reports routes of which nobody can say where
/// a variant goes.
pub(super) fn destination<'a>(
    route: &Route,
    existing: &VirtualService,
    all: &'a [RoutedService],
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
        check_everybody(route, existing, routed, &sent, problems);
        return None;
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
    let asks_for_nothing = |one: &Spanned| {
        let Value::Map(entries) = &one.value else { return true };
        entries.iter().all(|entry| match entry.key.as_str() {
            "name" => true,
            "uri" => text(&entry.node, "prefix") == "/",
            field => child(one, field).is_none(),
        })
    };
    let matches = list(child(&route.node, "match"));
    if matches.is_empty() || matches.iter().any(asks_for_nothing) {
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

/// The number of destinations of a route that are sent something, and the service whose stable pods are among them.
pub(super) fn sent_to<'a>(
    route: &Route,
    existing: &VirtualService,
    all: &'a [RoutedService],
) -> (usize, Option<&'a RoutedService>) {
    let sent = sent(route, existing);
    let is_stable = |routed: &&RoutedService| sent.iter().any(|one| one.is_stable(routed));
    (sent.len(), all.iter().find(is_stable))
}

/// Whether a route of an existing VirtualService leads to a service, or to stable pods of it alone.
pub(super) fn leads_to(existing: &VirtualService, routed: &RoutedService) -> bool {
    existing.routes.iter().flat_map(|route| destinations(route, existing)).any(|one| one.is_at(routed))
}

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
    routed.wide_subsets.iter().any(|wide| wide == named).then(|| {
        format!(
            "leads to the subset {named}, in which pods of {subsets} are as well by its labels; write subset: {subset}"
        )
    })
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
    let copy = |variant| one(route, variant, needs, destination_of(route, existing, routed, variant));
    variants.iter().map(copy).collect()
}

fn one(route: &Route, variant: &VariantRoute, needs: &RouteNeeds, destination: Yaml) -> Yaml {
    let existing = Yaml::from(&route.node);
    let Yaml::Map(entries) = existing else { return Yaml::Null };
    let added = map! {"name" => name_of(route, variant), "match" => matches(child(&route.node, "match"), variant)};
    let rewritten = ["name", "match", "route", "headers"];
    let kept = entries.into_iter().filter(|(key, _)| !rewritten.contains(&key.as_str()));
    let added = kept.fold(added, |added, (key, value)| added.with(&key, Some(value)));
    added.with("headers", headers(child(&route.node, "headers"), needs)).with("route", Some([destination]))
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

/// Where a variant's route leads: as the existing route's own destination there does, if it has one; else as its first stable one,
/// with the variant's subset, or its service in the place of host and subset.
fn destination_of(route: &Route, existing: &VirtualService, routed: &RoutedService, variant: &VariantRoute) -> Yaml {
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
    map! {"destination" => destination}.with("headers", edits(route).first().cloned().flatten())
}

/// The header edits of each destination of the existing route.
fn edits(route: &Route) -> Vec<Option<Yaml>> {
    list(child(&route.node, "route")).iter().map(|node| child(node, "headers").map(Yaml::from)).collect()
}

/// A destination of an existing route.
struct Destination<'a> {
    /// Host, subset and port.
    node: &'a Spanned,
    /// The full name of the host.
    host: String,
    subset: &'a str,
    weight: i64,
}

impl Destination<'_> {
    /// Whether it is the service, or stable pods of it alone under their own name.
    fn is_at(&self, routed: &RoutedService) -> bool {
        routed.is_at(&self.host)
    }

    /// Whether stable pods of the service are there.
    fn is_stable(&self, routed: &RoutedService) -> bool {
        self.is_at(routed) && !(self.host == routed.host && routed.subsets().contains(&self.subset))
    }

    /// Whether a variant's route leads there too.
    fn is_target(&self, target: &RouteTarget, routed: &RoutedService) -> bool {
        match target {
            RouteTarget::Subset(subset) => self.host == routed.host && self.subset == subset,
            RouteTarget::Service(service) => self.host == *service,
        }
    }

    fn name(&self) -> String {
        if self.subset.is_empty() { self.host.clone() } else { format!("{} of {}", self.subset, self.host) }
    }
}

fn destinations<'a>(route: &'a Route, existing: &VirtualService) -> Vec<Destination<'a>> {
    let one = |entry: &'a Spanned| {
        let node = child(entry, "destination")?;
        let weight = child(entry, "weight").map(|weight| &weight.value);
        let weight = if let Some(Value::Int(weight, _)) = weight { *weight } else { 0 };
        Some(Destination { node, host: existing.full_name(text(node, "host")), subset: text(node, "subset"), weight })
    };
    list(child(&route.node, "route")).iter().filter_map(one).collect()
}

/// The destinations that are sent something: Istio passes over those without weight where others have some.
fn sent<'a>(route: &'a Route, existing: &VirtualService) -> Vec<Destination<'a>> {
    let mut all = destinations(route, existing);
    if all.iter().any(|one| one.weight > 0) {
        all.retain(|one| one.weight > 0);
    }
    all
}

fn matches_itself(route: &Route, header: &str) -> bool {
    let Some(Value::List(nodes)) = child(&route.node, "match").map(|node| &node.value) else { return false };
    let names = |node: &Spanned, field| match child(node, field).map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().any(|entry| entry.key.eq_ignore_ascii_case(header)),
        _ => false,
    };
    nodes.iter().any(|node| names(node, "headers") || names(node, "withoutHeaders"))
}
