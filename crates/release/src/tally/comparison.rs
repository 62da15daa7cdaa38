//! One arm beside control by one guardrail: two bounds of the same evidence.

use serde::{Deserialize, Serialize};
use weir_stats::counts::{EProcess, Poll, RATIOS};

/// Evidence that an arm is worse than control by more than the margin. Each poll is added with its own exposure, never a sum of
/// polls: what users do in one hour would be compared with another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Comparison {
    /// Logarithms of the likelihood ratios of all polls.
    all: [f64; RATIOS],
    /// Of those that are not of a warm-up.
    warm: [f64; RATIOS],
    /// What was seen by the polls that are not of a warm-up.
    seen: Seen,
    /// Polls in which both arms had requests, of this step and not of its warm-up.
    evaluations: u64,
}

/// Bad requests among all, of the arm and of control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Bad ones of the arm.
    pub bad: f64,
    /// All of the arm.
    pub all: f64,
    /// Bad ones of control.
    pub control_bad: f64,
    /// All of control.
    pub control_all: f64,
}

impl Comparison {
    /// A step begins.
    pub fn begin_step(&mut self) {
        self.evaluations = 0;
    }

    /// Adds a poll. `is_of_step`: it says something of the step that the release is in.
    pub fn add(&mut self, margin: f64, poll: Seen, in_warmup: bool, is_of_step: bool) {
        if poll.all == 0.0 || poll.control_all == 0.0 {
            return;
        }
        add(&mut self.all, margin, poll);
        if in_warmup {
            return;
        }
        add(&mut self.warm, margin, poll);
        self.seen = self.seen.and(poll);
        if is_of_step {
            self.evaluations = self.evaluations.saturating_add(1);
        }
    }

    /// The logarithm of e, of all evidence, each request for one.
    pub fn ln_e_suspected(&self, margin: f64) -> f64 {
        EProcess::resumed(margin, self.all).ln_e()
    }

    /// The logarithm of e, without warm-ups, where so many requests count for one.
    pub fn ln_e_harm(&self, margin: f64, design_effect: f64) -> f64 {
        EProcess::resumed(margin, self.warm).ln_e_with(design_effect)
    }

    /// What harm is judged by.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// Whether anything was compared in this step.
    pub fn was_evaluated(&self) -> bool {
        self.evaluations > 0
    }
}

impl Seen {
    /// Both together.
    #[must_use]
    pub fn and(self, more: Seen) -> Seen {
        Seen {
            bad: self.bad + more.bad,
            all: self.all + more.all,
            control_bad: self.control_bad + more.control_bad,
            control_all: self.control_all + more.control_all,
        }
    }
}

fn add(ln_ratios: &mut [f64; RATIOS], margin: f64, poll: Seen) {
    let mut process = EProcess::resumed(margin, *ln_ratios);
    process.add(&Poll {
        treatment_events: poll.bad,
        control_events: poll.control_bad,
        treatment: poll.all,
        control: poll.control_all,
    });
    *ln_ratios = *process.ln_ratios();
}

#[cfg(test)]
mod tests;
