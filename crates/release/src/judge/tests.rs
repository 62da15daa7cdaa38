//! What the judge says, rule by rule, on both sides of every threshold.

use std::time::Duration;

use super::testing::{Bench, had, reasons};
use super::*;
use crate::tick::Tick;

mod harm;

/// The ticks of ten minutes of `hold` after the first poll.
const HOLD_TICKS: usize = 60;

fn says(verdict: &Verdict, decision: Decision, phase: Phase, expected: &[&str]) {
    assert_eq!((verdict.decision, verdict.phase), (decision, phase), "{verdict:#?}");
    assert_eq!(reasons(verdict), expected);
}

#[test]
fn a_good_release_advances_when_its_step_is_over() {
    let mut bench = Bench::new();
    bench.begin(0);
    for tick in 0..=HOLD_TICKS {
        let verdict = bench.poll(had(100, 1), had(100, 1));
        let is_last = tick == HOLD_TICKS;
        let decision = if is_last { Decision::Advance } else { Decision::Hold };
        assert_eq!((verdict.decision, verdict.phase), (decision, Phase::Holding), "tick {tick}: {verdict:#?}");
        assert_eq!((verdict.to, verdict.minimum), (is_last.then_some(1), is_last));
        assert_eq!(reasons(&verdict).contains(&"hold".to_owned()), !is_last, "tick {tick}");
    }
}

#[test]
fn the_first_step_begins_a_tick_after_nine_of_ten_edges_know_the_release() {
    let mut bench = Bench::new();
    let behind = Tick { poll: Some(vec![]), answered: 0, behind: vec!["edge-7".to_owned()], ..bench.on_time() };
    let verdict = bench.tick(behind);
    says(&verdict, Decision::Hold, Phase::Holding, &["not_answered"]);
    assert_eq!(verdict.numbers.step.behind, ["edge-7".to_owned()].into());
    says(&bench.poll(had(0, 0), had(0, 0)), Decision::Hold, Phase::Holding, &["not_answered"]);
    let verdict = bench.poll(had(0, 0), had(0, 0));
    says(&verdict, Decision::Advance, Phase::Holding, &[]);
    assert_eq!(verdict.to, Some(0));
}

#[test]
fn nothing_begins_in_a_tick_without_an_accepted_poll() {
    let mut bench = Bench::in_step(0, HOLD_TICKS);
    let good = bench.clone();
    says(&bench.refused(), Decision::Hold, Phase::Holding, &["unread"]);
    // Somebody asked something between two ticks.
    let mut bench = good;
    let between = Tick { since: Some(Duration::from_millis(300)), ..bench.on_time() };
    bench.poll(had(100, 0), had(100, 0));
    says(&bench.tick(between), Decision::Hold, Phase::Holding, &["unread"]);
    says(&bench.poll(had(100, 0), had(100, 0)), Decision::Advance, Phase::Holding, &[]);
}
