//! What the judge says, rule by rule, on both sides of every threshold.

use std::time::Duration;

use super::testing::{Bench, had, reasons};
use super::*;
use crate::evidence::TICK;
use crate::tick::Tick;

mod data;
mod deviation;
mod guardrails;
mod longest;
mod properties;
mod step;

/// The ticks of ten minutes of `hold` after the first poll.
const HOLD_TICKS: usize = 60;

#[track_caller]
fn says(verdict: &Verdict, decision: Decision, phase: Phase, expected: &[&str]) {
    assert_eq!((verdict.decision, verdict.phase), (decision, phase), "{verdict:#?}");
    assert_eq!(reasons(verdict), expected);
}

#[track_caller]
fn holds(verdict: &Verdict, phase: Phase, expected: &[&str]) {
    says(verdict, Decision::Hold, phase, expected);
}

#[track_caller]
fn advances(verdict: &Verdict) {
    says(verdict, Decision::Advance, Phase::Holding, &[]);
}

/// A release whose first step is over: it advances.
fn over() -> Bench {
    let bench = Bench::in_step(0, HOLD_TICKS + 1);
    advances(&bench.judge());
    bench
}

#[test]
fn where_several_hold_the_phase_is_the_first() {
    let mut bench = over();
    bench.release.windows = vec![closed()];
    bench.release.steps[1].approve = true;
    bench.stand.frozen = true;
    holds(&bench.judge(), Phase::Paused, &["frozen", "window", "approval"]);
    bench.stand = Stand { frozen: false, paused: true, inconclusive: Some(Inconclusive::MaxHold), ..bench.stand };
    bench.stand.problem = Some("tags are too long".to_owned());
    bench.running.refusal = Some("one edge of ten was read".to_owned());
    holds(&bench.judge(), Phase::Paused, &["paused", "max_hold", "problem", "window", "approval"]);
    bench.stand.paused = false;
    holds(&bench.judge(), Phase::Inconclusive, &["max_hold", "problem", "window", "approval"]);
    bench.stand.switched_off = true;
    holds(&bench.judge(), Phase::NoData, &["switched_off", "max_hold", "problem", "window", "approval"]);
    bench.stand = Stand { switched_off: false, inconclusive: None, ..bench.stand };
    holds(&bench.judge(), Phase::Holding, &["problem", "window", "approval"]);
    bench.stand.problem = None;
    holds(&bench.judge(), Phase::WaitingWindow, &["window", "approval"]);
    bench.release.windows = vec![];
    holds(&bench.judge(), Phase::WaitingApproval, &["approval"]);
    // Of another step is not of this one.
    bench.stand.approved = [2].into();
    holds(&bench.judge(), Phase::WaitingApproval, &["approval"]);
    bench.stand.approved = [1].into();
    advances(&bench.judge());
}

#[test]
fn an_inconclusive_release_rolls_back_if_that_is_wanted() {
    let mut bench = over();
    bench.stand.inconclusive = Some(Inconclusive::MaxHold);
    bench.stand.paused = true;
    bench.release.on.inconclusive = Stop::Rollback;
    says(&bench.judge(), Decision::Rollback, Phase::Paused, &["paused", "max_hold"]);
}

/// A window that is open on no day at which tests are.
fn closed() -> crate::Window {
    let zone = jiff::tz::TimeZone::UTC;
    let time = jiff::civil::time(9, 0, 0, 0);
    crate::Window { days: vec![jiff::civil::Weekday::Sunday], from: time, to: jiff::civil::time(9, 1, 0, 0), zone }
}
