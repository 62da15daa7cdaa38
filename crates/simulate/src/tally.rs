//! Many runs of one release under one judge: how many ended how.

use crate::run::Fate;

/// What became of so many runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    runs: usize,
    /// After how many looks, of those that were stopped.
    stopped: Vec<usize>,
    halted: usize,
    held: usize,
    exposed: f64,
}

impl Tally {
    /// One more run.
    pub fn add(&mut self, fate: &Fate) {
        self.runs += 1;
        self.stopped.extend(fate.stopped);
        self.halted += usize::from(fate.halted.is_some());
        self.held += usize::from(fate.held.is_some());
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

    /// The part that were told so at the end of a step.
    pub fn held(&self) -> f64 {
        self.part(self.held)
    }

    /// Requests that met the arms of a run, on average.
    pub fn exposed(&self) -> f64 {
        self.exposed / self.runs.max(1) as f64
    }

    /// After how many looks half of those that were stopped had been.
    pub fn median_looks(&self) -> Option<usize> {
        let mut stopped = self.stopped.clone();
        stopped.sort_unstable();
        stopped.get(stopped.len().div_ceil(2).saturating_sub(1)).copied()
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
