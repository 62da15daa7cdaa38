//! Other tools' rules, as their documentation and source have them: absolute limits on the canary alone, looked at now and then.
//! Both ask Prometheus for responses of class 5xx, so a request without a response is a good one to them.

use std::collections::VecDeque;

use weir_policy::evidence::Outcome;
use weir_stats::proportions::{self, Share};

use crate::counts::Counts;
use crate::judge::{Judge, Look, Verdict};

/// A metric of an AnalysisTemplate of Argo Rollouts, in the background of all steps: a measurement each `interval`, good from
/// `success` on; a run fails, and its rollout is aborted, with more than `failure_limit` failed ones, in a row or not.
#[derive(Clone, Debug)]
pub struct Argo {
    /// Looks between two measurements.
    interval: usize,
    /// `successCondition`, as a part of 1.
    success: f64,
    failure_limit: usize,
    /// How much the query looks back.
    window: Window,
    failed: usize,
}

/// A Canary of Flagger: checks each `interval`; one that fails halts it until the next, and at the first check with `threshold`
/// failed ones before it, in a row or not, it is rolled back.
#[derive(Clone, Debug)]
pub struct Flagger {
    interval: usize,
    /// `request-success-rate`, as a part of 1.
    success: f64,
    /// `request-duration` is the 99th percentile: this bound, and at most 1% over it.
    slow: usize,
    threshold: usize,
    window: Window,
    failed: usize,
    verdict: Verdict,
}

/// "Significantly worse at 99%", asked again and again of all requests so far: errors, unanswered, and slow over 500 ms.
#[derive(Clone, Debug)]
pub struct Naive {
    interval: usize,
    arm: Counts,
    control: Counts,
}

/// The canary's counts of the last looks.
#[derive(Clone, Debug)]
struct Window {
    looks: usize,
    counts: VecDeque<Counts>,
}

impl Argo {
    /// Lengths in looks.
    pub fn new(interval: usize, window: usize, success: f64, failure_limit: usize) -> Argo {
        Argo { interval, success, failure_limit, window: Window::of(window), failed: 0 }
    }
}

impl Judge for Argo {
    fn look(&mut self, look: &Look) -> Verdict {
        self.window.add(look);
        if (look.number + 1).is_multiple_of(self.interval) && self.window.success() < self.success {
            self.failed += 1;
        }
        if self.failed > self.failure_limit { Verdict::Stop } else { Verdict::Go }
    }
}

impl Flagger {
    /// Lengths in looks; `slow` is a bound by its place among them.
    pub fn new(interval: usize, success: f64, slow: usize, threshold: usize) -> Flagger {
        let window = Window::of(interval);
        Flagger { interval, success, slow, threshold, window, failed: 0, verdict: Verdict::Go }
    }
}

impl Judge for Flagger {
    fn look(&mut self, look: &Look) -> Verdict {
        self.window.add(look);
        if (look.number + 1).is_multiple_of(self.interval) {
            self.verdict = if self.failed >= self.threshold {
                Verdict::Stop
            } else if self.window.success() < self.success || self.window.slow(self.slow) > 0.01 {
                self.failed += 1;
                Verdict::Halt
            } else {
                Verdict::Go
            };
        }
        self.verdict
    }
}

impl Naive {
    /// The interval in looks.
    pub fn new(interval: usize) -> Naive {
        Naive { interval, arm: Counts::default(), control: Counts::default() }
    }
}

impl Judge for Naive {
    fn look(&mut self, look: &Look) -> Verdict {
        let [arm, .., control] = look.counted else { return Verdict::Go };
        self.arm = self.arm.and(&Counts::sum(arm));
        self.control = self.control.and(&Counts::sum(control));
        if !(look.number + 1).is_multiple_of(self.interval) {
            return Verdict::Go;
        }
        let is_worse = [Outcome::Error, Outcome::None, Outcome::Over500].iter().any(|outcome| {
            let share = |counts: &Counts| Share { x: counts.of(*outcome), n: counts.all };
            let (control, arm) = (share(&self.control), share(&self.arm));
            arm.rate() > control.rate() && proportions::p(control, arm) < 0.01
        });
        if is_worse { Verdict::Stop } else { Verdict::Go }
    }
}

impl Window {
    fn of(looks: usize) -> Window {
        Window { looks, counts: VecDeque::new() }
    }

    fn add(&mut self, look: &Look) {
        self.counts.push_back(look.counted.first().map(Counts::sum).unwrap_or_default());
        if self.counts.len() > self.looks {
            self.counts.pop_front();
        }
    }

    fn sum(&self) -> Counts {
        self.counts.iter().fold(Counts::default(), |sum, counts| sum.and(counts))
    }

    /// The part of requests that are not errors; all without any.
    fn success(&self) -> f64 {
        let sum = self.sum();
        if sum.all > 0.0 { 1.0 - sum.errors / sum.all } else { 1.0 }
    }

    fn slow(&self, bound: usize) -> f64 {
        let sum = self.sum();
        sum.over.get(bound).map_or(0.0, |over| over / sum.all.max(1.0))
    }
}

#[cfg(test)]
mod tests;
