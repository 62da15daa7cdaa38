//! Routes of a VirtualService that Istio makes for every proxy that the VirtualService is for.

use weir_policy::{Spanned, Value};

use super::node::{child, list};
use super::virtual_service::Route;

/// Fields of a match by which Istio leaves a route out where it cannot match.
const NARROWING: [&str; 4] = ["gateways", "port", "sourceLabels", "sourceNamespace"];

/// These routes, without those that only some proxies have, or none because one before takes every request.
pub(super) fn everywhere(routes: &[Route]) -> impl Iterator<Item = &Route> {
    let end = routes.iter().position(takes_all).map_or(routes.len(), |last| last.saturating_add(1));
    routes.iter().take(end).filter(|route| !matches(route).iter().any(|one| NARROWING.iter().any(|key| has(one, key))))
}

/// Whether it takes requests whatever they are, of every proxy.
pub(super) fn takes_everybody(route: &Route) -> bool {
    let asks_for_nothing = |one: &Spanned| {
        let Value::Map(entries) = &one.value else { return true };
        entries.iter().all(|entry| match entry.key.as_str() {
            "name" | "ignoreUriCase" => true,
            "uri" => is_any_path(&entry.node),
            field => !has(one, field),
        })
    };
    let matches = matches(route);
    matches.is_empty() || matches.iter().any(asks_for_nothing)
}

/// Whether a match of a path is one of all paths.
fn is_any_path(uri: &Spanned) -> bool {
    let Value::Map(entries) = &uri.value else { return true };
    entries.iter().all(|entry| match (entry.key.as_str(), &entry.node.value) {
        ("prefix", Value::Str(prefix)) => ["", "/"].contains(&prefix.as_str()),
        ("regex", Value::Str(regex)) => {
            let regex = regex.trim_start_matches('^').trim_end_matches('$');
            ["*", ".*", ".+", "/.*", "/?.*", "(.*)", "/(.*)"].contains(&regex)
        }
        (_, value) => *value == Value::Null,
    })
}

/// Whether it takes every request, if only at some proxies: Istio leaves out what stands behind.
fn takes_all(route: &Route) -> bool {
    let matches = matches(route);
    matches.is_empty() || matches.iter().any(matches_all)
}

fn matches_all(one: &Spanned) -> bool {
    let Value::Map(entries) = &one.value else { return true };
    let narrows = |key: &str| key != "name" && key != "uri" && !NARROWING.contains(&key) && has(one, key);
    let uri = child(one, "uri");
    let is = |key, text: &str| {
        uri.and_then(|uri| child(uri, key)).is_some_and(|node| node.value == Value::Str(text.to_owned()))
    };
    let is_any_path = uri.is_none() || is("prefix", "/") || is("regex", ".*") || is("regex", "*");
    is_any_path && !entries.iter().any(|entry| narrows(&entry.key))
}

fn matches(route: &Route) -> &[Spanned] {
    list(child(&route.node, "match"))
}

fn has(one: &Spanned, key: &str) -> bool {
    child(one, key).is_some()
}
