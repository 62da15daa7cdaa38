//! A release's life under the very judge that decides on it, poll by poll: a step begins when the judge says so.

use std::time::Duration;

use weir_release::evidence::{Counts as Counted, Evidence};
use weir_release::judge::{Code, Decision, Phase, Reason, Stand, Verdict};
use weir_release::{Measure, Release, Running, Tick, judge};

use crate::traffic::Traffic;

mod arm;
mod met;
mod trouble;

use arm::ArmNow;
pub use met::Met;
use met::Stretch;
pub use trouble::{Since, Trouble};

/// A release that is to be lived through.
#[derive(Clone, Debug)]
pub struct Life {
    release: Release,
    every: Duration,
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
    Step(usize),
    End(End),
}

impl Life {
    /// A release of whose users so many requests come from one poll to the next, those that are in no arm too.
    ///
    /// Windows are open and people say yes, for what is looked at is what the judge sees. Guardrails that ask queries are left out:
    /// nothing answers them here. `longest` ends what would wait for ever.
    pub fn new(release: &Release, every: Duration, requests: f64, troubles: Vec<Trouble>, longest: Duration) -> Life {
        let mut release = release.clone();
        release.windows.clear();
        release.steps.iter_mut().for_each(|step| step.approve = false);
        release.guardrails.retain(|guardrail| matches!(guardrail.measure, Measure::Outcome { .. }));
        Life { release, every, requests, troubles, longest }
    }

    /// Lives it once.
    pub fn run(&self, traffic: &mut Traffic) -> Lived {
        let (mut after, mut suspected, mut trouble) = (Duration::ZERO, None, None);
        let mut steps = vec![after];
        let (mut stand, mut running) = (in_step(0, 1), Running::default());
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut arms = self.arms(0, after, traffic);
        loop {
            // What is expected changes with a step, or when trouble begins.
            let on = self.troubles_on(steps.len() - 1, after).count();
            if stretches.last().is_none_or(|stretch| (stretch.step, stretch.troubles) != (steps.len() - 1, on)) {
                arms = self.arms(steps.len() - 1, after, traffic);
                stretches.push(Stretch::new(steps.len() - 1, on, &arms));
            }
            if on > 0 {
                trouble.get_or_insert(after);
            }
            if let Some(stretch) = stretches.last_mut() {
                stretch.requests += self.requests;
            }
            let verdict = self.poll(&stand, &mut running, &arms, traffic);
            after += self.every;
            if verdict.reasons.iter().any(|reason| reason.code == Code::Suspected) {
                suspected.get_or_insert(after);
            }
            stand.inconclusive = verdict.inconclusive;
            match self.next(verdict, after) {
                Next::Poll => {}
                Next::Step(step) => {
                    steps.push(after);
                    stand = in_step(step, stand.push + 1);
                }
                Next::End(end) => {
                    let (met, met_trouble) = met::all(&stretches, traffic);
                    return Lived { end, after, steps, suspected, trouble, met, met_trouble };
                }
            }
        }
    }

    /// The troubles that there are in a step, so long after the first one began.
    fn troubles_on(&self, step: usize, after: Duration) -> impl Iterator<Item = &Trouble> + Clone {
        let share = self.release.steps.get(step).map_or(0, |step| step.share);
        self.troubles.iter().filter(move |trouble| match trouble.since {
            Since::Share(from) => share >= from,
            Since::Time(from) => after >= from,
        })
    }

    fn arms(&self, step: usize, after: Duration, traffic: &Traffic) -> Vec<ArmNow> {
        let share = self.release.steps.get(step).map_or(0, |step| step.share);
        let arms = self.release.shares(share).into_iter();
        arms.map(|(id, owned)| ArmNow::new(id, &owned, self.troubles_on(step, after), traffic)).collect()
    }

    /// Counts once more, and asks the judge.
    fn poll(&self, stand: &Stand, running: &mut Running, arms: &[ArmNow], traffic: &mut Traffic) -> Verdict {
        let counted: Vec<_> = arms.iter().map(|arm| (arm.id.clone(), arm.count(self.requests, traffic))).collect();
        let counts = Counted::of_experiment(&self.release.id, counted);
        let poll = Some(vec![Evidence { mark: Some(stand.push.to_string()), counts }]);
        let tick = Tick { every: self.every, since: Some(self.every), answered: stand.push, poll, ..Tick::default() };
        running.observe(&self.release, stand.step, stand.push, &tick);
        let verdict = judge(&self.release, stand, running, tick.now);
        running.judged(&verdict);
        verdict
    }

    fn next(&self, verdict: Verdict, after: Duration) -> Next {
        match (verdict.decision, verdict.to) {
            (Decision::Rollback, _) => Next::End(End::RolledBack(verdict.reasons.into_iter().filter(stops).collect())),
            (Decision::Advance, None) => Next::End(End::Finished),
            (Decision::Hold, _) if verdict.phase == Phase::WaitingPromotion => Next::End(End::Finished),
            (Decision::Hold, _) if verdict.inconclusive.is_some() => Next::End(End::Inconclusive),
            _ if after >= self.longest => Next::End(End::Waits(verdict.phase)),
            (Decision::Advance, Some(step)) => Next::Step(step),
            (Decision::Hold, _) => Next::Poll,
        }
    }
}

fn in_step(step: usize, push: u64) -> Stand {
    Stand { step: Some(step), push, ..Stand::default() }
}

/// Whether a reason is one for which releases go back.
fn stops(reason: &Reason) -> bool {
    matches!(reason.code, Code::Harm | Code::Above | Code::Deviation | Code::MaxHold)
}

#[cfg(test)]
mod tests;
