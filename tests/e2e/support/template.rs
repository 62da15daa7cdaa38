//! The files of `envoy/` with their `${NAME}` placeholders filled in, and the filter's configuration in the forms Envoy takes.

use std::fs;

use serde_json::{Value, json};

use super::artifact;

/// The text of a file below the checkout.
pub fn text(path: &str) -> String {
    let path = artifact::root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// The text with each `${NAME}` replaced; panics on a placeholder without a value.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let text = values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
    if let Some((_, rest)) = text.split_once("${") {
        panic!("a placeholder {} has no value", rest.split('}').next().unwrap_or(rest));
    }
    text
}

/// The text with the one place that reads `old` changed; panics if there is not exactly one.
pub fn replaced(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "{old:?} in\n{text}");
    text.replace(old, new)
}

/// The envelope as `weir` and Istio send it: a `StringValue` of JSON. For the placeholder `${CONFIGURATION}`.
pub fn string_configuration(envelope: &Value) -> String {
    text_configuration(&envelope.to_string())
}

/// Any text in the place of an envelope.
pub fn text_configuration(text: &str) -> String {
    any("type.googleapis.com/google.protobuf.StringValue", &json!(text))
}

/// The envelope as a person may write it into a bootstrap: a `Struct`. For the placeholder `${CONFIGURATION}`.
pub fn struct_configuration(envelope: &Value) -> String {
    any("type.googleapis.com/google.protobuf.Struct", envelope)
}

// JSON on one line is YAML too.
fn any(type_url: &str, value: &Value) -> String {
    json!({"@type": type_url, "value": value}).to_string()
}
