//! Weir's statistics, pure: no host, clock, dice, I/O or globals. Whoever counts hands sums over; what comes back are effects
//! with intervals, p-values and e-values.
//!
//! | question | ask |
//! |---|---|
//! | do two groups of values differ, whatever their distribution? | [`rank`] |
//! | the same of counts in buckets, such as latencies | [`histogram`] |
//! | do two shares, means or ratios of sums differ, looked at once? | [`proportions`], [`means`], [`ratios`], [`cuped`], [`quantiles`] |
//! | the same within strata, such as steps with other shares | [`strata`] |
//! | the same, looked at as often as one likes | [`counts`] for events, [`sequences`] for means |
//! | the same at planned looks | [`spending`] |
//! | how many requests count for one, because users make many? | [`design`] |
//! | did each arm get its part of the units? | [`sample_ratio`] |
//! | how many units does it take, and what can be seen with these? | [`power`] |
//! | many questions at once | [`multiplicity`] |
//!
//! Whether a new version fails more often, asked after every poll:
//!
//! ```
//! use weir_stats::counts::{EProcess, Poll};
//!
//! let mut process = EProcess::new(0.2); // a fifth more errors are allowed
//! for (errors, of_control) in [(9.0, 80.0), (12.0, 75.0), (14.0, 85.0)] {
//!     process.add(&Poll { treatment_events: errors, control_events: of_control, treatment: 1000.0, control: 19_000.0 });
//! }
//! let alpha: f64 = 0.01;
//! assert!(process.ln_e() >= -alpha.ln(), "harm is shown");
//! assert!(process.ln_e_with(3.0) < -alpha.ln(), "but not if three requests count for one");
//! ```
//!
//! # What holds for all of it
//!
//! - Functions are total. Where the numbers say nothing, because there are none, no variance, too few, NaN, or more than f64 holds,
//!   the answer is the one that claims nothing: a p-value of 1, an e-value of 1, an interval without ends. No NaN comes out that
//!   did not go in, and none at all of effects, intervals, p- and e-values.
//! - Numbers of units or events are `f64`, for sums over weeks go beyond what a counter of 32 bits holds. They are from 0 to
//!   [`COUNT_MAX`]; what is not counts as the nearest that is.
//! - A difference is that of the second arm from the first: `treatment - control`. A p-value is of both sides unless its
//!   name says which.
//! - `alpha` is a chance above 0 and below 1. What lies outside is taken for the nearest that does not. What may be looked at
//!   once only says so: asked until it says something, it will.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::integer_division)
)]

mod count;
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

pub use count::COUNT_MAX;
pub use effect::{Effect, Interval};
