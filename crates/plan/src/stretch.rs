//! A time with one exposure, and what events gain and take in it.

use weir_stats::counts::{EProcess, Poll, RATIOS};

/// From so many requests of a poll on three numbers stand for all.
const MANY: f64 = 12.0;

/// A time with one exposure: a step after its warm-up.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Polls in it.
    pub(crate) polls: f64,
    /// Requests of the arm and of control in a poll.
    pub(crate) arm: f64,
    pub(crate) control: f64,
    /// What each logarithm gains by an event of the arm beside one of control.
    pub(crate) gain: [f64; RATIOS],
    /// What it gains by an event of control, less than nothing: on average over what is observed of exposure where one of the arm is,
    /// and where one of control is.
    pub(crate) beside_arm: [f64; RATIOS],
    pub(crate) beside_control: [f64; RATIOS],
}

impl Stretch {
    /// So many polls with so many requests of the arm and of control in each, for a guardrail with this margin.
    pub fn new(margin: f64, polls: f64, arm: f64, control: f64) -> Stretch {
        let gained = |arm_events: f64, control_events: f64, treatment: f64, control: f64| {
            let mut process = EProcess::new(margin);
            process.add(&Poll { treatment_events: arm_events, control_events, treatment, control });
            *process.ln_ratios()
        };
        let mut gain = gained(1.0, 0.0, arm, control);
        gain.iter_mut().zip(gained(0.0, 1.0, arm, control)).for_each(|(gain, other)| *gain -= other);
        // What an event takes depends on the requests that were observed with it, one of which is its own.
        let beside = |of_arm: f64, of_control: f64| {
            let mut taken = [0.0; RATIOS];
            for (n, of_n) in around(arm, of_arm) {
                for (m, of_m) in around(control, of_control) {
                    let of_poll = gained(0.0, 1.0, n, m);
                    taken.iter_mut().zip(of_poll).for_each(|(taken, one)| *taken += of_n * of_m * one);
                }
            }
            taken
        };
        let (beside_arm, beside_control) = (beside(1.0, 0.0), beside(0.0, 1.0));
        Stretch { polls, arm, control, gain, beside_arm, beside_control }
    }

    /// The same of other length.
    #[must_use]
    pub fn lasting(&self, polls: f64) -> Stretch {
        Stretch { polls, ..self.clone() }
    }
}

/// Numbers of requests that stand for those of a poll of which so many are expected, with their chances: Poisson's, more than none
/// with `extra`, which is that of an event. Three where there are many.
fn around(expected: f64, extra: f64) -> Vec<(f64, f64)> {
    if expected >= MANY {
        let far = (3.0 * expected).sqrt();
        let three = [(-far, 1.0 / 6.0), (0.0, 2.0 / 3.0), (far, 1.0 / 6.0)];
        return three.map(|(by, chance)| (expected + extra + by, chance)).into();
    }
    let (mut all, mut chance, mut count) = (Vec::new(), (-expected).exp(), 0.0);
    while count < expected + 4.0 * expected.sqrt() + 4.0 {
        if count + extra > 0.0 {
            all.push((count + extra, chance));
        }
        count += 1.0;
        chance *= expected / count;
    }
    let sum: f64 = all.iter().map(|(_, chance)| chance).sum();
    all.iter_mut().for_each(|(_, chance)| *chance /= sum);
    all
}
