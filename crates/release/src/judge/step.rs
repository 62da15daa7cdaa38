//! Rules of the step: data, deviation, and what it asks for at least.

use weir_policy::evidence::PARTS;

use super::found::{Does, Found};
use super::guardrails::{compares, never_holds};
use super::stand::Stand;
use super::verdict::{Code, Phase, StepNumbers};
use crate::release::{CONTROL, Measure, Release, Stop};
use crate::running::{ByPart, OfArm, Running, Trouble, milliseconds};
use crate::tally::{Off, Recent, planned, threshold};

/// Requests of the one arm at which the other is silent.
const SILENT_REQUESTS: u64 = 1_000;
/// In how many parts they must have come: one heavy user alone does not make the other arm silent.
const SILENT_PARTS: usize = PARTS as usize / 2;

/// What is not known. Nothing is lost by it: the release goes on by itself once it is.
pub(super) fn data(release: &Release, stand: &Stand, running: &Running) -> Vec<Found> {
    let no_data = |code| Found::holds(Phase::NoData, code);
    let mut found = Vec::new();
    if stand.switched_off {
        found.push(no_data(Code::SwitchedOff));
    }
    if running.times.is_blind() {
        found.push(no_data(Code::NoPoll));
    }
    // Before an arm has requests its series need not be there.
    let is_met = stand.share(release) > 0 && !running.times.is_warming(release.warmup);
    for guardrail in release.guardrails.iter().filter(|guardrail| !never_holds(guardrail)) {
        if matches!(guardrail.measure, Measure::Outcome { .. }) {
            continue;
        }
        let asked = running.asked.get(&guardrail.name);
        let is_old = asked.is_none_or(|asked| running.times.clock.saturating_sub(asked.at) > running.times.gap_max());
        match asked.and_then(|asked| asked.trouble.as_ref()) {
            Some(Trouble::Unreachable(_)) => found.push(no_data(Code::ProviderUnreachable).by(&guardrail.name)),
            Some(Trouble::Nothing(_)) if is_met => found.push(no_data(Code::NoAnswer).by(&guardrail.name)),
            None if is_met && is_old => found.push(no_data(Code::NoAnswer).by(&guardrail.name)),
            _ => {}
        }
    }
    if is_met && running.times.is_seen() && running.traffic == 0 {
        found.push(no_data(Code::NoTraffic));
    }
    if planned(release, stand.step).is_some() {
        let silent = release.arms.iter().filter_map(|arm| running.arms.get(&arm.id).map(|tally| (arm, tally)));
        for (arm, tally) in silent {
            if is_silent_beside(&tally.recent, &running.control) {
                found.push(no_data(Code::ArmSilent).in_arm(&arm.id));
            }
            if is_silent_beside(&running.control, &tally.recent) {
                found.push(no_data(Code::ArmSilent).in_arm(CONTROL));
            }
        }
    }
    found
}

/// How far off each arm is, and what comes of those that are too far.
pub(super) fn deviations(release: &Release, stand: &Stand, running: &Running) -> (Vec<Off>, Vec<Found>) {
    let Some(part) = planned(release, stand.step) else { return Default::default() };
    let threshold = threshold(stand.share(release));
    let off = |arm: &str, tally: &OfArm| tally.deviation.off(arm, part, threshold);
    let arms = release.arms.iter().filter_map(|arm| Some(off(&arm.id, running.arms.get(&arm.id)?)));
    let offs: Vec<Off> = arms.collect();
    // One that is to hold makes the release inconclusive, which may be to roll back.
    let does = match (release.on.deviation, release.on.inconclusive) {
        (Stop::Hold, Stop::Hold) => Does::Holds(Phase::Inconclusive),
        (Stop::Rollback, _) | (_, Stop::Rollback) => Does::RollsBack,
    };
    let found = offs.iter().filter(|off| off.deviates).map(|off| {
        let arm = if off.is_control { CONTROL } else { &off.arm };
        Found { does, ..Found::holds(Phase::Inconclusive, Code::Deviation) }.in_arm(arm)
    });
    let found = found.collect();
    (offs, found)
}

/// What the step lacks.
pub(super) fn minimum(release: &Release, stand: &Stand, running: &Running) -> Vec<Found> {
    let holding = |code| Found::holds(Phase::Holding, code);
    let held = running.times.held();
    let Some(step) = stand.step_of(release) else {
        // The first push is known to nine of ten edges a tick before anybody is dealt.
        let is_known = held.is_some_and(|held| held > 0);
        return if is_known { Vec::new() } else { vec![holding(Code::NotAnswered)] };
    };
    let mut found = Vec::new();
    if held.is_none() {
        found.push(holding(Code::NotAnswered));
    }
    if held.is_none_or(|held| held < milliseconds(step.hold)) {
        found.push(holding(Code::Hold));
    }
    if step.share == 0 {
        return found;
    }
    if running.times.is_warming(release.warmup) {
        found.push(holding(Code::Warmup));
    }
    let tally = |arm: &str| running.arms.get(arm);
    for arm in &release.arms {
        if tally(&arm.id).map_or(0, |tally| tally.requests) < step.requests {
            found.push(holding(Code::Requests).in_arm(&arm.id));
        }
    }
    if planned(release, stand.step).is_none() {
        return found;
    }
    for guardrail in release.guardrails.iter().filter(|guardrail| compares(guardrail) && !never_holds(guardrail)) {
        for arm in &release.arms {
            let compared = tally(&arm.id).and_then(|tally| tally.guardrails.get(&guardrail.name));
            if !compared.is_some_and(|compared| compared.comparison.was_evaluated()) {
                found.push(holding(Code::NotEvaluated).by(&guardrail.name).in_arm(&arm.id));
            }
        }
    }
    found
}

/// The numbers of the step.
pub(super) fn numbers(release: &Release, stand: &Stand, running: &Running) -> StepNumbers {
    let step = stand.step_of(release);
    let requests = |arm: &str| running.arms.get(arm).map_or(0, |tally| tally.requests);
    StepNumbers {
        share: stand.share(release),
        held_ms: running.times.held(),
        hold_ms: step.map_or(0, |step| milliseconds(step.hold)),
        waited_ms: running.times.waited(),
        max_hold_ms: milliseconds(release.max_hold),
        requests: release.arms.iter().map(|arm| (arm.id.clone(), requests(&arm.id))).collect(),
        requests_min: step.map_or(0, |step| step.requests),
        unpolled_ms: running.times.unpolled(),
        refusal: running.refusal.clone(),
        behind: running.behind.clone(),
    }
}

/// Whether one arm had nothing in the last five minutes while the other had much.
fn is_silent_beside(one: &Recent<ByPart>, other: &Recent<ByPart>) -> bool {
    let of_one = sum(one);
    let of_other = sum(other);
    of_one.iter().all(|part| *part == 0)
        && of_other.iter().fold(0, |all: u64, part| all.saturating_add(*part)) >= SILENT_REQUESTS
        && of_other.iter().filter(|part| **part > 0).count() >= SILENT_PARTS
}

fn sum(recent: &Recent<ByPart>) -> ByPart {
    recent.came().fold(ByPart::default(), |mut all, came| {
        all.iter_mut().zip(came).for_each(|(all, came)| *all = all.saturating_add(*came));
        all
    })
}
