//! Weir's simulator, pure: users who make requests, the arms they are in, what goes wrong there, and judges that look on. Seeded: the
//! same seed is the same traffic, on every machine.
//!
//! Users differ in how much they ask and how often it fails, so requests of one arm are not independent of each other. What a rule
//! promises of independent requests it need not keep here, and that is what the simulator is for.
//!
//! ```
//! use weir_policy::Source;
//! use weir_release::{evidence::TICK, read_alone};
//! use weir_simulate::{End, Harm, Life, Population, Traffic, Trouble};
//!
//! let release = "release: 1\nid: owl-v2\nunit: user\nservices: {owl.shop: v2}";
//! let release = read_alone(Source::yaml("release.yaml", release)).unwrap();
//! let errors = Trouble::of("canary", Harm { errors: 8.0, ..Harm::NONE });
//! let life = Life::new(&release, TICK, 333.0, vec![errors]);
//! let lived = life.run(&mut Traffic::new(&Population::alike(20_000), 7));
//! assert!(matches!(lived.end, End::RolledBack(_)), "{lived:?}");
//! ```
//!
//! | file | is |
//! |---|---|
//! | `crowd` | users, drawn from a [`Population`] |
//! | `harm` | what may be wrong with requests |
//! | `traffic`, `expected`, `counts` | [`Counts`] of each part of each arm, poll by poll |
//! | `life` | a release under the very judge that decides on it |
//! | `weir` | that judge, as one of several |
//! | `judge`, `beside` | several who look at the same requests, or one of another kind who decides |
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

mod beside;
mod counts;
mod crowd;
mod dealt;
mod expected;
mod harm;
mod judge;
mod life;
mod many;
pub mod peers;
mod tally;
mod traffic;
mod weir;

pub use counts::{Counts, Parts};
pub use crowd::{BOUNDS_MS, Crowd, Latency, PARTS, Population, Rate, Usual};
pub use dealt::{Dealt, DealtLayer, DealtShare, Headers, PAIRS_MAX, Pair};
pub use expected::Expected;
pub use harm::Harm;
pub use judge::{Fate, Judge, Look, Verdict};
pub use life::{End, Life, Lived, Met, Since, Trouble};
pub use many::many;
pub use tally::Tally;
pub use traffic::Traffic;
pub use weir::Weir;
