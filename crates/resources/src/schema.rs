//! The Envoy API as data: turns JSON into messages of it.

use std::fmt;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use weir_policy::{At, Problems, codes};

/// The whole API, compiled by the build script.
static API: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(include_bytes!(concat!(env!("OUT_DIR"), "/envoy.binpb")).as_slice())
        .expect("the build script wrote a descriptor set")
});

/// Something in a message that its type does not have.
pub(crate) struct Fault {
    path: Path,
    message: String,
}

/// # Errors
/// The first thing in `json` that the type does not have.
pub(crate) fn message(type_url: &str, json: &Value) -> Result<DynamicMessage, Fault> {
    let mut track = serde_path_to_error::Track::new();
    let name = type_url.rsplit('/').next().unwrap_or(type_url);
    let Some(descriptor) = API.get_message_by_name(name) else {
        return Err(Fault { path: track.path(), message: format!("unknown type `{type_url}`") });
    };
    let deserializer = serde_path_to_error::Deserializer::new(json, &mut track);
    let message = DynamicMessage::deserialize(descriptor, deserializer);
    message.map_err(|error| Fault { path: track.path(), message: error.to_string() })
}

impl Fault {
    /// Adds this fault as a problem; the message that has it stands at the place.
    pub fn add(&self, at: &At<'_>, problems: &mut Problems) {
        let segments: Vec<&Segment> = self.path.iter().collect();
        self.add_below(at, &segments, problems);
    }

    fn add_below(&self, at: &At<'_>, rest: &[&Segment], problems: &mut Problems) {
        match rest {
            [Segment::Map { key }, rest @ ..] => self.add_below(&at.key(key), rest, problems),
            [Segment::Seq { index }, rest @ ..] => self.add_below(&at.index(*index), rest, problems),
            [_, rest @ ..] => self.add_below(at, rest, problems),
            [] => match self.unknown_field() {
                Some(field) => problems.add(codes::UNKNOWN_FIELD, &at.key(field), self.message.as_str()),
                None => problems.add(codes::BAD_VALUE, at, self.message.as_str()),
            },
        }
    }

    fn unknown_field(&self) -> Option<&str> {
        self.message.strip_prefix("unrecognized field name '")?.strip_suffix('\'')
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.to_string() {
            path if path == "." => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}
