//! The log of `weir serve --log json`: one object a line. Tests look for events by name and fields, never for sentences.

use serde_json::{Map, Value};

/// One line of the log.
#[derive(Clone, Debug)]
pub struct Event(Map<String, Value>);

impl Event {
    /// Panics if it is no object, such as the message of a panic.
    #[track_caller]
    pub fn read(line: &str) -> Self {
        Self(serde_json::from_str(line).unwrap_or_else(|error| panic!("no event but {line:?}: {error}")))
    }

    /// One of its fields, of which `time` and `event` are two; all of them are texts.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }
}

/// Which events are meant.
#[derive(Clone, Debug)]
pub struct EventMatch {
    names: Vec<&'static str>,
    fields: Vec<(&'static str, FieldMatch)>,
}

#[derive(Clone, Debug)]
enum FieldMatch {
    Exact(String),
    Contains(String),
}

/// Events of this name.
pub fn event(name: &'static str) -> EventMatch {
    EventMatch { names: vec![name], fields: Vec::new() }
}

/// A revision is served to everybody.
pub fn served(revision: &str) -> EventMatch {
    event("served").with("revision", revision)
}

/// A node took the filter of a revision.
pub fn acked(node: &str, revision: &str) -> EventMatch {
    event("acked").with("node", node).with("type", "ecds").with("revision", revision)
}

impl EventMatch {
    /// Events of another name too.
    pub fn or(mut self, name: &'static str) -> Self {
        self.names.push(name);
        self
    }

    /// Only those with just this in a field.
    pub fn with(mut self, field: &'static str, value: &str) -> Self {
        self.fields.push((field, FieldMatch::Exact(value.to_owned())));
        self
    }

    /// Only those with this somewhere in a field.
    pub fn containing(mut self, field: &'static str, part: &str) -> Self {
        self.fields.push((field, FieldMatch::Contains(part.to_owned())));
        self
    }

    /// Whether an event is one of these.
    pub fn matches(&self, event: &Event) -> bool {
        let has_name = event.field("event").is_some_and(|name| self.names.contains(&name));
        has_name
            && self.fields.iter().all(|(field, wanted)| match (event.field(field), wanted) {
                (Some(value), FieldMatch::Exact(wanted)) => value == wanted,
                (Some(value), FieldMatch::Contains(part)) => value.contains(part),
                (None, _) => false,
            })
    }
}
