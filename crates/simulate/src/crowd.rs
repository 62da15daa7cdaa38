//! The crowd: users as they are drawn once, at the beginning of a run.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rand_distr::{Beta, Distribution, LogNormal};
use weir_stats::distribution::{normal_above, normal_quantile_above};

/// The parts that users are counted in, by a hash of their own.
pub const PARTS: usize = 16;
/// The bounds, in milliseconds, over which a request is slow.
pub const BOUNDS_MS: [f64; 4] = [250.0, 500.0, 1000.0, 2500.0];

/// What users are drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Population {
    /// How many there are.
    pub users: usize,
    /// The standard deviation of the logarithm of a user's volume; 0 where all ask alike.
    pub volume_sigma: f64,
    /// How often a request of a user is an error.
    pub errors: Rate,
    /// How often it gets no response at all.
    pub unanswered: Rate,
    /// How long it takes.
    pub latency: Latency,
}

/// A chance that each user has of something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// The same for all.
    Same(f64),
    /// Drawn from the Beta distribution of these two, both above 0; their mean is the first of both together.
    Beta(f64, f64),
}

/// Lognormal latencies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// The median, in milliseconds.
    pub median_ms: f64,
    /// The standard deviation of the logarithms of users' own medians; 0 where all are served alike.
    pub users_sigma: f64,
    /// That of the logarithms of one user's requests, above 0.
    pub requests_sigma: f64,
}

/// Users.
#[derive(Clone, Debug, PartialEq)]
pub struct Crowd {
    pub(crate) users: Vec<User>,
}

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct User {
    /// Where on the line of its release it is, from 0 to 1: that decides its arm.
    pub place: f64,
    /// The part that its requests are counted in, below [`PARTS`].
    pub part: usize,
    /// Its share of all requests.
    pub volume: f64,
    pub errors: f64,
    pub unanswered: f64,
    /// How many of its requests take longer than each of [`BOUNDS_MS`].
    pub over: [f64; BOUNDS_MS.len()],
}

impl Population {
    /// Users who are all alike, so that requests are independent: 0.5% errors, 0.1% unanswered, 0.55% over 500 ms.
    pub fn alike(users: usize) -> Population {
        Population {
            users,
            volume_sigma: 0.0,
            errors: Rate::Same(0.005),
            unanswered: Rate::Same(0.001),
            latency: Latency { median_ms: 11.0, users_sigma: 0.0, requests_sigma: 1.5 },
        }
    }

    /// Users as services have them: the same on average, but the tenth that asks most makes more than half of all requests, and
    /// nine of ten errors fall to a tenth of the users.
    pub fn heavy(users: usize) -> Population {
        Population {
            users,
            volume_sigma: 1.5,
            errors: Rate::Beta(0.05, 9.95),
            unanswered: Rate::Beta(0.05, 49.95),
            latency: Latency { median_ms: 11.0, users_sigma: 0.5, requests_sigma: 2.0_f64.sqrt() },
        }
    }
}

/// What is usual where nothing is wrong; parts of 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// Requests that are errors.
    pub errors: f64,
    /// Requests without a response.
    pub unanswered: f64,
    /// Requests that take over 500 ms.
    pub slow: f64,
}

/// The first parameter of the Beta distribution that failures of heavy users have: most users have next to none.
const HEAVY: f64 = 0.05;
/// The standard deviation of the logarithms of all latencies.
const SIGMA: f64 = 1.5;

impl Population {
    /// Users who are all alike or heavy as above, but for what is usual.
    pub fn of(users: usize, are_alike: bool, usual: Usual) -> Population {
        let failures = |mean: f64| {
            let rest = HEAVY / mean - HEAVY;
            if are_alike || !(rest.is_finite() && rest > 0.0) { Rate::Same(mean) } else { Rate::Beta(HEAVY, rest) }
        };
        let users_sigma = if are_alike { 0.0 } else { 0.5 };
        let slow = usual.slow.clamp(1e-9, 1.0 - 1e-9);
        Population {
            users,
            volume_sigma: if are_alike { 0.0 } else { 1.5 },
            errors: failures(usual.errors),
            unanswered: failures(usual.unanswered),
            latency: Latency {
                median_ms: 500.0 * libm::exp(-SIGMA * normal_quantile_above(slow)),
                users_sigma,
                requests_sigma: (SIGMA * SIGMA - users_sigma * users_sigma).sqrt(),
            },
        }
    }
}

impl Crowd {
    /// Draws a crowd.
    pub fn draw(population: &Population, dice: &mut ChaCha8Rng) -> Crowd {
        let volumes = LogNormal::new(0.0, population.volume_sigma.max(0.0)).ok();
        let latency = population.latency;
        // Four integrals a user, which need no repeating where all are served alike.
        let alike = latency.over(latency.median_ms);
        let medians = LogNormal::new(libm::log(latency.median_ms), latency.users_sigma.max(0.0)).ok();
        let medians = medians.filter(|_| latency.users_sigma > 0.0);
        let mut users: Vec<User> = (0..population.users)
            .map(|_| User {
                place: uniform(dice),
                part: (dice.next_u32() as usize) % PARTS,
                volume: volumes.map_or(1.0, |volumes| volumes.sample(dice)),
                errors: population.errors.draw(dice),
                unanswered: population.unanswered.draw(dice),
                over: medians.map_or(alike, |medians| latency.over(medians.sample(dice))),
            })
            .collect();
        let all: f64 = users.iter().map(|user| user.volume).sum();
        users.iter_mut().for_each(|user| user.volume /= all);
        Crowd { users }
    }
}

impl User {
    /// From 0 to 1, what it has that says nothing of its arm or part, such as its browser. Of digits of its place that no share has.
    pub(crate) fn kind(&self) -> f64 {
        let beyond = self.place * 1e6;
        beyond - libm::floor(beyond)
    }
}

impl Rate {
    fn draw(self, dice: &mut ChaCha8Rng) -> f64 {
        match self {
            Rate::Same(rate) => rate,
            Rate::Beta(a, b) => Beta::new(a, b).map_or(0.0, |beta| beta.sample(dice)),
        }
    }
}

impl Latency {
    /// How many requests of a user with this median take longer than each bound.
    fn over(self, median_ms: f64) -> [f64; BOUNDS_MS.len()] {
        BOUNDS_MS.map(|bound| normal_above(libm::log(bound / median_ms) / self.requests_sigma))
    }
}

/// A number from 0 to 1, 1 not among them.
fn uniform(dice: &mut ChaCha8Rng) -> f64 {
    (dice.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_crowds_are_those_of_the_calibration() {
        let usual = Usual { errors: 0.005, unanswered: 0.001, slow: 0.0055 };
        for (population, known) in [
            (Population::of(20_000, false, usual), Population::heavy(20_000)),
            (Population::of(20_000, true, usual), Population::alike(20_000)),
        ] {
            assert!((population.latency.median_ms - known.latency.median_ms).abs() < 0.05, "{population:?}");
            assert!((population.latency.requests_sigma - known.latency.requests_sigma).abs() < 1e-12);
            match (population.errors, known.errors) {
                (Rate::Same(one), Rate::Same(other)) => assert_eq!(one, other),
                (Rate::Beta(a, b), Rate::Beta(c, d)) => assert!((a - c).abs() + (b - d).abs() < 1e-9),
                other => panic!("{other:?}"),
            }
        }
        for never in [0.0, 1.0] {
            let population = Population::of(1, false, Usual { errors: never, ..usual });
            assert_eq!(population.errors, Rate::Same(never));
        }
    }
}
