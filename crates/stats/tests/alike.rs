//! Arms that are alike: how often each test says that they are not. A short form, seeded, of what `scripts/calibrate` runs at
//! length.

use weir_stats::counts::{EProcess, Poll};
use weir_stats::means::{self, Moments};
use weir_stats::proportions::{self, Share};
use weir_stats::rank::MannWhitney;
use weir_stats::sample_ratio::SequentialRatio;
use weir_stats::sequences::Sequence;

const RUNS: usize = 1_000;
const LOOKS: usize = 500;
const ALPHA: f64 = 0.05;

/// At most alpha of all runs, and three standard errors.
#[track_caller]
fn at_most_alpha(found: usize) {
    let most = ALPHA + 3.0 * (ALPHA * (1.0 - ALPHA) / RUNS as f64).sqrt();
    assert!(found as f64 <= most * RUNS as f64, "{found} of {RUNS}");
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A Poisson variable of a small mean, by products of uniform ones (Knuth).
    fn poisson(&mut self, mean: f64) -> f64 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.uniform(), 0.0);
        while product > limit {
            product *= self.uniform();
            count += 1.0;
        }
        count
    }
}

/// Runs in which something is said at one look or more, out of so many looks.
fn stopped(mut run: impl FnMut(&mut Dice) -> bool) -> usize {
    (0..RUNS).filter(|seed| run(&mut Dice(1 + *seed as u64))).count()
}

/// Events, where the treatment has as many more as the margin allows, and shares change from step to step.
#[test]
fn events_looked_at_always() {
    for margin in [0.0, 0.2] {
        at_most_alpha(stopped(|dice| {
            let mut process = EProcess::new(margin);
            (0..LOOKS).any(|look| {
                let treatment = [5.0, 10.0, 20.0, 50.0][look * 4 / LOOKS];
                let control = 100.0 - treatment;
                // The rate swings, as it does over a day.
                let rate = 0.02 * (1.5 + (look as f64 / 30.0).sin());
                process.add(&Poll {
                    treatment_events: dice.poisson(treatment * rate * (1.0 + margin)),
                    control_events: dice.poisson(control * rate),
                    treatment,
                    control,
                });
                process.ln_e() >= -ALPHA.ln()
            })
        }));
    }
}

#[test]
fn shares_looked_at_always() {
    at_most_alpha(stopped(|dice| {
        let mut arms = [Share::default(); 2];
        (0..LOOKS).any(|_| {
            for arm in &mut arms {
                arm.x += (0..20).filter(|_| dice.uniform() < 0.3).count() as f64;
                arm.n += 20.0;
            }
            let effect = proportions::difference(arms[0], arms[1]);
            let is_early = arms.iter().any(|arm| arm.x < 10.0);
            !is_early && Sequence { effect, n: arms[0].n + arms[1].n, tuned_to: 5000.0 }.interval(ALPHA).low > 0.0
        })
    }));
}

#[test]
fn units_looked_at_always() {
    at_most_alpha(stopped(|dice| {
        let mut ratio = SequentialRatio::new(&[5.0, 95.0]);
        (0..LOOKS).for_each(|_| ratio.add(&[dice.poisson(5.0), dice.poisson(95.0)]));
        ratio.p() < ALPHA
    }));
}

/// The same test, made to be looked at once, looked at after each poll: what all of this is for.
#[test]
fn what_is_made_for_one_look_stops_many_when_looked_at_always() {
    let found = stopped(|dice| {
        let mut arms = [Share::default(); 2];
        (0..LOOKS).any(|_| {
            for arm in &mut arms {
                arm.x += (0..20).filter(|_| dice.uniform() < 0.3).count() as f64;
                arm.n += 20.0;
            }
            arms[0].x >= 10.0 && proportions::p(arms[0], arms[1]) < ALPHA
        })
    });
    assert!(found as f64 > 0.3 * RUNS as f64, "{found}");
}

/// A p-value of the values of two arms.
type Test = fn(&[f64], &[f64]) -> f64;

#[test]
fn looked_at_once() {
    let tests: [Test; 3] = [
        |one, other| MannWhitney::of(one, other).p(),
        |one, other| means::welch(&Moments::of(one.iter().copied()), &Moments::of(other.iter().copied())).p(),
        |one, other| {
            let share =
                |all: &[f64]| Share { x: all.iter().filter(|one| **one > 3.0).count() as f64, n: all.len() as f64 };
            proportions::p(share(one), share(other))
        },
    ];
    for test in tests {
        at_most_alpha(stopped(|dice| {
            let mut values = |count: usize| (0..count).map(|_| dice.poisson(3.0)).collect::<Vec<f64>>();
            test(&values(60), &values(200)) < ALPHA
        }));
    }
}
