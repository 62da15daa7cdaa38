//! The documents of an Envoy without Istio: the filter, and routes to the variants of services.

use serde_json::json;

use crate::filter::{FilterSpec, STRING};
use crate::yaml::{Yaml, map};

mod domains;
mod routes;

pub use routes::{check_targets, routes};

/// A file for ECDS with the filter, as Envoy's `path_config_source` reads it.
pub fn ecds(filter: &FilterSpec<'_>) -> String {
    let resource = map! {"@type" => "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"};
    map! {"resources" => [resource.and(filter.to_yaml())]}.text()
}

/// The filter's `configuration` as one line of JSON, which is YAML too.
pub fn configuration(envelope: &str) -> String {
    json!({"@type": STRING, "value": envelope}).to_string() + "\n"
}

/// An entry of `http_filters` with the filter and its policy in it, for a bootstrap without ECDS.
pub fn http_filters_entry(filter: &FilterSpec<'_>) -> String {
    Yaml::List(vec![filter.to_yaml()]).text()
}
