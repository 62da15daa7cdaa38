//! Many runs of one release under one judge: how many ended how.

use std::time::Duration;

use crate::judge::Fate;

/// What became of so many runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    runs: usize,
    /// After how long, of those that were stopped.
    stopped: Vec<Duration>,
    /// After how long, of those that were stopped or had to wait at the end of a step.
    noticed: Vec<Duration>,
    /// After how long, of those that deviated.
    deviated: Vec<Duration>,
    halted: usize,
    exposed: f64,
}

impl Tally {
    /// One more run.
    pub fn add(&mut self, fate: &Fate) {
        self.runs += 1;
        self.stopped.extend(fate.stopped);
        self.halted += usize::from(fate.halted.is_some());
        self.deviated.extend(fate.deviated);
        self.noticed.extend(fate.held.into_iter().chain(fate.stopped).min());
        self.exposed += fate.exposed;
    }

    /// Runs.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// The part of runs that were stopped.
    pub fn stopped(&self) -> f64 {
        self.part(self.stopped.len())
    }

    /// The part that were told to halt at whatever time.
    pub fn halted(&self) -> f64 {
        self.part(self.halted)
    }

    /// The part that were stopped, or told to halt when a step was over.
    pub fn noticed(&self) -> f64 {
        self.part(self.noticed.len())
    }

    /// The part in which an arm deviated.
    pub fn deviated(&self) -> f64 {
        self.part(self.deviated.len())
    }

    /// After how long half of those had.
    pub fn median_deviated(&self) -> Option<Duration> {
        median(&self.deviated)
    }

    /// Requests that met the arms of a run, on average.
    pub fn exposed(&self) -> f64 {
        self.exposed / self.runs.max(1) as f64
    }

    /// After how long half of those that were stopped had been.
    pub fn median_stopped(&self) -> Option<Duration> {
        median(&self.stopped)
    }

    /// The same of those that were noticed.
    pub fn median_noticed(&self) -> Option<Duration> {
        median(&self.noticed)
    }

    /// Whether a part of these runs, such as [`Tally::stopped`], is no more than was promised, within three standard errors.
    pub fn keeps(&self, part: f64, promised: f64) -> bool {
        part <= promised + 3.0 * (promised * (1.0 - promised) / self.runs.max(1) as f64).sqrt()
    }

    fn part(&self, some: usize) -> f64 {
        some as f64 / self.runs.max(1) as f64
    }
}

fn median(times: &[Duration]) -> Option<Duration> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len().div_ceil(2).saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn what_became_of_runs_is_counted() {
        let mut tally = Tally::default();
        assert_eq!((tally.stopped(), tally.exposed(), tally.median_stopped()), (0.0, 0.0, None));
        let fate = |stopped, halted, held| Fate { stopped, halted, held, exposed: 10.0, ..Fate::default() };
        tally.add(&fate(None, None, None));
        tally.add(&fate(after(9), None, None));
        tally.add(&fate(after(4), after(1), after(3)));
        tally.add(&Fate { deviated: after(5), ..fate(None, after(2), after(5)) });
        assert_eq!((tally.runs(), tally.stopped(), tally.halted(), tally.noticed()), (4, 0.5, 0.5, 0.75));
        assert_eq!((tally.median_stopped(), tally.median_noticed(), tally.exposed()), (after(4), after(5), 10.0));
        assert_eq!((tally.deviated(), tally.median_deviated()), (0.25, after(5)));
    }

    #[test]
    fn a_promise_has_three_standard_errors() {
        let of = |stopped| {
            let mut tally = Tally::default();
            let fate = |run| Fate { stopped: after(1).filter(|_| run < stopped), ..Fate::default() };
            (0..1000).for_each(|run| tally.add(&fate(run)));
            tally.keeps(tally.stopped(), 0.01)
        };
        assert!(of(19) && !of(20));
    }
}
