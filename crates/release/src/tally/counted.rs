//! Counts of counters: what two of them, bad and all, grew between two looks. Queries add up counters of many processes, so
//! that nobody tells what a fall of the sum is: one of them started anew, or one of them was not scraped for once and will
//! come back with all that it has ever counted. Time tells.

use serde::{Deserialize, Serialize};

/// How long a fall may be a gap: Prometheus itself looks back so far for the last value of a series.
const GAP_MS_MAX: u64 = 5 * 60 * 1_000;
/// From here on floating point leaves whole numbers out.
const COUNT_MAX: f64 = 9_007_199_254_740_992.0;

/// The two counters of one arm, from look to look; kept with what else is kept of a running release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// Up to where they are counted; none before the first look.
    base: Option<Pair>,
    /// Since one of them fell below.
    fall: Option<Fall>,
    resets: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pair {
    bad: u64,
    all: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fall {
    since_ms: u64,
    lowest: Pair,
}

/// What one look at the counters says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The first look: what was before is of others.
    Base,
    /// What came since the look before that was counted.
    Grown {
        /// Bad ones.
        bad: u64,
        /// All.
        all: u64,
    },
    /// One of them fell. Whether it was a gap or a new start is known in five minutes, and nothing is lost then.
    Unsettled,
    /// Nobody has counted anything yet, or one of them is no number that a counter of events has: it is below zero, none,
    /// or too large to be exact.
    NoData,
}

impl Counted {
    /// Counts what two queries of one moment, in milliseconds of Unix time, answered; `None` is no series. Where there are
    /// numbers of all, no series of bad ones is zero bad ones: counters begin to be there when they first count.
    pub fn step(&mut self, bad: Option<f64>, all: Option<f64>, at_ms: u64) -> Step {
        let Some(all) = all else { return Step::NoData };
        let (Some(bad), Some(all)) = (whole(bad.unwrap_or(0.0)), whole(all)) else { return Step::NoData };
        let now = Pair { bad, all };
        let Some(base) = self.base else {
            self.base = Some(now);
            return Step::Base;
        };
        if now.bad >= base.bad && now.all >= base.all {
            return self.settle(base, now);
        }
        let fall = self.fall.unwrap_or(Fall { since_ms: at_ms, lowest: now });
        let fall = Fall { since_ms: fall.since_ms.min(at_ms), lowest: fall.lowest.least(now) };
        if at_ms.saturating_sub(fall.since_ms) < GAP_MS_MAX {
            self.fall = Some(fall);
            return Step::Unsettled;
        }
        self.resets = self.resets.saturating_add(1);
        self.settle(base.least(fall.lowest), now)
    }

    /// How often one of them started anew.
    #[cfg(test)]
    fn resets(&self) -> u64 {
        self.resets
    }

    fn settle(&mut self, from: Pair, now: Pair) -> Step {
        (self.base, self.fall) = (Some(now), None);
        Step::Grown { bad: now.bad.saturating_sub(from.bad), all: now.all.saturating_sub(from.all) }
    }
}

impl Pair {
    fn least(self, other: Pair) -> Pair {
        Pair { bad: self.bad.min(other.bad), all: self.all.min(other.all) }
    }
}

/// Counters of seconds and the like have parts of one; what is whole of them is counted, and the rest with the next.
fn whole(value: f64) -> Option<u64> {
    (0.0..COUNT_MAX).contains(&value).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: u64 = 60_000;

    fn grown(bad: u64, all: u64) -> Step {
        Step::Grown { bad, all }
    }

    /// Each look: minute, bad, all, and what it says.
    fn check(looks: &[(u64, Option<f64>, Option<f64>, Step)]) -> Counted {
        let mut counted = Counted::default();
        for (minute, bad, all, tally) in looks {
            assert_eq!(counted.step(*bad, *all, minute * MINUTE), *tally, "minute {minute}");
            let kept = serde_json::to_string(&counted).unwrap();
            assert_eq!(serde_json::from_str::<Counted>(&kept).unwrap(), counted);
        }
        counted
    }

    #[test]
    fn what_was_before_the_first_look_is_of_others() {
        check(&[
            (0, Some(70.0), Some(900.0), Step::Base),
            (1, Some(70.0), Some(1_000.0), grown(0, 100)),
            (2, Some(72.0), Some(1_010.0), grown(2, 10)),
        ]);
    }

    /// fluxcd/flagger#1365: a service without any error has no series of errors, and that is good.
    #[test]
    fn a_counter_that_is_not_there_yet_is_zero_where_all_are_counted() {
        check(&[
            (0, None, None, Step::NoData),
            (1, None, Some(100.0), Step::Base),
            (2, None, Some(200.0), grown(0, 100)),
            (3, Some(3.0), Some(300.0), grown(3, 100)),
        ]);
    }

    #[test]
    fn a_gap_is_counted_when_it_ends_and_not_twice() {
        let counted = check(&[
            (0, Some(50.0), Some(1_000.0), Step::Base),
            // One of two processes is not scraped.
            (1, Some(20.0), Some(510.0), Step::Unsettled),
            (2, None, Some(520.0), Step::Unsettled),
            (3, Some(52.0), Some(1_060.0), grown(2, 60)),
            (4, None, None, Step::NoData),
            (5, Some(52.0), Some(1_080.0), grown(0, 20)),
        ]);
        assert_eq!(counted.resets(), 0);
    }

    #[test]
    fn a_new_start_is_counted_from_the_lowest_after_five_minutes() {
        let counted = check(&[
            (0, Some(50.0), Some(1_000.0), Step::Base),
            (1, Some(1.0), Some(510.0), Step::Unsettled),
            (5, Some(3.0), Some(590.0), Step::Unsettled),
            (6, Some(4.0), Some(610.0), grown(3, 100)),
            (7, Some(4.0), Some(630.0), grown(0, 20)),
        ]);
        assert_eq!(counted.resets(), 1);
    }

    /// What counts all may be another program.
    #[test]
    fn where_one_of_them_falls_the_other_waits_and_loses_nothing() {
        check(&[
            (0, Some(50.0), Some(1_000.0), Step::Base),
            (1, None, Some(1_100.0), Step::Unsettled),
            (6, Some(2.0), Some(1_600.0), grown(2, 600)),
        ]);
    }

    #[test]
    fn what_starts_anew_all_the_time_is_counted_every_five_minutes() {
        let looks = [90.0, 10.0, 30.0, 5.0, 25.0, 8.0, 28.0].into_iter().zip(0..);
        let mut counted = Counted::default();
        let all: Vec<Step> = looks.map(|(all, minute)| counted.step(None, Some(all), minute * MINUTE)).collect();
        assert_eq!(all[..6], [[Step::Base].as_slice(), &[Step::Unsettled; 5]].concat());
        assert_eq!(all[6], grown(0, 23));
    }

    #[test]
    fn what_is_no_count_is_not_counted() {
        for value in [-1.0, f64::NAN, f64::INFINITY, COUNT_MAX] {
            let mut counted = Counted::default();
            assert_eq!(counted.step(Some(0.0), Some(value), 0), Step::NoData);
            assert_eq!(counted.step(Some(value), Some(1.0), 0), Step::NoData);
            assert_eq!(counted, Counted::default());
        }
        check(&[(0, Some(0.9), Some(COUNT_MAX - 1.0), Step::Base), (1, Some(1.8), Some(COUNT_MAX - 1.0), grown(1, 0))]);
    }

    proptest! {
        /// A scrape that fails for some looks, at any places, changes no sum once it succeeds.
        #[test]
        fn gaps_change_no_sum(
            steps in prop::collection::vec((0_u32..50, 0_u32..500, any::<bool>()), 1..60),
        ) {
            let (mut counted, mut bad, mut all) = (Counted::default(), 1_000.0, 10_000.0);
            let mut sum = (0, 0);
            counted.step(Some(bad), Some(all), 0);
            let last = steps.len() - 1;
            for (look, (more_bad, more_all, fails)) in steps.into_iter().enumerate() {
                bad += f64::from(more_bad);
                all += f64::from(more_all);
                // Never for five minutes.
                let fails = fails && look % 10 != 0 && look != last;
                let (seen_bad, seen_all) = if fails { (None, Some(all / 3.0)) } else { (Some(bad), Some(all)) };
                if let Step::Grown { bad, all } = counted.step(seen_bad, seen_all, look as u64 * 10_000) {
                    sum = (sum.0 + bad, sum.1 + all);
                }
            }
            prop_assert_eq!(sum, (bad as u64 - 1_000, all as u64 - 10_000));
        }
    }
}
