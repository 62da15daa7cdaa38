//! The HTTP connection managers of listeners.

use serde_json::Value;
use weir_policy::At;

/// Every HTTP connection manager, as deep as a listener has it.
pub(crate) fn each_manager(value: &Value, at: &At<'_>, visit: &mut impl FnMut(&Value, &At<'_>)) {
    match value {
        Value::Object(fields) => {
            let is_manager = |type_url: &str| type_url.ends_with(".HttpConnectionManager");
            if fields.get("@type").and_then(Value::as_str).is_some_and(is_manager) {
                return visit(value, at);
            }
            fields.iter().for_each(|(key, value)| each_manager(value, &at.key(key), visit));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| each_manager(item, &at.index(index), visit));
        }
        _ => {}
    }
}
