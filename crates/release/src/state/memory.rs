//! What is kept between ticks and is no line of the journal: times, and what was counted. It is written down with the evidence, as
//! one record, so that both go on from one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::judge::Verdict;
use crate::running::Running;
use crate::tick::Tick;

/// How long an Envoy that went away is waited for.
pub const AWAY_MAX: Duration = Duration::from_secs(86_400);
/// Nodes that are remembered; those that went away first are forgotten.
const NODES_MAX: usize = 10_000;
/// By how much the wall clock may go another way than time.
const JUMP_MIN: SignedDuration = SignedDuration::from_secs(5);

/// What is kept between ticks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// What was counted of each running release.
    pub running: BTreeMap<String, Running>,
    /// Envoys that were connected in the last 24 hours.
    nodes: BTreeMap<String, Seen>,
    /// Milliseconds since each release that is over ended, as far as somebody looked.
    ended: BTreeMap<String, u64>,
    #[serde(skip)]
    ticked: Option<Timestamp>,
    #[serde(skip)]
    jumped_ms: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// The highest change of the policy that it has answered.
    answered: u64,
    /// Since it was connected.
    away_ms: u64,
}

impl Memory {
    /// Nodes of the last 24 hours that have not answered a change of the policy.
    pub fn unreached(&self, push: u64) -> Vec<String> {
        self.nodes.iter().filter(|(_, seen)| seen.answered < push).map(|(node, _)| node.clone()).collect()
    }

    /// The time since a release ended.
    pub fn since_end(&self, id: &str) -> Option<Duration> {
        self.ended.get(id).map(|since| Duration::from_millis(*since))
    }

    /// By how much the clock went another way than time before the last tick, if it was by much.
    pub fn jumped_ms(&self) -> Option<i64> {
        self.jumped_ms
    }

    /// Time goes on to a tick. `unreached` are those that are over and not known to all Envoys as such.
    pub(super) fn tick(&mut self, tick: &Tick, unreached: &BTreeSet<&str>) {
        let since = tick.since.unwrap_or_default();
        let since_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.jumped_ms = self.ticked.zip(tick.since).and_then(|(before, since)| jump(before, tick.now, since));
        self.ticked = Some(tick.now);
        for seen in self.nodes.values_mut() {
            seen.away_ms = seen.away_ms.saturating_add(since_ms);
        }
        for (node, answered) in &tick.nodes {
            self.nodes.insert(node.clone(), Seen { answered: *answered, away_ms: 0 });
        }
        self.nodes.retain(|_, seen| Duration::from_millis(seen.away_ms) < AWAY_MAX);
        while self.nodes.len() > NODES_MAX
            && let Some(longest) = self.nodes.iter().max_by_key(|(_, seen)| seen.away_ms).map(|(node, _)| node.clone())
        {
            self.nodes.remove(&longest);
        }
        self.ended.retain(|id, _| unreached.contains(id.as_str()));
        for id in unreached {
            let ended = self.ended.entry((*id).to_owned()).or_insert(0);
            *ended = ended.saturating_add(since_ms);
        }
    }

    /// Takes in what was judged in a tick.
    pub(super) fn judged(&mut self, verdicts: &BTreeMap<String, Verdict>) {
        for (id, running) in &mut self.running {
            if let Some(verdict) = verdicts.get(id) {
                running.judged(verdict);
            }
        }
    }
}

fn jump(before: Timestamp, now: Timestamp, since: Duration) -> Option<i64> {
    let since = SignedDuration::try_from(since).ok()?;
    let by = now.duration_since(before).checked_sub(since)?;
    (by.abs() >= JUMP_MIN).then(|| i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(now: &str, since: Option<u64>, nodes: &[(&str, u64)]) -> Tick {
        let nodes = nodes.iter().map(|(node, answered)| ((*node).to_owned(), *answered)).collect();
        Tick { now: now.parse().unwrap(), since: since.map(Duration::from_secs), nodes, ..Tick::default() }
    }

    #[test]
    fn an_envoy_that_went_away_is_waited_for_a_day_by_the_clock_that_only_goes_forward() {
        let mut memory = Memory::default();
        let none = BTreeSet::new();
        memory.tick(&tick("2026-12-01T00:00:00Z", None, &[("a", 1), ("b", 1)]), &none);
        memory.tick(&tick("2026-12-09T00:00:00Z", Some(86_399), &[("a", 2)]), &none);
        assert_eq!(memory.unreached(2), ["b"]);
        memory.tick(&tick("2026-12-09T00:00:01Z", Some(1), &[("a", 2)]), &none);
        assert_eq!(memory.unreached(2), [""; 0]);
        assert_eq!(memory.unreached(3), ["a"]);
    }

    #[test]
    fn a_clock_that_is_set_is_told() {
        let mut memory = Memory::default();
        for (now, since, jumped) in [
            ("2026-12-01T00:00:00Z", None, None),
            ("2026-12-01T00:00:10Z", Some(10), None),
            ("2026-12-01T00:00:24Z", Some(10), None),
            ("2026-12-01T00:00:39Z", Some(10), Some(5_000)),
            ("2026-12-01T00:00:44Z", Some(10), Some(-5_000)),
            ("2026-12-05T00:00:44Z", None, None),
        ] {
            memory.tick(&tick(now, since, &[]), &BTreeSet::new());
            assert_eq!(memory.jumped_ms(), jumped, "{now}");
        }
    }

    #[test]
    fn time_since_an_end_is_kept_until_all_know_of_it() {
        let mut memory = Memory::default();
        let owl = BTreeSet::from(["owl"]);
        for (since, ended) in [(5, 5), (7, 12)] {
            memory.tick(&tick("2026-12-01T00:00:00Z", Some(since), &[]), &owl);
            assert_eq!(memory.since_end("owl"), Some(Duration::from_secs(ended)));
        }
        let text = serde_json::to_string(&memory).unwrap();
        let again: Memory = serde_json::from_str(&text).unwrap();
        assert_eq!(again.since_end("owl"), memory.since_end("owl"));
        memory.tick(&tick("2026-12-01T00:00:00Z", Some(1), &[]), &BTreeSet::new());
        assert_eq!(memory.since_end("owl"), None);
    }
}
