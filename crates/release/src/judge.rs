//! The judge: whether a running release goes on, waits or goes back, with every reason. A pure function of the release, of what
//! people and the journal say of it, of what was counted, and of the time for windows.
//!
//! In this order: harm, which acts in every phase; data, without which nobody decides; deviation; what the step asks for at least;
//! windows and people; one step. All guardrails are judged to the end, whatever the first of them says.

mod found;
mod guardrails;
mod inputs;
mod stand;
mod step;
#[cfg(test)]
pub(crate) mod testing;
mod verdict;

use jiff::Timestamp;
use weir_policy::written::Kind;

use crate::release::{End, Promote, Release, Stop};
use crate::running::{Running, milliseconds};
use found::{Does, Found};
pub use inputs::{Difference, Inputs};
pub use stand::{Inconclusive, Stand};
pub use verdict::{Code, Decision, GuardrailNumbers, GuardrailState, Numbers, Phase, Reason, StepNumbers, Verdict};

/// Judges a release at a moment.
pub fn judge(release: &Release, stand: &Stand, running: &Running, now: Timestamp) -> Verdict {
    let (offs, deviations) = step::deviations(release, stand, running);
    let minimum = step::minimum(release, stand, running);
    let is_minimum = minimum.is_empty();
    let (guardrails, mut found) = guardrails::judged(release, stand, running, is_minimum);
    found.extend(stopped_by_people(stand));
    found.extend(step::data(release, stand, running));
    let inconclusive = inconclusive(release, stand, running, &deviations);
    let is_said = inconclusive == Some(Inconclusive::Deviation) && !deviations.is_empty();
    found.extend(deviations);
    found.extend(inconclusive.filter(|_| !is_said).map(|why| undecided(release, why)));
    found.extend(minimum);
    found.extend(next(release, stand, now));
    // Without a poll, and before one that has what came of the step, nothing begins; and it is worth a word only where nothing else
    // is in the way.
    let is_unseen = stand.share(release) > 0 && running.traffic == 0 && !running.times.is_seen();
    if (!running.times.is_polled || is_unseen) && found.iter().all(|found| found.does == Does::Nothing) {
        found.push(Found::holds(Phase::Holding, Code::Unread));
    }

    let (decision, phase) = decided(&found);
    let reasons: Vec<Reason> = found.into_iter().map(|found| found.reason).fold(Vec::new(), |mut reasons, reason| {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
        reasons
    });
    let to = stand.next(release).filter(|_| decision == Decision::Advance);
    let waits = decision == Decision::Hold && waits(release, stand, running, phase, &reasons);
    let numbers = Numbers { step: step::numbers(release, stand, running), guardrails, deviations: offs };
    Verdict { decision, to, phase, step: stand.step, minimum: is_minimum, inconclusive, waits, reasons, numbers }
}

/// A rollback goes before all. What holds decides the phase, and the first of several.
fn decided(found: &[Found]) -> (Decision, Phase) {
    let phases = found.iter().filter_map(|found| match found.does {
        Does::Holds(phase) => Some(phase),
        Does::RollsBack | Does::Nothing => None,
    });
    let phase = phases.min();
    let decision = match phase {
        _ if found.iter().any(|found| found.does == Does::RollsBack) => Decision::Rollback,
        Some(_) => Decision::Hold,
        None => Decision::Advance,
    };
    (decision, phase.unwrap_or(Phase::Holding))
}

fn stopped_by_people(stand: &Stand) -> Vec<Found> {
    let paused = stand.paused.then(|| Found::holds(Phase::Paused, Code::Paused));
    let frozen = stand.frozen.then(|| Found::holds(Phase::Paused, Code::Frozen));
    paused.into_iter().chain(frozen).collect()
}

/// Why nothing can be concluded, if that was said before or is so now.
fn inconclusive(release: &Release, stand: &Stand, running: &Running, deviations: &[Found]) -> Option<Inconclusive> {
    let deviates = !deviations.is_empty() && release.on.deviation == Stop::Hold;
    let is_over = stand.step.is_some() && running.times.waited() >= milliseconds(release.max_hold).max(1);
    let deviation = deviates.then_some(Inconclusive::Deviation);
    stand.inconclusive.or(deviation).or(is_over.then_some(Inconclusive::MaxHold))
}

fn undecided(release: &Release, why: Inconclusive) -> Found {
    let code = match why {
        Inconclusive::Deviation => Code::Deviation,
        Inconclusive::MaxHold => Code::MaxHold,
    };
    let does = match release.on.inconclusive {
        Stop::Hold => Does::Holds(Phase::Inconclusive),
        Stop::Rollback => Does::RollsBack,
    };
    Found { reason: Reason::of(code), does }
}

/// What stands between the release and its next step beside evidence: routes, a problem, windows, people.
fn next(release: &Release, stand: &Stand, now: Timestamp) -> Vec<Found> {
    let mut found = Vec::new();
    let Some(next) = stand.next(release) else {
        let by_itself = match release.kind {
            Kind::Release => release.promote == Promote::Auto,
            Kind::Test => release.end == End::Stable,
        };
        let waits = (!by_itself).then(|| Found::holds(Phase::WaitingPromotion, Code::Promotion));
        return waits.into_iter().collect();
    };
    let is_approved = stand.approved.contains(&next);
    if stand.step.is_none() && stand.waits_for_routes && !is_approved {
        found.push(Found::holds(Phase::WaitingRoutes, Code::Routes));
    }
    if stand.problem.is_some() {
        found.push(Found::holds(Phase::Holding, Code::Problem));
    }
    if !release.windows.is_empty() && !release.windows.iter().any(|window| window.is_open(now)) {
        found.push(Found::holds(Phase::WaitingWindow, Code::Window));
    }
    if release.steps.get(next).is_some_and(|step| step.approve) && !is_approved {
        found.push(Found::holds(Phase::WaitingApproval, Code::Approval));
    }
    found
}

/// Whether the time until the next tick counts for `max_hold`: beyond `hold`, for want of evidence or under suspicion.
fn waits(release: &Release, stand: &Stand, running: &Running, phase: Phase, reasons: &[Reason]) -> bool {
    let Some(step) = stand.step_of(release) else { return false };
    let is_beyond = running.times.held().is_some_and(|held| held >= milliseconds(step.hold));
    let lacks = |reason: &Reason| matches!(reason.code, Code::Requests | Code::NotEvaluated | Code::Warmup);
    let is_short = phase == Phase::Holding && stand.problem.is_none() && reasons.iter().any(lacks);
    is_beyond && (phase == Phase::Suspected || is_short)
}

#[cfg(test)]
mod tests;
