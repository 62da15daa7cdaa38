//! One rollout, decided by Weir's engine and by evaluators of feature flags from crates.io.
//!
//! Each gets its cheapest form: what its interface lets a caller keep between requests is kept, no events are made,
//! and where on and off is enough nobody is asked for the name of a variant.

mod eppo;
mod flagsmith;
mod growthbook;
mod launchdarkly;
mod weir;
mod yggdrasil;

pub use eppo::Eppo;
pub use flagsmith::Flagsmith;
pub use growthbook::GrowthBook;
pub use launchdarkly::LaunchDarkly;
pub use weir::Weir;
pub use yggdrasil::{Yggdrasil, YggdrasilVariant};

/// Half of those whom it reaches get the canary, by the hash of their id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollout {
    /// It reaches everybody.
    All,
    /// It reaches those whose location is `shenzhen`; everybody else is stable.
    Shenzhen,
}

/// Something that decides a rollout.
pub trait Evaluator {
    /// The crate, and what it is asked where that is not plain.
    const NAME: &'static str;

    /// What is made for each request, because the id is in it.
    type Question<'a>
    where
        Self: 'a;

    /// Takes the rollout, and the location of all who will ask.
    fn new(rollout: Rollout, location: &str) -> Self;

    /// From the id to what is asked.
    fn question<'a>(&'a self, id: &'a str) -> Self::Question<'a>;

    /// Whether this request gets the canary.
    fn is_canary(&self, question: &Self::Question<'_>) -> bool;
}

/// The same ids for everyone and in every run.
pub fn ids(count: u32) -> Vec<String> {
    // A step that shares no factor with the range, so that no id comes twice and neighbours differ in many digits.
    (0..count).map(|number| (100_000_000 + u64::from(number) * 7_368_787 % 900_000_000).to_string()).collect()
}
