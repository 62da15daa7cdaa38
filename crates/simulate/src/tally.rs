//! Many runs of one release under one judge: how many ended how.

use crate::run::Fate;

/// What became of so many runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    runs: usize,
    /// After how many looks, of those that were stopped.
    stopped: Vec<usize>,
    /// After how many looks, of those that were stopped or had to wait at the end of a step.
    noticed: Vec<usize>,
    halted: usize,
    exposed: f64,
}

impl Tally {
    /// One more run.
    pub fn add(&mut self, fate: &Fate) {
        self.runs += 1;
        self.stopped.extend(fate.stopped);
        self.halted += usize::from(fate.halted.is_some());
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

    /// Requests that met the arms of a run, on average.
    pub fn exposed(&self) -> f64 {
        self.exposed / self.runs.max(1) as f64
    }

    /// After how many looks half of those that were stopped had been.
    pub fn median_stopped(&self) -> Option<usize> {
        median(&self.stopped)
    }

    /// The same of those that were noticed.
    pub fn median_noticed(&self) -> Option<usize> {
        median(&self.noticed)
    }

    /// Whether no more were stopped than was promised, within three standard errors.
    pub fn keeps(&self, promised: f64) -> bool {
        self.within(self.stopped(), promised)
    }

    /// The same of those that were told to halt at whatever time.
    pub fn suspects_at_most(&self, promised: f64) -> bool {
        self.within(self.halted(), promised)
    }

    fn within(&self, part: f64, promised: f64) -> bool {
        part <= promised + 3.0 * (promised * (1.0 - promised) / self.runs.max(1) as f64).sqrt()
    }

    fn part(&self, some: usize) -> f64 {
        some as f64 / self.runs.max(1) as f64
    }
}

fn median(looks: &[usize]) -> Option<usize> {
    let mut looks = looks.to_vec();
    looks.sort_unstable();
    looks.get(looks.len().div_ceil(2).saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_runs_is_counted() {
        let mut tally = Tally::default();
        assert_eq!((tally.stopped(), tally.exposed(), tally.median_stopped()), (0.0, 0.0, None));
        let fate = |stopped, halted, held| Fate { stopped, halted, held, exposed: 10.0, ..Fate::default() };
        tally.add(&fate(None, None, None));
        tally.add(&fate(Some(9), None, None));
        tally.add(&fate(Some(4), Some(1), Some(3)));
        tally.add(&fate(None, Some(2), Some(5)));
        assert_eq!((tally.runs(), tally.stopped(), tally.halted(), tally.noticed()), (4, 0.5, 0.5, 0.75));
        assert_eq!((tally.median_stopped(), tally.median_noticed(), tally.exposed()), (Some(4), Some(5), 10.0));
    }

    #[test]
    fn a_promise_has_three_standard_errors() {
        let of = |stopped| {
            let mut tally = Tally::default();
            let fate = |run| Fate { stopped: (run < stopped).then_some(1), ..Fate::default() };
            (0..1000).for_each(|run| tally.add(&fate(run)));
            tally.keeps(0.01)
        };
        assert!(of(19) && !of(20));
    }
}
