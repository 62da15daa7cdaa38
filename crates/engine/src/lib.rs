//! Weir's decision, pure: no host, clock, dice, I/O or globals.
//!
//! Two ways lead through this crate, [`configure_json`] and [`Plan::exchange`]:
//!
//! ```text
//! envelope --open--> Model --compile--> Plan                         when configured; may fail, with every problem
//! headers --read--> Request --decide--> Decision ---> what follows   per request; cannot fail
//! ```
//!
//! A policy and what it means are of the crate `weir-policy`.
//!
//! ```
//! let envelope = br#"{"weir": 1, "policy": {
//!     "version": 1,
//!     "units": {"user": [{"header": "x-user-id"}]},
//!     "layers": [{"id": "checkout", "unit": "user", "experiments": [
//!         {"id": "owl-v21", "slots": "all", "variants": [{"id": "canary", "share": "100%"}]}]}]}}"#;
//! let plan = weir_engine::configure_json(envelope).unwrap();
//!
//! let headers: [(&[u8], &[u8]); 2] = [(b":path", b"/"), (b"x-user-id", b"user-1")];
//! let exchange = plan.exchange(headers.into_iter(), || None, |_| None, || None);
//!
//! assert_eq!(exchange.decision().layers().next().unwrap().variant, Some("canary"));
//! assert_eq!(exchange.edits(), [weir_engine::Edit { name: b"x-env-tag".to_vec(), lines: vec![b"owl-v21.canary".to_vec()] }]);
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod asked;
mod attributes;
mod audiences;
mod authority;
mod baggage;
mod blank;
mod compile;
mod configure;
mod cookie;
mod counted;
mod decide;
mod decision;
mod edits;
mod exchange;
mod explain;
mod extract;
mod filter_state;
mod issue;
mod join;
mod listed;
mod murmur;
mod percent;
mod plan;
mod query;
mod reach;
mod request;
mod rules;
mod set_cookie;
pub mod slot;
mod tags;
mod targeting;
mod trace;
pub mod why;

pub use configure::{Refused, configure, configure_json};
pub use counted::Counted;
pub use decision::{Dealt, Decision, LayerOutcome, Reason};
pub use edits::Edit;
pub use exchange::Exchange;
pub use explain::bytes_json;
pub use filter_state::without_unit;
pub use join::TRACE_TAGS_BYTES_MAX;
pub use plan::{Plan, SERIES_MAX, Series};
pub use request::Request;
pub use set_cookie::SetCookies;
pub use tags::Dropped;
pub use trace::cell::TraceCell;
pub use trace::{TRACE_CELLS, TraceId, TraceTags};
// All that the filter needs of policies.
pub use weir_policy::{Entry, Gauge, Offer, Position, Problem, Revision, Role, Spanned, Value, codes, evidence};
