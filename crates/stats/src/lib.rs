//! Weir's statistics, pure: no host, clock, dice, I/O or globals. Whoever counts hands sums over; what comes back are effects
//! with intervals, p-values and e-values.
//!
//! | question | ask |
//! |---|---|
//! | do two groups of values differ, whatever their distribution? | [`rank`] |
//! | do two shares, means or ratios of sums differ, looked at once? | [`proportions`], [`means`], [`ratios`], [`cuped`], [`quantiles`] |
//! | the same over strata, such as steps with other shares | [`strata`] |
//! | the same, looked at as often as one likes | [`counts`] for events, [`sequences`] for means |
//! | the same at planned looks | [`spending`] |
//! | how much do requests of one user count for one? | [`design`] |
//! | did each arm get its part of the units? | [`sample_ratio`] |
//! | how many units does it take, and what can be seen with these? | [`power`] |
//! | many questions at once | [`multiplicity`] |
//!
//! # What holds for all of it
//!
//! - Functions are total. Where the numbers say nothing, because there are none, or no variance, or too few, the answer is the
//!   one that claims nothing: a p-value of 1, an e-value of 1, an interval without ends. No NaN comes out that did not go in.
//! - Numbers of units or events are `f64`, for sums over weeks go beyond what a counter of 32 bits holds, and 2⁵³ of them are
//!   exact. They are at least 0; what is less counts as 0.
//! - A difference is that of the second arm from the first: `treatment - control`. A p-value is of both sides unless its
//!   name says which.
//! - `alpha` is a chance above 0 and below 1. What lies outside is taken for the nearest that does not.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::integer_division)
)]

pub mod counts;
pub mod cuped;
pub mod design;
pub mod distribution;
mod effect;
pub mod histogram;
pub mod means;
pub mod multiplicity;
pub mod power;
pub mod proportions;
pub mod quantiles;
pub mod rank;
pub mod ratios;
pub mod sample_ratio;
pub mod sequences;
pub mod spending;
pub mod strata;

pub use effect::{Effect, Interval};
