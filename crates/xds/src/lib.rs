//! Weir's xDS: resources in, plain Envoy resource files among them, an ADS server (state of the world and delta) out. It
//! knows nothing of policies and of the filter.
//!
//! ```text
//! resource files ─load→ Resource ─┐
//! the caller's Filter + Nodes ────┴→ Catalog ─Publication→ serve ─Snapshot of each node→ Envoys
//!                                                            └─→ Report: who acked or rejected which label
//! ```

mod acceptor;
mod acks;
mod catalog;
mod grpc;
mod handshakes;
mod health;
mod kind;
mod memory;
mod nodes;
mod protocol;
mod publication;
mod report;
pub mod resources;
mod server;
mod snapshot;
mod tls;

pub use catalog::{Catalog, Filter};
pub use kind::ResourceKind;
pub use nodes::{Attribute, NodeMatch, Nodes, envoy_version, metadata};
pub use publication::Publication;
pub use report::{Event, Report};
pub use server::{Listen, serve};
pub use snapshot::{Labels, Resource, Snapshot, Table, version};
pub use tls::{Certificates, Name, Tls};

/// What an Envoy says of itself.
pub use envoy_types::pb::envoy::config::core::v3::Node;
