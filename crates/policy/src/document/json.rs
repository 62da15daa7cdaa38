//! JSON text to [`Spanned`] values by serde_json, keeping what it would silently lose: duplicate keys and places.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::document::{Entry, Path, Position, Problem, SourceId, Spanned, Value, codes};
use crate::limits;

/// Some editors write it in front of a text; it is no part of it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads one JSON document.
pub(crate) fn parse(text: &[u8], source: SourceId) -> Result<Spanned, Problem> {
    let text = text.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(text);
    let node = serde_json::from_slice(text).map_err(|error| {
        let mut message = error.to_string();
        // serde_json's own bound of 128 levels keeps its recursion safe.
        let code = if message.contains("recursion limit") { codes::TOO_DEEP } else { codes::SYNTAX };
        // serde_json appends the place, which the problem carries by itself.
        if let Some(end) = message.rfind(" at line ") {
            message.truncate(end);
        }
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
        let column = u32::try_from(error.column()).unwrap_or(u32::MAX).max(1);
        let position = Some(Position { line, column });
        Problem { code, source, path: Path::default(), position, message: format!("not JSON: {message}") }
    })?;
    if depth(&node) > limits::DOCUMENT_DEPTH_MAX {
        let message = format!("nested too deep; at most {} levels", limits::DOCUMENT_DEPTH_MAX);
        return Err(Problem { code: codes::TOO_DEEP, source, path: Path::default(), position: None, message });
    }
    Ok(node)
}

fn depth(node: &Spanned) -> usize {
    let inner = match &node.value {
        Value::List(nodes) => nodes.iter().map(depth).max(),
        Value::Map(entries) => entries.iter().map(|entry| depth(&entry.node)).max(),
        _ => return 0,
    };
    inner.unwrap_or(0).saturating_add(1)
}

impl<'de> Deserialize<'de> for Spanned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Spanned, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Spanned::from)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Value::Float(value.to_string()), Value::int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Str(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Str(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = seq.next_element()? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry()? {
            entries.push(Entry { key, key_position: None, node });
        }
        Ok(Value::Map(entries))
    }
}

/// The tree of a text that [`parse`] accepts: its places, without its scalars.
///
/// Each level is read again as raw slices of the text, whose addresses tell their offsets.
pub(crate) fn places(text: &str) -> Option<Spanned> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let raw = serde_json::from_str(text).ok()?;
    Walk { text, offset: 0, position: Position { line: 1, column: 1 } }.node(raw)
}

/// A walk through a text, forward only, so that all places together cost one pass.
struct Walk<'a> {
    text: &'a str,
    offset: usize,
    position: Position,
}

impl Walk<'_> {
    fn node(&mut self, raw: &RawValue) -> Option<Spanned> {
        let position = self.to(self.offset_of(raw.get())?);
        let value = match raw.get().as_bytes().first() {
            Some(b'{') => {
                let entries: Entries<'_> = serde_json::from_str(raw.get()).ok()?;
                Value::Map(entries.0.into_iter().map(|(key, raw)| self.entry(key, raw)).collect::<Option<_>>()?)
            }
            Some(b'[') => {
                let list: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
                Value::List(list.into_iter().map(|raw| self.node(raw)).collect::<Option<_>>()?)
            }
            _ => Value::Null,
        };
        Some(Spanned { value, position: Some(position) })
    }

    fn entry(&mut self, key: Key<'_>, raw: &RawValue) -> Option<Entry> {
        // Only a key without escapes lies in the text as it reads; its quote stands before it.
        let key_position = match key.0 {
            Cow::Borrowed(key) => Some(self.to(self.offset_of(key)?.checked_sub(1)?)),
            Cow::Owned(_) => None,
        };
        let node = self.node(raw)?;
        Some(Entry { key: key.0.into_owned(), key_position: key_position.or(node.position), node })
    }

    fn offset_of(&self, part: &str) -> Option<usize> {
        (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)
    }

    fn to(&mut self, offset: usize) -> Position {
        for c in self.text.get(self.offset..offset).unwrap_or_default().chars() {
            let Position { line, column } = self.position;
            self.position = match c {
                '\n' => Position { line: line.saturating_add(1), column: 1 },
                _ => Position { line, column: column.saturating_add(1) },
            };
        }
        self.offset = offset;
        self.position
    }
}

/// The place behind the first bytes of a text.
pub(crate) fn position_after(text: &str, bytes: usize) -> Position {
    Walk { text, offset: 0, position: Position { line: 1, column: 1 } }.to(bytes)
}

struct Entries<'a>(Vec<(Key<'a>, &'a RawValue)>);

/// A key, borrowed from the text where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests;
