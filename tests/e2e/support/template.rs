//! The files of `envoy/` with their `${NAME}` placeholders filled in, and the filter's configuration in the forms Envoy takes.

use std::fs;

use serde_json::{Value, json};

use super::artifact;

/// The text of `path` (below the checkout) with each `${NAME}` replaced; panics on a placeholder without a value.
pub fn fill(path: &str, values: &[(&str, &str)]) -> String {
    let path = artifact::root().join(path);
    let mut text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    for (name, value) in values {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    if let Some((_, rest)) = text.split_once("${") {
        let name = rest.split('}').next().unwrap_or(rest);
        panic!("{} has a placeholder ${{{name}}} for which the test gives no value", path.display());
    }
    text
}

/// The envelope as `weir` and Istio send it: a `StringValue` of JSON. For the placeholder `${CONFIGURATION}`.
pub fn string_configuration(envelope: &Value) -> String {
    any("type.googleapis.com/google.protobuf.StringValue", &Value::String(envelope.to_string()))
}

/// The envelope as a person may write it into a bootstrap: a `Struct`. For the placeholder `${CONFIGURATION}`.
pub fn struct_configuration(envelope: &Value) -> String {
    any("type.googleapis.com/google.protobuf.Struct", envelope)
}

// JSON on one line is YAML too.
fn any(type_url: &str, value: &Value) -> String {
    json!({"@type": type_url, "value": value}).to_string()
}
