//! Traffic: what is counted of a crowd's requests, by arm and part, between one look and the next.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Binomial, Distribution, Poisson};
use weir_policy::evidence::Outcome;

use crate::crowd::{BOUNDS_MS, Crowd, PARTS, Population, User};
use crate::fault::Harm;

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

/// A crowd and the dice of one run.
#[derive(Clone, Debug)]
pub struct Traffic {
    crowd: Crowd,
    dice: ChaCha8Rng,
}

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

impl Traffic {
    /// A crowd of this population, and dice, by a seed.
    pub fn new(population: &Population, seed: u64) -> Traffic {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        Traffic { crowd: Crowd::draw(population, &mut dice), dice }
    }

    /// What is to be expected, for one request of the whole crowd, of the users whose place lies in this range. It is the same for as
    /// long as the arms and their faults are.
    pub fn expected(&self, range: &Range<f64>, harm: Harm) -> Parts {
        self.expected_of(range, |_| harm)
    }

    /// The same where not all of them meet the same.
    pub(crate) fn expected_of(&self, range: &Range<f64>, harm: impl Fn(&User) -> Harm) -> Parts {
        let mut parts = Parts::default();
        for user in self.users_in(range) {
            let harm = harm(user);
            let volume = user.volume * (1.0 - harm.lost);
            let errors = besides((user.errors * harm.errors).min(1.0), harm.more_errors);
            let unanswered =
                besides((user.unanswered * harm.unanswered).min(1.0), harm.more_unanswered).min(1.0 - errors);
            let over = user.over.map(|rate| volume * besides((rate * harm.slow).min(1.0), harm.more_slow));
            if let Some(part) = parts.get_mut(user.part) {
                let (errors, unanswered) = (volume * errors, volume * unanswered);
                *part = part.and(&Counts { all: volume, errors, unanswered, over });
            }
        }
        parts
    }

    /// The users whose place lies in this range.
    pub(crate) fn users_in(&self, range: &Range<f64>) -> impl Iterator<Item = &User> {
        self.crowd.users.iter().filter(move |user| range.contains(&user.place))
    }

    /// What is counted of parts of which this is expected, when the whole crowd makes about so many requests.
    pub fn count(&mut self, expected: &Parts, requests: f64) -> Parts {
        expected.map(|part| {
            let good = (part.all - part.errors - part.unanswered).max(0.0);
            let [errors, unanswered, good] =
                [part.errors, part.unanswered, good].map(|mean| self.poisson(requests * mean));
            let all = errors + unanswered + good;
            // Whether a request is slow has nothing to do with how it ends. Those over a bound are some of those over the one before.
            let (mut before, mut mean_before) = (all, part.all);
            let over = part.over.map(|mean| {
                before = self.thinned(before, mean / mean_before);
                mean_before = mean;
                before
            });
            Counts { all, errors, unanswered, over }
        })
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        Poisson::new(mean).map_or(0.0, |poisson| poisson.sample(&mut self.dice))
    }

    /// How many of so many are left where each stays with this chance.
    fn thinned(&mut self, all: f64, chance: f64) -> f64 {
        if all == 0.0 {
            return 0.0;
        }
        Binomial::new(all as u64, chance.min(1.0)).map_or(0.0, |some| some.sample(&mut self.dice) as f64)
    }
}

/// A rate, with this part of all other requests besides.
fn besides(rate: f64, more: f64) -> f64 {
    rate + (1.0 - rate) * more
}

#[cfg(test)]
mod tests;
