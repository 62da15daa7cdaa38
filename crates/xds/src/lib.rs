//! Weir's xDS: resources in, plain Envoy resource files among them, an ADS server (state of the world and delta) out. It
//! knows nothing of policies and of the filter.
//!
//! ```text
//! resource files ─load→ Vec<Resource> ────────┐
//! a Resource of ECDS → Filter + Nodes ────────┴→ Offer ─Wave→ serve ─Snapshot of each node→ Envoys
//!                                                                └─→ Report: who acked or rejected which label
//! ```

mod connection;
mod conversation;
mod door;
mod grpc;
mod health;
mod kind;
mod ledger;
mod nodes;
mod offer;
mod protocol;
mod report;
pub mod resources;
mod response;
mod room;
mod server;
mod snapshot;
mod strangers;
mod tls;
mod wave;

pub use kind::Kind;
pub use nodes::{Attribute, Nodes, Pattern, envoy_version, metadata};
pub use offer::{Filter, Offer};
pub use report::{Event, Report};
pub use server::{Listen, serve};
pub use snapshot::{Labels, Resource, Snapshot, Table, version};
pub use tls::{Certificates, Name, Tls};
pub use wave::Wave;

/// What an Envoy says of itself.
pub use envoy_types::pb::envoy::config::core::v3::Node;
