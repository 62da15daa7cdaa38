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
//! # From evidence to an e-value
//!
//! What `GET /evidence` of `weir serve` calls `totals` grows from look to look: by experiment, variant and outcome a number for
//! each of 16 parts of the users. A poll is what came since the last look: look as often as you like, and whenever a share is about
//! to change.
//!
//! ```
//! use serde_json::Value;
//! use weir_stats::counts::{EProcess, Poll};
//! use weir_stats::design::{self, Part};
//!
//! /// All requests of a variant and those that failed, by part. What is not there is 0.
//! fn parts(totals: &Value, variant: &str) -> [Part; 16] {
//!     let count = |outcome: &str, part: usize| totals["owl-v21"][variant][outcome][part].as_f64().unwrap_or(0.0);
//!     std::array::from_fn(|part| Part { x: count("error", part), n: count("all", part) })
//! }
//!
//! let sum = |parts: &[Part]| parts.iter().fold((0.0, 0.0), |(x, n), part| (x + part.x, n + part.n));
//! let (mut process, mut last, mut es) = (EProcess::new(0.2), Poll::default(), Vec::new());
//! for evidence in [
//!     r#"{"totals": {"owl-v21": {
//!         "canary":  {"all":   [310, 295, 302, 288, 315, 307, 299, 291, 304, 310, 296, 300, 293, 308, 301, 297],
//!                     "error": [3, 1, 4, 2, 2, 5, 3, 2, 4, 1, 3, 2, 4, 3, 2, 3]},
//!         "control": {"all":   [301, 306, 290, 299, 312, 296, 305, 300, 287, 303, 309, 294, 298, 302, 291, 307],
//!                     "error": [1, 2, 0, 1, 3, 1, 2, 0, 1, 2, 1, 1, 0, 2, 1, 2]}}}}"#,
//!     r#"{"totals": {"owl-v21": {
//!         "canary":  {"all":   [905, 890, 911, 876, 930, 915, 897, 882, 908, 921, 889, 903, 880, 917, 899, 894],
//!                     "error": [12, 4, 17, 6, 8, 19, 10, 3, 15, 5, 9, 6, 14, 11, 2, 5]},
//!         "control": {"all":   [903, 911, 878, 896, 925, 888, 909, 901, 869, 907, 918, 887, 894, 905, 880, 912],
//!                     "error": [3, 8, 1, 4, 10, 2, 5, 0, 4, 7, 2, 4, 1, 5, 2, 4]}}}}"#,
//! ] {
//!     let totals = &serde_json::from_str::<Value>(evidence)?["totals"];
//!     let (canary, control) = (parts(totals, "canary"), parts(totals, "control"));
//!     let ((x, n), (of_control, n_control)) = (sum(&canary), sum(&control));
//!     let all = Poll { treatment_events: x, control_events: of_control, treatment: n, control: n_control };
//!     process.add(&Poll {
//!         treatment_events: all.treatment_events - last.treatment_events,
//!         control_events: all.control_events - last.control_events,
//!         treatment: all.treatment - last.treatment,
//!         control: all.control - last.control,
//!     });
//!     last = all;
//!     // How many requests count for one, by all that was counted so far; 3 where too little was.
//!     let effect = design::effect([&canary[..], &control[..]]).unwrap_or(design::UNKNOWN);
//!     es.push(process.ln_e_with(effect).exp());
//! }
//! // At an alpha of 1% an e-value of 100 at any look shows that the canary has over a fifth more errors than control. Were
//! // requests independent, it would be shown; but errors fall to few users, so 2.4 requests count for one, and it is not.
//! assert_eq!(es.iter().map(|e| format!("{e:.1}")).collect::<Vec<_>>(), ["4.5", "24.5"]);
//! assert_eq!(format!("{:.0}", process.ln_e().exp()), "7106");
//! # Ok::<(), serde_json::Error>(())
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
