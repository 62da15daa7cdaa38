//! Weir's policies, pure: from the texts that people write to what they mean, and from there to what a filter is sent.
//!
//! ```text
//! text --parse--> Policy --check--> Model --project, canonical--> envelope --open--> Model
//! ```
//!
//! Deciding by a model is the engine's.
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

mod attachment;
mod canonical;
mod check;
mod checked;
mod digest;
mod document;
mod envelope;
pub mod evidence;
mod gauge;
pub mod limits;
pub mod model;
mod offer;
pub mod operand;
mod project;
mod range;
mod read;
mod revision;
pub mod written;

pub use attachment::{
    Attachment, AttachmentFile, CLUSTER_HEADER, Join, Module, Origin, Role, SUBSET_HEADER, Steer, Sticky, Trace,
};
pub use check::{check, is_tag, names, parse_share, parts_per_million};
pub use checked::Checked;
pub use document::{
    At, Code, Entry, Format, Kind, Path, Places, Position, Problem, Problems, Source, SourceId, Sources, Spanned,
    Spelling, Value, codes, fields,
};
pub use envelope::{ENVELOPE_BYTES_MAX, Opened, Refused, open, open_document};
pub use gauge::Gauge;
pub use model::Model;
pub use offer::Offer;
pub use range::{Range, SLOTS};
pub use read::{Documents, read, read_policy};
pub use revision::Revision;
