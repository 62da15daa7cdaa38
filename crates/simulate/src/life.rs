//! A release's life under the very judge that decides on it, poll by poll: a step begins when the judge says so.

use std::time::Duration;

use weir_release::judge::{Code, Decision, Phase, Reason, Verdict};
use weir_release::{Measure, Release};

use crate::judge::Look;
use crate::traffic::Traffic;
use crate::weir::{self, Weir};

mod arm;
mod met;
mod scene;
mod trouble;

pub use met::Met;
pub(crate) use scene::Scene;
pub use trouble::{Since, Trouble};

/// A release that is to be lived through.
#[derive(Clone, Debug)]
pub struct Life {
    pub(crate) release: Release,
    pub(crate) every: Duration,
    /// Of the whole crowd in a poll.
    requests: f64,
    troubles: Vec<Trouble>,
    longest: Duration,
}

/// What became of a release.
#[derive(Clone, Debug, PartialEq)]
pub struct Lived {
    /// How it ended.
    pub end: End,
    /// How long after its first step began.
    pub after: Duration,
    /// When each step began, by the same clock.
    pub steps: Vec<Duration>,
    /// When a guardrail first suspected it.
    pub suspected: Option<Duration>,
    /// When it first had to wait for a person: it was suspected as a step was over, or nothing could be concluded.
    pub held: Option<Duration>,
    /// When an arm first deviated.
    pub deviated: Option<Duration>,
    /// When trouble began.
    pub trouble: Option<Duration>,
    /// Who met its arms without control.
    pub met: Met,
    /// Of them those who met trouble there.
    pub met_trouble: Met,
}

/// How a release ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// After its last step.
    Finished,
    /// The judge rolled it back, for these reasons.
    RolledBack(Vec<Reason>),
    /// Nothing could be concluded; a person would have to look.
    Inconclusive,
    /// It was in this phase when its time was over.
    Waits(Phase),
}

/// What comes after a verdict.
enum Next {
    Poll,
    Step,
    End(End),
}

impl Life {
    /// A release of whose users so many requests come from one poll to the next, those that are in no arm too.
    ///
    /// Windows are open and people say yes, for what is looked at is what the judge sees. Guardrails that ask queries are left out:
    /// nothing answers them here.
    pub fn new(release: &Release, every: Duration, requests: f64, troubles: Vec<Trouble>) -> Life {
        let mut release = release.clone();
        release.windows.clear();
        release.steps.iter_mut().for_each(|step| step.approve = false);
        release.guardrails.retain(|guardrail| matches!(guardrail.measure, Measure::Outcome { .. }));
        // What would wait for ever, such as for data that does not come, waits as long as its steps may last, and a little more.
        let holds = release.steps.iter().map(|step| step.hold.saturating_add(release.max_hold));
        let longest = holds.fold(every * 100, Duration::saturating_add);
        Life { release, every, requests, troubles, longest }
    }

    /// What is counted of it, before its first poll.
    pub(crate) fn scene<'a>(&'a self, traffic: &'a mut Traffic) -> Scene<'a> {
        Scene::new(&self.release, self.requests, &self.troubles, traffic)
    }

    /// Lives it once, by the judge that releases have.
    pub fn run(&self, traffic: &mut Traffic) -> Lived {
        let (mut weir, mut scene) = (Weir::new(&self.release, self.every), self.scene(traffic));
        let (mut number, mut after, mut steps) = (0, Duration::ZERO, vec![Duration::ZERO]);
        let (mut suspected, mut held, mut deviated, mut trouble) = (None, None, None, None);
        loop {
            let step = steps.len() - 1;
            let counted = scene.count(step, after);
            if scene.is_troubled() {
                trouble.get_or_insert(after);
            }
            let verdict = weir.hear(&Look { number, step, arms: scene.arms(), counted: &counted });
            (number, after) = (number + 1, after + self.every);
            if weir::suspects(&verdict) {
                suspected.get_or_insert(after);
            }
            if verdict.phase == Phase::Suspected && verdict.minimum || verdict.inconclusive.is_some() {
                held.get_or_insert(after);
            }
            if verdict.numbers.deviations.iter().any(|off| off.deviates) {
                deviated.get_or_insert(after);
            }
            match self.next(verdict, after) {
                Next::Poll => {}
                Next::Step => steps.push(after),
                Next::End(end) => {
                    let (met, met_trouble) = scene.met();
                    return Lived { end, after, steps, suspected, held, deviated, trouble, met, met_trouble };
                }
            }
        }
    }

    fn next(&self, verdict: Verdict, after: Duration) -> Next {
        match (verdict.decision, verdict.to) {
            (Decision::Rollback, _) => Next::End(End::RolledBack(verdict.reasons.into_iter().filter(stops).collect())),
            (Decision::Advance, None) => Next::End(End::Finished),
            (Decision::Hold, _) if verdict.phase == Phase::WaitingPromotion => Next::End(End::Finished),
            (Decision::Hold, _) if verdict.inconclusive.is_some() => Next::End(End::Inconclusive),
            _ if after >= self.longest => Next::End(End::Waits(verdict.phase)),
            (Decision::Advance, Some(_)) => Next::Step,
            (Decision::Hold, _) => Next::Poll,
        }
    }
}

/// Whether a reason is one for which releases go back.
fn stops(reason: &Reason) -> bool {
    matches!(reason.code, Code::Harm | Code::Above | Code::Deviation | Code::MaxHold)
}

#[cfg(test)]
mod tests;
