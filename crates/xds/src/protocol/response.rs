//! A response as a value, before it is encoded.

use std::sync::Arc;

use crate::{Resource, ResourceKind};

/// A response in either form.
pub(crate) struct Response {
    pub kind: ResourceKind,
    pub version: String,
    pub resources: Vec<Arc<Resource>>,
    /// Names; in the form of delta only.
    pub removed: Vec<String>,
    pub nonce: String,
}

/// The two forms of ADS.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// `DiscoveryResponse`: all that the client asked for.
    StateOfTheWorld,
    /// `DeltaDiscoveryResponse`: what changes.
    Delta,
}
