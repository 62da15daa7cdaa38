//! What stands in an object of Kubernetes: null and what is empty count as absent.

use weir_policy::{Entry, Spanned, Value};

/// The field of an object, if it has one of this name and something in it.
pub(super) fn child<'a>(node: &'a Spanned, name: &str) -> Option<&'a Spanned> {
    let Value::Map(entries) = &node.value else { return None };
    let entry = entries.iter().find(|entry: &&Entry| entry.key == name)?;
    let is_empty = match &entry.node.value {
        Value::Null => true,
        Value::List(nodes) => nodes.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        _ => false,
    };
    (!is_empty).then_some(&entry.node)
}

/// The text of a field; what is none is empty.
pub(super) fn text<'a>(node: &'a Spanned, name: &str) -> &'a str {
    match child(node, name).map(|node| &node.value) {
        Some(Value::Str(text)) => text,
        _ => "",
    }
}

/// The items of a list; what is none has none.
pub(super) fn list(node: Option<&Spanned>) -> &[Spanned] {
    if let Some(Value::List(nodes)) = node.map(|node| &node.value) { nodes } else { &[] }
}
