//! JSON by RFC 8785: the keys of an object sorted, no blanks, the fewest escapes.

use std::collections::BTreeMap;

/// An object being written: the text of each value by its key. Keys are sorted by their bytes, which is RFC 8785's order by
/// UTF-16 units as long as they are ASCII; every key here is.
#[derive(Default)]
pub(super) struct Object<'a>(BTreeMap<&'a str, String>);

impl<'a> Object<'a> {
    /// With one more field.
    pub(super) fn with(self, key: &'a str, value: String) -> Object<'a> {
        self.with_some(key, Some(value))
    }

    /// With one more field, if it has a value.
    pub(super) fn with_some(mut self, key: &'a str, value: Option<String>) -> Object<'a> {
        if let Some(value) = value {
            self.0.insert(key, value);
        }
        self
    }

    /// The object, if it has any field.
    pub(super) fn non_empty(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.text())
    }

    /// The object.
    pub(super) fn text(self) -> String {
        let fields = self.0.into_iter().map(|(key, value)| [string(key), value].join(":"));
        enclosed('{', fields, '}')
    }
}

/// A list.
pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    enclosed('[', items, ']')
}

/// A text.
pub(super) fn string(text: &str) -> String {
    // serde_json escapes what must be escaped, in the forms that RFC 8785 asks for.
    serde_json::Value::from(text).to_string()
}

fn enclosed(open: char, items: impl Iterator<Item = String>, close: char) -> String {
    let mut text = String::from(open);
    for (i, item) in items.enumerate() {
        if i > 0 {
            text.push(',');
        }
        text.push_str(&item);
    }
    text.push(close);
    text
}
