//! A document as it was written: values, keys in their order (duplicates included) and, from YAML, their places.

use crate::document::{Path, Position, Step};

/// A value and where it starts. JSON records no places; [`crate::Source`] finds them where there are problems.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned {
    /// What stands there.
    pub value: Value,
    /// Where it starts, if known.
    pub position: Option<Position>,
}

/// What a document can hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of 64 bits, and how it was typed where it would be printed otherwise.
    Int(i64, Option<Box<Spelling>>),
    /// Any other number, as far as it can be shown.
    Float(String),
    /// Text.
    Str(String),
    /// A list.
    List(Vec<Spanned>),
    /// An object: entries in their order.
    Map(Vec<Entry>),
    /// Something that has been reported already and must not be reported again.
    Unreadable,
}

/// How a number was typed, such as `007` or `0x1F`.
#[derive(Clone, Debug, PartialEq)]
pub struct Spelling(pub String);

/// One entry of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key starts, if known.
    pub key_position: Option<Position>,
    /// The value.
    pub node: Spanned,
}

impl From<Value> for Spanned {
    fn from(value: Value) -> Spanned {
        Spanned { value, position: None }
    }
}

impl Value {
    /// An integer that is typed as it is printed.
    pub fn int(value: i64) -> Value {
        Value::Int(value, None)
    }

    /// What a person would call it, for messages.
    pub fn describe(&self) -> String {
        match self {
            Value::Null => "nothing".to_owned(),
            Value::Bool(b) => b.to_string(),
            Value::Int(value, None) => value.to_string(),
            Value::Int(_, Some(spelling)) => spelling.0.clone(),
            Value::Float(text) => text.clone(),
            Value::Str(text) => format!("{:?}", shorten(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "an object".to_owned(),
            Value::Unreadable => "something unreadable".to_owned(),
        }
    }
}

/// At most 60 characters of a text: messages quote, they do not copy whole files.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The place of `path` in a tree that records places: the nearest one that exists on the way.
pub(crate) fn locate(root: &Spanned, path: &Path, want_key: bool) -> Option<Position> {
    let mut node = root;
    let mut found = root.position;
    for (i, step) in path.0.iter().enumerate() {
        let last = i.saturating_add(1) == path.0.len();
        match (step, &node.value) {
            (Step::Key(key), Value::Map(entries)) => {
                // The last of duplicates is the one too many.
                let Some(entry) = entries.iter().rev().find(|entry| entry.key == *key) else { return found };
                node = &entry.node;
                found = if last && want_key { entry.key_position } else { node.position };
            }
            (Step::Index(index), Value::List(nodes)) => {
                let Some(next) = nodes.get(*index) else { return found };
                node = next;
                found = node.position;
            }
            _ => return found,
        }
    }
    found
}
