//! Texts that people write: read into values, with every problem and its place.

pub mod codes;
pub mod fields;
pub(crate) mod json;
mod kind;
mod problem;
mod source;
mod source_id;
mod sources;
mod spanned;
#[cfg(feature = "yaml")]
mod yaml;

pub use kind::Kind;
pub(crate) use problem::Step;
pub use problem::{At, Code, Path, Position, Problem, Problems};
pub use source::{Format, Places, Source};
pub use source_id::SourceId;
pub use sources::Sources;
pub use spanned::{Entry, Spanned, Spelling, Value};
