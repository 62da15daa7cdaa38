//! The Envoy API as data: turns JSON into messages of it.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value;

/// The whole API, compiled by the build script.
static API: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(include_bytes!(concat!(env!("OUT_DIR"), "/envoy.binpb")).as_slice())
        .expect("the build script wrote a descriptor set")
});

/// # Errors
/// The first thing in `json` that the type does not have, with the path to it.
pub(crate) fn message(type_url: &str, json: &Value) -> Result<DynamicMessage, String> {
    let name = type_url.rsplit('/').next().unwrap_or(type_url);
    let descriptor = API.get_message_by_name(name).ok_or_else(|| format!("unknown type `{type_url}`"))?;

    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(json, &mut track);
    let message = DynamicMessage::deserialize(descriptor, deserializer);
    message.map_err(|error| match track.path().to_string() {
        path if path == "." => error.to_string(),
        path => format!("{path}: {error}"),
    })
}
