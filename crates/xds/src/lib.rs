//! Weir's xDS: a server of resources, some for every Envoy and filters each for some, by ADS or of filters alone by ECDS, each in
//! both forms (state of the world and delta). It knows nothing of policies and of the filter: its labels are opaque.
//!
//! ```text
//! Resources, Filters + Nodes → Catalog ─Publication→ serve ─Snapshot of each node→ Envoys
//!                                                      └─→ Report: who acked or rejected which label
//! ```

mod acceptor;
mod acks;
mod catalog;
mod farewell;
mod grpc;
mod handshakes;
mod health;
mod identity;
mod kind;
mod memory;
mod nodes;
mod protocol;
mod publication;
mod report;
mod server;
mod service;
mod snapshot;
mod tls;

pub use catalog::{Catalog, Filter};
pub use identity::Identity;
pub use kind::ResourceKind;
pub use nodes::{Attribute, NodeMatch, Nodes, envoy_version, metadata};
pub use publication::Publication;
pub use report::{Event, Report};
pub use server::{Listen, serve};
pub use service::Service;
pub use snapshot::{FilterLabel, Labels, Resource, Snapshot, Table, version};
pub use tls::{Certificates, Name, Tls};

/// What an Envoy says of itself.
pub use envoy_types::pb::envoy::config::core::v3::Node;
