//! Texts that people write: read into values, with every problem and its place.

pub mod codes;
pub mod fields;
pub(crate) mod json;
mod problem;
mod source;
mod spanned;
#[cfg(feature = "yaml")]
mod yaml;

pub(crate) use problem::Step;
pub use problem::{At, Code, Path, Position, Problem, Problems};
pub use source::{Format, Source};
pub use spanned::{Entry, Spanned, Value};
