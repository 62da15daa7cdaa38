//! Traffic: what is counted of a crowd's requests, by arm and part, between one look and the next.

use std::ops::Range;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::counts::{Counts, Parts};
use crate::crowd::{Crowd, Population, User};
use crate::expected::Expected;
use crate::harm::Harm;

/// A crowd and the dice of one run. A clone has the same users and the same luck.
#[derive(Clone, Debug)]
pub struct Traffic {
    crowd: Arc<Crowd>,
    dice: ChaCha8Rng,
}

impl Traffic {
    /// A crowd of this population, and dice, by a seed.
    pub fn new(population: &Population, seed: u64) -> Traffic {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        Traffic { crowd: Arc::new(Crowd::draw(population, &mut dice)), dice }
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

    /// What is counted of parts of which this is expected.
    pub fn count(&mut self, expected: &Expected) -> Parts {
        expected.draw(&mut self.dice)
    }
}

/// A rate, with this part of all other requests besides.
fn besides(rate: f64, more: f64) -> f64 {
    rate + (1.0 - rate) * more
}

#[cfg(test)]
mod tests;
