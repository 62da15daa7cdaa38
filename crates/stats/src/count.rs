//! Numbers of units and events, as they are counted.

/// As many units or events are counted; more count as so many. Products of a few such numbers are still numbers.
pub const COUNT_MAX: f64 = 1e15;

/// A count between 0 and [`COUNT_MAX`]. NaN stays: whoever uses it claims nothing.
pub(crate) fn counted(count: f64) -> f64 {
    count.clamp(0.0, COUNT_MAX)
}
