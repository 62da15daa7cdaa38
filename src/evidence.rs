//! Counters of requests that were dealt a variant on a line of a pool, by part and outcome: what releases are judged by. Each
//! appears with the first request that it counts.

use std::cell::RefCell;

use weir_engine::evidence::{Assigned, COUNTERS_OF_VARIANT, Outcome, PARTS};
use weir_engine::{Dealt, Plan};

use crate::host::{self, Kind};
use crate::metrics::{Metric, Metrics};
use crate::status_class::StatusClass;

/// Before the ids of a variant: no name of a plugin, under which its last good envelope lies.
const KEY: &str = "\0evidence";

/// The evidence counters of a plan.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// In the order of [`Plan::pool_variants`].
    variants: RefCell<Vec<OneVariant>>,
}

#[derive(Debug)]
struct OneVariant {
    /// By part and outcome.
    counters: [Option<Metric>; COUNTERS_OF_VARIANT],
    /// Whether machines to come know that the variant has counters.
    is_remembered: bool,
}

impl Evidence {
    /// Defines none yet; but in a new machine all of each variant that has counters. Envoy drops a counter that no machine has
    /// any more, and the old machine may still count what it has never met.
    pub(crate) fn define(plan: &Plan, machine_is_new: bool, metrics: &mut Metrics) -> Evidence {
        let one = |ids| {
            let is_remembered = machine_is_new && host::shared_data(&key(ids)).is_ok();
            let mut counters = [None; COUNTERS_OF_VARIANT];
            for (place, counter) in counters.iter_mut().enumerate().filter(|_| is_remembered) {
                *counter = define(ids, place, metrics);
            }
            OneVariant { counters, is_remembered }
        };
        Evidence { variants: RefCell::new(plan.pool_variants().map(one).collect()) }
    }

    /// Counts a request that is over.
    pub(crate) fn count(
        &self,
        plan: &Plan,
        dealt: Dealt,
        class: StatusClass,
        latency: Option<u64>,
        metrics: &mut Metrics,
    ) {
        let mut variants = self.variants.borrow_mut();
        let Some(variant) = variants.get_mut(usize::from(dealt.variant)) else { return };
        let first = usize::from(dealt.part).saturating_mul(Outcome::ALL.len());
        for outcome in Outcome::ALL.into_iter().filter(|outcome| ended_so(*outcome, class, latency)) {
            let place = first.saturating_add(outcome as usize);
            let counter = match variant.counters.get(place) {
                Some(Some(counter)) => *counter,
                _ => match variant.appear(plan, dealt, place, metrics) {
                    Some(counter) => counter,
                    None => continue,
                },
            };
            metrics.add(counter, 1);
        }
    }
}

impl OneVariant {
    #[cold]
    fn appear(&mut self, plan: &Plan, dealt: Dealt, place: usize, metrics: &mut Metrics) -> Option<Metric> {
        let ids = plan.pool_variants().nth(usize::from(dealt.variant))?;
        if !self.is_remembered {
            // Where that fails, a new machine counts from 0.
            let _ = host::set_shared_data(&key(ids), b"", host::ANY_VERSION);
            self.is_remembered = true;
        }
        let counter = self.counters.get_mut(place)?;
        *counter = define(ids, place, metrics);
        *counter
    }
}

/// Whether this outcome counts a request that ended with this class, after so many nanoseconds where that says something.
fn ended_so(outcome: Outcome, class: StatusClass, latency: Option<u64>) -> bool {
    match outcome {
        Outcome::All => true,
        Outcome::Error => class == StatusClass::ServerError,
        Outcome::None => class == StatusClass::None,
        Outcome::Over250 | Outcome::Over500 | Outcome::Over1000 | Outcome::Over2500 => {
            let bound = outcome.over_milliseconds().map(|bound| bound.saturating_mul(1_000_000));
            latency.zip(bound).is_some_and(|(latency, bound)| latency > bound)
        }
    }
}

fn define((experiment, variant): (&str, &str), place: usize, metrics: &mut Metrics) -> Option<Metric> {
    let part = place.checked_div(Outcome::ALL.len())?.try_into().ok().filter(|part| *part < PARTS)?;
    let outcome = *Outcome::ALL.get(place.checked_rem(Outcome::ALL.len())?)?;
    Some(metrics.define(Kind::Counter, &Assigned { experiment, variant, part, outcome }.defined()))
}

fn key((experiment, variant): (&str, &str)) -> Vec<u8> {
    [KEY, experiment, variant].join("\0").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn counted(class: StatusClass, latency: Option<u64>, expected: &str) {
        let counted = Outcome::ALL.into_iter().filter(|outcome| ended_so(*outcome, class, latency));
        assert_eq!(counted.map(Outcome::name).collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn a_request_is_counted_in_every_outcome_that_holds() {
        counted(StatusClass::Success, Some(0), "all");
        counted(StatusClass::ClientError, Some(1), "all");
        counted(StatusClass::ServerError, Some(1), "all error");
        counted(StatusClass::None, Some(600_000_000), "all none over_250 over_500");
        counted(StatusClass::ServerError, Some(u64::MAX), "all error over_250 over_500 over_1000 over_2500");
        counted(StatusClass::Informational, None, "all");
    }

    #[test]
    fn as_long_as_the_bound_is_not_over_it() {
        for (milliseconds, at, over) in [
            (250, "all", "all over_250"),
            (500, "all over_250", "all over_250 over_500"),
            (1_000, "all over_250 over_500", "all over_250 over_500 over_1000"),
            (2_500, "all over_250 over_500 over_1000", "all over_250 over_500 over_1000 over_2500"),
        ] {
            counted(StatusClass::Success, Some(milliseconds * 1_000_000), at);
            counted(StatusClass::Success, Some(milliseconds * 1_000_000 + 1), over);
        }
    }
}
