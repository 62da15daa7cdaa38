//! Weir's xDS: plain Envoy resource files and the filter's policy in, an ADS server (state of the world and delta) out.
//! It knows nothing of what a policy means.
//!
//! ```text
//! resource files ─load→ Vec<Resource> ─┐
//! envelope ─filter::resource→ Resource ┴→ Snapshot ─watch→ serve ─→ Envoys
//!                                                          └─→ Report: who acked or rejected which label
//! ```

pub mod filter;
mod kind;
mod ledger;
mod protocol;
mod report;
pub mod resources;
mod server;
mod snapshot;

pub use kind::Kind;
pub use report::Report;
pub use server::serve;
pub use snapshot::{Resource, Snapshot, Table};

/// A packed message, as xDS carries it.
pub use envoy_types::pb::google::protobuf::Any;
