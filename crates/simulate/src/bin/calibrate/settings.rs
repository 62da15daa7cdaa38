//! What all trials share: releases, what is wrong with them, who uses them.

use std::time::Duration;

use weir_policy::Source;
use weir_release::evidence::TICK;
use weir_release::{Release, read_alone};
use weir_simulate::{Harm, Life, Population, Since, Trouble};

/// Looks a minute: one each tick.
pub const MINUTE: usize = 6;
/// Requests a minute of all users together.
pub const REQUESTS: f64 = 2000.0;
pub const USERS: usize = 20_000;
pub const FEW_USERS: usize = 2_000;
pub const ALPHA: f64 = 0.01;

/// How often each thing is tried.
pub struct Runs {
    /// Releases with independent requests, for what is promised of them.
    pub independent: usize,
    /// Good releases with heavy users.
    pub heavy: usize,
    /// Everything else.
    pub others: usize,
}

impl Runs {
    pub const LONG: Runs = Runs { independent: 10_000, heavy: 2_000, others: 500 };
    pub const QUICK: Runs = Runs { independent: 100, heavy: 100, others: 50 };

    pub fn is_quick(&self) -> bool {
        self.independent < Runs::LONG.independent
    }
}

/// A release with these steps, each so long, and these guardrails; those that it has if it says nothing where they are empty.
pub fn release(shares: &[u8], hold: Duration, guardrails: &str) -> Release {
    let hold = format!("hold: {}s", hold.as_secs());
    let steps: String = shares.iter().map(|share| format!("- {{share: {share}%, {hold}}}\n")).collect();
    let guardrails = if guardrails.is_empty() { String::new() } else { format!("guardrails: [{guardrails}]\n") };
    let text = format!(
        "release: 1\nid: owl-v2\nunit: user\nservices: {{owl.shop: v2}}\nmax_hold: 1h\n{guardrails}steps:\n{steps}- {{share: 100%}}\n"
    );
    let text = if shares.last() == Some(&100) { text.replace("- {share: 100%}\n", "") } else { text };
    let read = read_alone(Source::yaml("release", text));
    let mut release = read.unwrap_or_else(|problems| panic!("a release of the calibration: {problems:#?}"));
    // What is looked at is over before everybody has it, where these steps say so: nothing is compared then.
    release.steps.truncate(shares.len());
    release
}

/// The steps of a release, each so long.
#[derive(Clone, Copy)]
pub struct Steps(pub &'static [u8], pub Duration);

/// An hour each at 5, 10 and 50%.
pub const HOURS: Steps = Steps(&[5, 10, 50], Duration::from_secs(3_600));
/// What a release does if it does not say: ten minutes each, up to all users.
pub const DEFAULT: Steps = Steps(&[5, 10, 50, 95, 100], Duration::from_secs(600));

impl Steps {
    /// A release with these.
    pub fn release(self, guardrails: &str) -> Release {
        release(self.0, self.1, guardrails)
    }
}

/// A release on the traffic of all trials, with these troubles.
pub fn life(release: &Release, troubles: &[Trouble]) -> Life {
    Life::new(release, TICK, REQUESTS / MINUTE as f64, troubles.to_vec())
}

/// A day on which for ten minutes four times as many requests of everybody fail.
pub fn bad_day() -> Trouble {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let harm = Harm { errors: 4.0, ..Harm::NONE };
    let since = Since::Time(minutes(12));
    Trouble { arm: None, since, until: Some(minutes(22)), users: 1.0, requests: 1.0, harm }
}

/// Something is wrong with the canary from its first request on.
pub fn canary(harm: Harm) -> Trouble {
    Trouble::of("canary", harm)
}

/// Who uses the service.
pub fn populations() -> [(&'static str, Population); 2] {
    [("users alike", Population::alike(USERS)), ("heavy users", Population::heavy(USERS))]
}
