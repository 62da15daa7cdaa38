//! Counters of requests that appear with the first request they count: those of reasons by which variants come into force
//! only now and then. A policy of thousands of variants would have ten thousands of them, most for ever at 0.

use weir_engine::{Reason, Series};

use crate::metrics::Metric;
use crate::status_class::StatusClass;

/// Counters of requests of one policy altogether, with those that stand from the start.
const COUNTERS_MAX: usize = 16_000;
/// The counters among them that are kept for what is counted together, so that no request goes uncounted.
const OTHER_MAX: usize = StatusClass::ALL.len() * Reason::ALL.len();

/// The counters that have appeared.
#[derive(Debug, Default)]
pub(crate) struct LateCounters {
    /// How many more may have a name of their own.
    room: usize,
    /// Sorted, by what each counts.
    counters: Vec<(Late, Metric)>,
}

/// What such a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Late {
    pub(crate) series: Series,
    pub(crate) reason: Reason,
    pub(crate) class: StatusClass,
}

impl LateCounters {
    /// None yet, where so many stand from the start.
    pub(crate) fn beside(standing: usize) -> LateCounters {
        LateCounters { room: COUNTERS_MAX.saturating_sub(OTHER_MAX).saturating_sub(standing), counters: Vec::new() }
    }

    /// The counter of this; that of all variants together where there is no room for one more. What has appeared stays.
    pub(crate) fn counter(&mut self, late: Late, define: impl FnOnce(Late) -> Metric) -> Metric {
        match self.position(late) {
            Ok(known) => known,
            Err(place) if late.series == Series::Other || self.room > 0 => {
                if late.series != Series::Other {
                    self.room = self.room.saturating_sub(1);
                }
                let counter = define(late);
                self.counters.insert(place, (late, counter));
                counter
            }
            Err(_) => self.counter(Late { series: Series::Other, ..late }, define),
        }
    }

    fn position(&self, late: Late) -> Result<Metric, usize> {
        let place = self.counters.binary_search_by_key(&late, |(known, _)| *known)?;
        self.counters.get(place).map(|(_, counter)| *counter).ok_or(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(pair: u32, reason: Reason, class: StatusClass) -> Late {
        Late { series: Series::Named(pair), reason, class }
    }

    #[test]
    fn a_counter_appears_once_and_stays() {
        let mut counters = LateCounters::beside(0);
        let mut defined = Vec::new();
        for _ in 0..2 {
            for one in [
                late(1, Reason::Rule, StatusClass::Success),
                late(0, Reason::Rule, StatusClass::Success),
                late(1, Reason::Override, StatusClass::Success),
                late(1, Reason::Rule, StatusClass::None),
            ] {
                let metric = counters.counter(one, |new| {
                    defined.push(new);
                    Metric(defined.len() - 1)
                });
                assert_eq!(defined[metric.0], one);
            }
        }
        assert_eq!(defined.len(), 4);
    }

    #[test]
    fn beyond_the_limit_all_variants_are_counted_together_by_reason_and_code() {
        for (standing, room) in [(COUNTERS_MAX - OTHER_MAX - 2, 2), (COUNTERS_MAX - OTHER_MAX, 0), (COUNTERS_MAX, 0)] {
            let mut counters = LateCounters::beside(standing);
            for pair in 0..3 {
                for reason in Reason::ALL {
                    for class in StatusClass::ALL {
                        let one = late(pair, *reason, class);
                        let mut defined = one;
                        counters.counter(one, |new| {
                            defined = new;
                            Metric(0)
                        });
                        assert_eq!((defined.reason, defined.class), (one.reason, one.class));
                    }
                }
            }
            let together = counters.counters.iter().filter(|(late, _)| late.series == Series::Other).count();
            assert_eq!((counters.counters.len() - together, together), (room, OTHER_MAX), "{standing}");
        }
    }
}
