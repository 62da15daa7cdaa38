//! What values of requests are held against: regular expressions, versions, decimal numbers.

mod decimal;
mod pattern;
mod version;

pub use decimal::Decimal;
pub use pattern::Pattern;
pub use version::Requirement;
