//! Times of the week at which steps may begin.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

/// From a time of these days to another, by the clocks of a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The days, each once, Monday first.
    pub days: Vec<Weekday>,
    /// Steps may begin from this time on.
    pub from: Time,
    /// They may not from this time on.
    pub to: Time,
    /// Whose clocks.
    pub zone: TimeZone,
}
