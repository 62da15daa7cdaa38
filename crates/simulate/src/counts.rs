//! What is counted of an arm's requests, by the part of its users.

use weir_policy::evidence::Outcome;

use crate::crowd::{BOUNDS_MS, PARTS};

/// What was counted, as `weir_assigned_total` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Requests, those without a response too.
    pub all: f64,
    /// Of them errors.
    pub errors: f64,
    /// Of them those without a response.
    pub unanswered: f64,
    /// Of them those that took longer than each of [`BOUNDS_MS`].
    pub over: [f64; BOUNDS_MS.len()],
}

/// An arm's counts by the part of its users.
pub type Parts = [Counts; PARTS];

impl Counts {
    /// Both together.
    #[must_use]
    pub fn and(mut self, other: &Counts) -> Counts {
        self.all += other.all;
        self.errors += other.errors;
        self.unanswered += other.unanswered;
        self.over.iter_mut().zip(other.over).for_each(|(one, other)| *one += other);
        self
    }

    /// Those that ended so.
    pub fn of(&self, outcome: Outcome) -> f64 {
        let [over_250, over_500, over_1000, over_2500] = self.over;
        match outcome {
            Outcome::All => self.all,
            Outcome::Error => self.errors,
            Outcome::None => self.unanswered,
            Outcome::Over250 => over_250,
            Outcome::Over500 => over_500,
            Outcome::Over1000 => over_1000,
            Outcome::Over2500 => over_2500,
        }
    }

    /// All parts together.
    pub fn sum(parts: &Parts) -> Counts {
        parts.iter().fold(Counts::default(), |sum, part| sum.and(part))
    }
}
