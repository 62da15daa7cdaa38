//! What is not known.

use std::collections::BTreeMap;

use super::super::testing::Had;
use super::*;
use crate::release::{Guardrail, Measure, OnHarm};
use crate::tick::{Answer, Queries, Totals};

#[test]
fn three_ticks_without_a_poll_hold() {
    let mut bench = over();
    holds(&bench.refused(), Phase::Holding, &["unread"]);
    holds(&bench.refused(), Phase::Holding, &["unread"]);
    let verdict = bench.refused();
    holds(&verdict, Phase::NoData, &["no_poll"]);
    let told = "1 of 2 connected edges were read within 30 s, and 90% must be";
    assert_eq!((verdict.numbers.step.unpolled_ms, verdict.numbers.step.refusal.as_deref()), (30_000, Some(told)));
    advances(&bench.poll(had(100, 0), had(100, 0)));
    // Three ticks are a time, and need not be on time.
    for (since, phase) in [(24_999, Phase::Holding), (25_000, Phase::NoData)] {
        let mut bench = bench.clone();
        let verdict = bench.tick(Tick { since: Some(Duration::from_millis(since)), ..bench.on_time() });
        assert_eq!(verdict.phase, phase, "{since}");
    }
}

#[test]
fn no_traffic_is_told_once_there_should_be_some() {
    let mut bench = Bench::new();
    bench.begin(0);
    for tick in 1..=6 {
        let verdict = bench.poll(had(0, 0), had(0, 0));
        let phase = if tick < 6 { Phase::Holding } else { Phase::NoData };
        assert_eq!(verdict.phase, phase, "{tick}");
    }
    holds(&bench.judge(), Phase::NoData, &["no_traffic", "hold", "not_evaluated errors canary"]);
    holds(&bench.poll(had(0, 0), had(1, 0)), Phase::Holding, &["hold", "not_evaluated errors canary"]);
}

/// What a step's first poll brings was counted in the step before: without a warm-up no step began with an alarm for that.
#[test]
fn no_traffic_is_told_by_a_poll_that_could_have_some() {
    let mut bench = Bench::new();
    (bench.release.warmup, bench.release.guardrails) = (Duration::ZERO, Vec::new());
    bench.release.steps.iter_mut().for_each(|step| step.hold = Duration::ZERO);
    bench.begin(0);
    let first = |bench: &mut Bench| bench.tick(Tick { poll: Some(Vec::new()), ..bench.on_time() });
    holds(&first(&mut bench), Phase::Holding, &["unread"]);
    let mut refused = bench.clone();
    holds(&refused.refused(), Phase::Holding, &["unread"]);
    holds(&first(&mut refused), Phase::NoData, &["no_traffic"]);
    // Said once, it stays where a poll is missing.
    holds(&refused.refused(), Phase::NoData, &["no_traffic"]);
    holds(&first(&mut bench.clone()), Phase::NoData, &["no_traffic"]);
    advances(&bench.poll(had(1, 0), had(0, 0)));
}

#[test]
fn an_arm_is_silent_beside_a_thousand_requests_in_half_of_the_parts() {
    let of = |all, parts| Had { all, bad: 0, parts };
    for (canary, control, silent) in [
        (of(0, 16), of(999, 16), None),
        (of(0, 16), of(1000, 16), Some("arm_silent canary")),
        (of(0, 16), of(1000, 8), Some("arm_silent canary")),
        (of(0, 16), of(9000, 7), None),
        (of(1, 1), of(1000, 16), None),
        (of(1000, 16), of(0, 16), Some("arm_silent control")),
    ] {
        let mut bench = Bench::new();
        bench.begin(0);
        // Requests of the warm-up and of the step before say nothing.
        (0..6).for_each(|_| drop(bench.poll(had(500, 0), had(500, 0))));
        let verdict = bench.poll(canary, control);
        assert_eq!(reasons(&verdict).into_iter().find(|one| one.starts_with("arm")).as_deref(), silent);
        assert_eq!(verdict.phase == Phase::NoData, silent.is_some());
        // The last five minutes, the tick of the poll among them.
        (0..29).for_each(|_| drop(bench.poll(had(0, 0), had(0, 0))));
        let told = |bench: &Bench| reasons(&bench.judge()).iter().any(|one| one.starts_with("arm"));
        assert_eq!(told(&bench), silent.is_some());
        bench.poll(had(0, 0), had(0, 0));
        assert!(!told(&bench));
    }
}

/// A guardrail whose numbers come of queries.
fn carts() -> Guardrail {
    let measure = Measure::Counts { bad: "b".to_owned(), all: "a".to_owned(), margin: 0.2, above: None };
    Guardrail { name: "carts".to_owned(), measure, alpha: 0.01, on_harm: OnHarm::Rollback }
}

fn tick(bench: &Bench, answer: Option<Answer>) -> Tick {
    let of = BTreeMap::from([(
        bench.release.id.clone(),
        answer.map(|answer| ("carts".to_owned(), answer)).into_iter().collect(),
    )]);
    Tick { queries: Queries { of }, poll: Some(vec![]), ..bench.on_time() }
}

fn counts(canary: Option<(f64, f64)>, control: (f64, f64)) -> Answer {
    let totals = |(bad, all): (f64, f64)| Totals { bad: Some(bad), all: Some(all) };
    let canary = canary.map(|canary| ("canary".to_owned(), totals(canary)));
    Answer::Counts([("control".to_owned(), totals(control))].into_iter().chain(canary).collect())
}

#[test]
fn queries_without_an_answer_hold_unless_their_guardrail_only_tells() {
    let unreachable = || Answer::Unreachable("refused".to_owned());
    let asked = |answer: Answer, on_harm| {
        let mut bench = over();
        bench.release.guardrails.push(Guardrail { on_harm, ..carts() });
        for number in [1000.0, 2000.0] {
            bench.tick(tick(&bench, Some(counts(Some((0.0, number)), (0.0, number)))));
        }
        advances(&bench.judge());
        bench.tick(tick(&bench, Some(answer)))
    };
    holds(&asked(unreachable(), OnHarm::Rollback), Phase::NoData, &["provider_unreachable carts"]);
    holds(&asked(Answer::Nothing, OnHarm::Hold), Phase::NoData, &["no_answer carts"]);
    holds(&asked(Answer::Bad("text".to_owned()), OnHarm::Hold), Phase::NoData, &["no_answer carts"]);
    holds(&asked(Answer::Value(1.0), OnHarm::Hold), Phase::NoData, &["no_answer carts"]);
    holds(&asked(counts(None, (0.0, 9.0)), OnHarm::Hold), Phase::NoData, &["no_answer carts"]);
    advances(&asked(unreachable(), OnHarm::Warn));
    // Whoever is not asked in a tick has answered before; not for ever.
    let mut bench = over();
    bench.release.guardrails.push(carts());
    for number in [1000.0, 2000.0] {
        bench.tick(tick(&bench, Some(counts(Some((0.0, number)), (0.0, number)))));
    }
    (0..3).for_each(|_| advances(&bench.tick(tick(&bench, None))));
    holds(&bench.tick(tick(&bench, None)), Phase::NoData, &["no_answer carts"]);
}

#[test]
fn before_an_arm_has_requests_its_series_need_not_be_there() {
    let mut bench = Bench::new();
    bench.release.guardrails = vec![carts()];
    (0..2).for_each(|_| drop(bench.tick(tick(&bench, Some(Answer::Nothing)))));
    advances(&bench.judge());
    // Nobody knows whether it will answer.
    let verdict = bench.tick(tick(&bench, Some(Answer::Unreachable("refused".to_owned()))));
    holds(&verdict, Phase::NoData, &["provider_unreachable carts"]);
}

#[test]
fn counters_of_two_arms_that_grow_at_different_times_are_compared() {
    let mut bench = over();
    bench.release.guardrails = vec![carts()];
    // Each is scraped every other tick.
    let numbers: Vec<(f64, f64)> = (0..40).map(|tick| (f64::from(tick / 2), f64::from((tick + 1) / 2))).collect();
    let mut verdict = bench.judge();
    for (canary, control) in numbers {
        verdict =
            bench.tick(tick(&bench, Some(counts(Some((canary * 16.0, canary * 400.0)), (control, control * 400.0)))));
        if verdict.decision == Decision::Rollback {
            break;
        }
    }
    assert_eq!(reasons(&verdict)[0], "harm carts canary");
    // Without parts a request counts for a third.
    assert_eq!(verdict.numbers.guardrails[0].design_effect, Some(3.0));
}
