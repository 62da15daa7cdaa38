//! A tick: what the server saw since the one before, handed to everything that decides.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::evidence::{Evidence, READ_PERCENT_MIN, Refusal, TICK};

/// What the server saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The time from one tick that reads to the next. There may be others in between, for people who do not like to wait.
    pub every: Duration,
    /// By the wall clock.
    pub now: Timestamp,
    /// Since the tick before of this run, by a clock that only goes forward; none for the first.
    pub since: Option<Duration>,
    /// What a poll gave out that was accepted.
    pub poll: Option<Vec<Evidence>>,
    /// Why one was not. With neither, none was made.
    pub refusal: Option<Refusal>,
    /// The highest push number that nine of ten connected edges have answered.
    pub answered: u64,
    /// Connected edges that have not answered the newest, by node.
    pub behind: Vec<String>,
    /// Each connected Envoy with the highest push number that it has answered, 0 for none.
    pub nodes: BTreeMap<String, u64>,
    /// Nodes of which what they had counted could not be told from what was counted already.
    pub resets: Vec<String>,
    /// What guardrails' queries were answered.
    pub queries: Queries,
}

/// Answers by the release's id and the guardrail's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queries {
    /// The answers. A guardrail that is missing was not asked.
    pub of: BTreeMap<String, BTreeMap<String, Answer>>,
}

/// What a guardrail's query was answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The two counters of each variant, control too, as they stand.
    Counts(BTreeMap<String, Totals>),
    /// One number.
    Value(f64),
    /// The provider answered, and knows no such series.
    Nothing,
    /// The provider did not answer.
    Unreachable(String),
    /// It answered something that cannot be used.
    Bad(String),
}

/// The counters of a variant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// What is bad; none without a series.
    pub bad: Option<f64>,
    /// All; none without a series.
    pub all: Option<f64>,
}

impl Tick {
    /// Time that is longer than this between two ticks is time in which nobody looked: three of them.
    pub fn gap_max(&self) -> Duration {
        self.every.saturating_mul(3)
    }

    /// The highest push number that nine of ten connected edges have answered and nine of ten of all connected Envoys: those that
    /// deal know it, and those at which tags arrive.
    pub fn known(&self) -> u64 {
        let mut answered: Vec<u64> = self.nodes.values().copied().collect();
        answered.sort_unstable();
        // So many of them may lag behind.
        let lag = answered.len().saturating_mul(100_usize.saturating_sub(READ_PERCENT_MIN)) / 100;
        answered.get(lag).map_or(self.answered, |by_all| self.answered.min(*by_all))
    }
}

impl Default for Tick {
    fn default() -> Tick {
        Tick {
            every: TICK,
            now: Timestamp::default(),
            since: None,
            poll: None,
            refusal: None,
            answered: 0,
            behind: Vec::new(),
            nodes: BTreeMap::new(),
            resets: Vec::new(),
            queries: Queries::default(),
        }
    }
}

impl Queries {
    /// What a guardrail of a release was answered.
    pub fn answer(&self, release: &str, guardrail: &str) -> Option<&Answer> {
        self.of.get(release)?.get(guardrail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_known_to_nine_of_ten_of_all_envoys_and_of_the_edges() {
        for (answered, nodes, known) in [
            (5, vec![], 5),
            (5, vec![5], 5),
            (5, vec![4], 4),
            (5, vec![7, 7], 5),
            (5, vec![5, 5, 5, 5, 5, 5, 5, 5, 0], 0),
            (5, vec![5, 5, 5, 5, 5, 5, 5, 5, 5, 0], 5),
            (5, vec![5, 5, 5, 5, 5, 5, 5, 5, 3, 0], 3),
        ] {
            let nodes = nodes.into_iter().enumerate().map(|(place, answered)| (place.to_string(), answered)).collect();
            let tick = Tick { answered, nodes, ..Tick::default() };
            assert_eq!(tick.known(), known, "{tick:?}");
        }
    }
}
