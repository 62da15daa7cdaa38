//! A number that is held against a bound: for how long it has been above.

use serde::{Deserialize, Serialize};

/// For how long a number has been above its bound, without anybody having looked away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// What it was when it was last known; not beyond f64.
    value: Option<f64>,
    /// When that was, by a clock in milliseconds.
    at: u64,
    /// Since when it is above.
    since: Option<u64>,
}

impl Run {
    /// A number is known. In a warm-up no time counts.
    pub fn add(&mut self, at: u64, value: f64, above: f64, in_warmup: bool, gap_max: u64) {
        let is_gap = at.saturating_sub(self.at) > gap_max;
        self.since = match value > above && !in_warmup {
            true => self.since.filter(|_| !is_gap).or(Some(at)),
            false => None,
        };
        (self.value, self.at) = (Some(value.clamp(f64::MIN, f64::MAX)), at);
    }

    /// The number, if it is known at this moment.
    pub fn value(&self, now: u64) -> Option<f64> {
        self.value.filter(|_| self.at == now)
    }

    /// For how long it was above when it was last known, if it was.
    pub fn lasts(&self) -> Option<u64> {
        Some(self.at.saturating_sub(self.since?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_counts_from_its_first_number_above_to_its_last() {
        let mut run = Run::default();
        for (at, value, in_warmup, lasts) in [
            (0, 2.0, true, None),
            (10, 2.0, false, Some(0)),
            (20, 2.0, false, Some(10)),
            (50, 2.0, false, Some(40)),
            // Nobody looked for too long.
            (81, 2.0, false, Some(0)),
            (91, 1.0, false, None),
            (101, 1.1, false, Some(0)),
            (111, f64::INFINITY, false, Some(10)),
        ] {
            run.add(at, value, 1.0, in_warmup, 30);
            assert_eq!(run.lasts(), lasts, "at {at}");
            assert_eq!((run.value(at), run.value(at + 1)), (Some(value.min(f64::MAX)), None));
        }
    }
}
