//! A run: a release goes its steps, judges look at it, and each comes to its own end.

use crate::arms::{Arms, Control};
use crate::fault::{self, Fault, Harm};
use crate::traffic::{Counts, Parts, Traffic};

/// A release as it is to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What its arms are.
    pub kind: Kind,
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// Requests of the whole crowd between two looks.
    pub requests: f64,
    /// So many looks of each step are its warm-up.
    pub warmup: usize,
    /// So many looks are added to a step at most while its judge halts.
    pub max_hold: usize,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// What the arms of a release are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A canary and control.
    Release(Control),
    /// So many arms and control.
    Test(usize),
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// What the canary gets, or all arms of a test together, from 0 to 1.
    pub share: f64,
    /// Looks at it.
    pub looks: usize,
}

/// What a judge sees at a look.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Its number in the release, from 0.
    pub number: usize,
    /// The number of its step, from 0.
    pub step: usize,
    /// The share of that step.
    pub share: f64,
    /// Whether it is in the step's warm-up.
    pub in_warmup: bool,
    /// Who is in which arm.
    pub arms: &'a Arms,
    /// What was counted since the look before, by arm and part, control's the last.
    pub counted: &'a [Parts],
}

/// What a judge says to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go on.
    Go,
    /// It is not to take its next step now.
    Halt,
    /// It goes back.
    Stop,
}

/// Whoever judges a release.
pub trait Judge {
    /// What it says after one more look.
    fn look(&mut self, look: &Look) -> Verdict;
}

/// What became of a release under a judge. Looks are counted from 1 here: after so many.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fate {
    /// After how many looks it was stopped.
    pub stopped: Option<usize>,
    /// After how many it was told to halt, at whatever time.
    pub halted: Option<usize>,
    /// After how many it was told so when a step's looks were over, so that it had to wait.
    pub held: Option<usize>,
    /// Whether it waited in vain for its judge to say anything else.
    pub inconclusive: bool,
    /// Requests that the arms without control had until it was stopped or was through.
    pub exposed: f64,
}

impl Plan {
    /// What becomes of a release by one judge, for whom a step goes on for as long as it halts, up to [`Plan::max_hold`].
    pub fn run(&self, traffic: &mut Traffic, judge: &mut dyn Judge) -> Fate {
        let mut fate = [Fate::default()];
        self.go(traffic, &mut [judge], &mut fate, Some(self.max_hold));
        let [fate] = fate;
        fate
    }

    /// What becomes of it by several who look at the same requests. Steps end on time, whoever halts.
    pub fn run_beside(&self, traffic: &mut Traffic, judges: &mut [&mut dyn Judge]) -> Vec<Fate> {
        let mut fates = vec![Fate::default(); judges.len()];
        self.go(traffic, judges, &mut fates, None);
        fates
    }

    /// The first look of a step, if none before it took longer.
    pub fn begins(&self, step: usize) -> usize {
        self.steps.iter().take(step).map(|step| step.looks).sum()
    }

    fn go(&self, traffic: &mut Traffic, judges: &mut [&mut dyn Judge], fates: &mut [Fate], waits: Option<usize>) {
        let mut number = 0;
        for (index, step) in self.steps.iter().enumerate() {
            let arms = self.arms(step.share);
            let mut expected = Expected::default();
            let mut halts = false;
            for within in 0..step.looks + waits.unwrap_or_default() {
                let step_is_over = within + 1 >= step.looks;
                let counted = expected.count(self, &arms, traffic, number);
                let in_warmup = within < self.warmup;
                let look = Look { number, step: index, share: step.share, in_warmup, arms: &arms, counted: &counted };
                number += 1;
                for (judge, fate) in judges.iter_mut().zip(fates.iter_mut()).filter(|(_, fate)| fate.goes_on()) {
                    fate.exposed += exposed(&counted);
                    let verdict = judge.look(&look);
                    fate.note(verdict, number, step_is_over);
                    halts = verdict == Verdict::Halt;
                }
                if !fates.iter().any(Fate::goes_on) {
                    return;
                }
                if step_is_over && !halts {
                    break;
                }
            }
            if waits.is_some() && halts {
                fates.iter_mut().for_each(|fate| fate.inconclusive = true);
                return;
            }
        }
    }

    fn arms(&self, share: f64) -> Arms {
        match self.kind {
            Kind::Release(control) => Arms::of_release(share, control),
            Kind::Test(arms) => Arms::of_test(arms, share),
        }
    }
}

impl Fate {
    fn goes_on(&self) -> bool {
        self.stopped.is_none()
    }

    fn note(&mut self, verdict: Verdict, looks: usize, step_is_over: bool) {
        match verdict {
            Verdict::Go => {}
            Verdict::Halt => {
                self.halted.get_or_insert(looks);
                if step_is_over {
                    self.held.get_or_insert(looks);
                }
            }
            Verdict::Stop => self.stopped = Some(looks),
        }
    }
}

/// What is expected of each arm while it suffers this: worked out again only when that changes.
#[derive(Default)]
struct Expected {
    of_arms: Vec<(Harm, Parts)>,
}

impl Expected {
    fn count(&mut self, plan: &Plan, arms: &Arms, traffic: &mut Traffic, look: usize) -> Vec<Parts> {
        let mut counted = Vec::with_capacity(arms.ranges().len());
        for (arm, range) in arms.ranges().iter().enumerate() {
            let harm = fault::harm(&plan.faults, arm, look);
            if self.of_arms.get(arm).is_none_or(|(before, _)| *before != harm) {
                let expected = (harm, traffic.expected(range, harm));
                match self.of_arms.get_mut(arm) {
                    Some(known) => *known = expected,
                    None => self.of_arms.push(expected),
                }
            }
            if let Some((_, expected)) = self.of_arms.get(arm) {
                counted.push(traffic.count(expected, plan.requests));
            }
        }
        counted
    }
}

/// Requests of all arms but control.
fn exposed(counted: &[Parts]) -> f64 {
    let arms = counted.split_last().map_or(&[][..], |(_, arms)| arms);
    arms.iter().map(|arm| Counts::sum(arm).all).sum()
}

#[cfg(test)]
mod tests;
