//! The last five minutes of something that is counted.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// What is looked at.
pub const SPAN_MS: u64 = 300_000;
/// The most entries that are kept, so that ticks that come too often cost no memory: four times those of ticks on time.
const ENTRIES_MAX: usize = 120;

/// What came in the last five minutes, poll by poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Recent<T>(VecDeque<Entry<T>>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry<T> {
    at: u64,
    came: T,
}

impl<T> Default for Recent<T> {
    fn default() -> Recent<T> {
        Recent(VecDeque::new())
    }
}

impl<T> Recent<T> {
    /// Adds what came up to a moment, by a clock in milliseconds.
    pub fn add(&mut self, at: u64, came: T) {
        self.0.push_back(Entry { at, came });
        if self.0.len() > ENTRIES_MAX {
            self.0.pop_front();
        }
    }

    /// Forgets what is five minutes old.
    pub fn forget(&mut self, now: u64) {
        self.0.retain(|entry| now.saturating_sub(entry.at) < SPAN_MS);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What came.
    pub fn came(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|entry| &entry.came)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_five_minutes_old_is_forgotten() {
        let mut recent = Recent::default();
        (0..40).for_each(|tick: u64| recent.add(tick * 10_000, tick));
        for (now, oldest) in [(390_000, 10), (399_999, 10), (400_000, 11), (689_999, 39), (690_000, 40)] {
            recent.forget(now);
            assert_eq!(recent.came().copied().collect::<Vec<_>>(), (oldest..40).collect::<Vec<_>>(), "at {now}");
        }
    }

    #[test]
    fn ticks_that_come_too_often_cost_no_memory() {
        let mut recent = Recent::default();
        (0..1000).for_each(|tick: u64| recent.add(tick, tick));
        assert_eq!(recent.came().count(), ENTRIES_MAX);
    }
}
