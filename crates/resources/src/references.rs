//! What resources ask for by name from the server that they come from: filters, route configurations and endpoints.

use serde_json::Value;
use weir_policy::{At, Path, SourceId};
use weir_xds::ResourceKind;

use crate::fields::{each, field};
use crate::managers::each_manager;

/// What a resource asks for by ADS.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Of what is asked for.
    pub kind: ResourceKind,
    /// Of what is asked for.
    pub name: String,
    /// The name of the listener or cluster that asks.
    pub by: String,
    /// The text that it stands in.
    pub source: SourceId,
    /// Where in the text.
    pub path: Path,
}

/// Adds what a resource asks for. What it takes from elsewhere than ADS is none of it.
pub(crate) fn add(kind: ResourceKind, name: &str, resource: &Value, at: &At<'_>, found: &mut Vec<Reference>) {
    let mut add = |kind, wanted: &str, at: &At<'_>| {
        let (source, path) = at.path();
        found.push(Reference { kind, name: wanted.to_owned(), by: name.to_owned(), source, path });
    };
    match kind {
        ResourceKind::Listener => each_manager(resource, at, &mut |manager, at| of_manager(manager, at, &mut add)),
        ResourceKind::Cluster => of_cluster(name, resource, at, &mut add),
        _ => {}
    }
}

fn of_manager(manager: &Value, at: &At<'_>, add: &mut impl FnMut(ResourceKind, &str, &At<'_>)) {
    let mut routes = |value: &Value, field: &str, at: &At<'_>| {
        if let Some((key, name)) = text(value, field) {
            add(ResourceKind::Route, name, &at.key(key));
        }
    };
    if let Some((key, rds)) = field(manager, "rds").filter(|(_, rds)| is_ads(rds, "config_source")) {
        routes(rds, "route_config_name", &at.key(key));
    }
    if let Some((key, scoped)) = field(manager, "scoped_routes").filter(|(_, one)| is_ads(one, "rds_config_source")) {
        let at = at.key(key);
        if let Some((key, list)) = field(scoped, "scoped_route_configurations_list") {
            each(list, "scoped_route_configurations", &at.key(key), |scope, at| {
                routes(scope, "route_configuration_name", at);
            });
        }
    }
    each(manager, "http_filters", at, |filter, at| {
        let discovery = field(filter, "config_discovery").filter(|(_, discovery)| is_ads(discovery, "config_source"));
        let has_types = |discovery: &Value| {
            let types = field(discovery, "type_urls").and_then(|(_, types)| types.as_array());
            types.is_some_and(|types| !types.is_empty())
        };
        if discovery.is_some_and(|(_, discovery)| has_types(discovery))
            && let Some((key, name)) = text(filter, "name")
        {
            add(ResourceKind::Extension, name, &at.key(key));
        }
    });
}

fn of_cluster(name: &str, cluster: &Value, at: &At<'_>, add: &mut impl FnMut(ResourceKind, &str, &At<'_>)) {
    let is_eds = field(cluster, "type").is_some_and(|(_, kind)| *kind == "EDS" || *kind == 3);
    let Some((key, eds)) = field(cluster, "eds_cluster_config").filter(|(_, eds)| is_eds && is_ads(eds, "eds_config"))
    else {
        return;
    };
    match text(eds, "service_name") {
        Some((service_key, service)) => add(ResourceKind::Endpoints, service, &at.key(key).key(service_key)),
        None => add(ResourceKind::Endpoints, name, &at.key("name")),
    }
}

/// A text that is not empty.
fn text<'v>(value: &'v Value, name: &str) -> Option<(&'v str, &'v str)> {
    let (key, value) = field(value, name)?;
    value.as_str().filter(|text| !text.is_empty()).map(|text| (key, text))
}

fn is_ads(value: &Value, source: &str) -> bool {
    field(value, source).is_some_and(|(_, source)| field(source, "ads").is_some())
}
