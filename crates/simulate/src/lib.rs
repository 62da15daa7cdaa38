//! Weir's simulator, pure: users who make requests, the arms they are in, what goes wrong there, and judges that look on. Seeded: the
//! same seed is the same traffic, on every machine.
//!
//! Users differ in how much they ask and how often it fails, so requests of one arm are not independent of each other. What a rule
//! promises of independent requests it need not keep here, and that is what the simulator is for.
//!
//! ```
//! use weir_simulate::{Control, Fault, Guardrails, Harm, Kind, Plan, Population, Step, Traffic};
//!
//! let release = Plan {
//!     kind: Kind::Release(Control::Equal),
//!     steps: vec![Step { share: 0.05, looks: 60 }, Step { share: 0.5, looks: 60 }],
//!     requests: 333.0,
//!     warmup: 6,
//!     max_hold: 0,
//!     faults: vec![Fault::of_canary(Harm { errors: 4.0, ..Harm::NONE })],
//! };
//! let mut traffic = Traffic::new(&Population::alike(20_000), 7);
//! let fate = release.run(&mut traffic, &mut Guardrails::default_of_release());
//! assert!(fate.stopped < Some(80), "found in the first minutes of its second step: {fate:?}");
//! ```
//!
//! | file | is |
//! |---|---|
//! | `crowd` | users, drawn from a [`Population`] |
//! | `arms` | who meets what at a share |
//! | `fault` | what goes wrong, with whom and when |
//! | `traffic` | [`Counts`] of each part of each arm, look by look |
//! | `run` | a [`Plan`] under a [`Judge`] |
//! | `guardrail`, `deviation` | judges as Weir's releases have them, and nothing else: quick |
//! | `life` | a release under the very judge that decides on it |
//! | `peers` | judges as other tools have them |
//! | `dealt` | units through the engine: shares, and layers against each other |
//! | `many`, `tally` | many runs |
//!
//! A user's requests are a Poisson process, and so are those of many users together and those of them that fail. So what is counted
//! is drawn for a part of an arm at once, which comes to the same as user by user and is quick enough for millions of looks.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::integer_division)
)]

mod arms;
mod crowd;
mod dealt;
mod deviation;
mod fault;
mod guardrail;
mod life;
mod many;
pub mod peers;
mod run;
mod tally;
mod traffic;

pub use arms::{Arms, Control};
pub use crowd::{BOUNDS_MS, Crowd, Latency, PARTS, Population, Rate, Usual};
pub use dealt::{Dealt, DealtLayer, DealtShare, Headers, PAIRS_MAX, Pair};
pub use deviation::Deviation;
pub use fault::{Fault, Harm, Meets};
pub use guardrail::{Counted, Guardrail, Guardrails};
pub use life::{End, Life, Lived, Met, Since, Trouble};
pub use many::many;
pub use run::{Fate, Judge, Kind, Look, Plan, Step, Verdict};
pub use tally::Tally;
pub use traffic::{Counts, Parts, Traffic};
