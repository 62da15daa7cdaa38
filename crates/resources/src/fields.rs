//! Fields of messages of the Envoy API in their JSON.

use serde_json::Value;
use weir_policy::At;

/// A field by its name in the Envoy API, and how it is spelt: JSON of protobuf may also say `virtualHosts`.
pub(crate) fn field<'v>(value: &'v Value, name: &str) -> Option<(&'v str, &'v Value)> {
    let fields = value.as_object()?;
    let mut is_start = false;
    let camel: String = name
        .chars()
        .filter_map(|c| {
            let shown = if is_start { c.to_ascii_uppercase() } else { c };
            is_start = c == '_';
            (c != '_').then_some(shown)
        })
        .collect();
    let (key, value) = fields.get_key_value(name).or_else(|| fields.get_key_value(&camel))?;
    (!value.is_null()).then_some((key, value))
}

/// The elements of a list below a field, each with its place.
pub(crate) fn each(value: &Value, name: &str, at: &At<'_>, mut visit: impl FnMut(&Value, &At<'_>)) {
    let Some((key, Value::Array(items))) = field(value, name) else { return };
    let list = at.key(key);
    items.iter().enumerate().for_each(|(index, item)| visit(item, &list.index(index)));
}
