//! Harm and suspicion.

use std::collections::BTreeMap;

use super::super::testing::{Had, errors, evidence};
use super::*;
use crate::release::{Guardrail, Measure, OnHarm};
use crate::tick::{Answer, Queries};

/// A release that has shown harm in its first step.
fn harmed() -> Bench {
    let mut bench = Bench::in_step(0, 10);
    (0..9).for_each(|_| drop(bench.poll(had(1600, 32), had(1600, 16))));
    bench
}

#[test]
fn a_doubled_rate_of_errors_rolls_back() {
    let mut bench = Bench::in_step(0, 10);
    let verdicts = (0..100).map(|_| bench.poll(had(1600, 32), had(1600, 16)));
    let (at, verdict) = verdicts.enumerate().find(|(_, verdict)| verdict.decision == Decision::Rollback).unwrap();
    assert!((3..20).contains(&at), "{at}");
    assert_eq!(reasons(&verdict)[..2], ["harm errors canary", "suspected errors canary"]);
    assert!(verdict.shows_harm());
}

#[test]
fn harm_acts_in_every_phase_and_as_the_guardrail_says() {
    let mut bench = harmed();
    bench.stand = Stand { paused: true, switched_off: true, inconclusive: Some(Inconclusive::MaxHold), ..bench.stand };
    assert_eq!(bench.judge().decision, Decision::Rollback);
    bench.stand = Stand { paused: false, switched_off: false, inconclusive: None, ..bench.stand };
    for (on_harm, decision, phase, shows) in [
        (OnHarm::Rollback, Decision::Rollback, Phase::Suspected, true),
        (OnHarm::Hold, Decision::Hold, Phase::Suspected, true),
        (OnHarm::Warn, Decision::Hold, Phase::Holding, false),
    ] {
        bench.release.guardrails[0].on_harm = on_harm;
        let verdict = bench.judge();
        assert_eq!((verdict.decision, verdict.phase, verdict.shows_harm()), (decision, phase, shows));
        assert_eq!(reasons(&verdict)[0], "harm errors canary", "it is told");
    }
    // It is kept where control ends.
    bench.release.guardrails[0].on_harm = OnHarm::Hold;
    bench.begin(2);
    (0..80).for_each(|_| drop(bench.poll(had(1600, 0), had(0, 0))));
    assert_eq!(bench.judge().phase, Phase::Suspected);
}

#[test]
fn nothing_is_harm_in_a_warm_up_and_what_came_in_it_is_for_suspicion_only() {
    let mut bench = Bench::new();
    bench.begin(0);
    // The poll of the sixth tick began in it.
    for tick in 1..=6 {
        let verdict = bench.poll(had(1600, 160), had(1600, 16));
        assert_eq!((verdict.decision, verdict.phase), (Decision::Hold, Phase::Suspected), "{tick}");
        assert_eq!(verdict.numbers.guardrails[0].ln_e_harm, Some(0.0));
    }
    assert_eq!(bench.poll(had(1600, 160), had(1600, 16)).decision, Decision::Rollback);
    // Harm that was there is judged when the next step's warm-up is over.
    let mut bench = harmed();
    bench.begin(1);
    for tick in 1..=6 {
        let decision = bench.poll(had(0, 0), had(0, 0)).decision;
        assert_eq!(decision == Decision::Rollback, tick == 6, "{tick}");
    }
}

#[test]
fn evidence_of_the_step_before_counts_for_harm_in_the_next() {
    let late = |bench: &Bench, mark: &str| {
        let bad = evidence("owl-v21", Some(mark), &[("canary", had(16_000, 320)), ("control", had(16_000, 160))]);
        Tick { poll: Some(vec![bad]), ..bench.on_time() }
    };
    let mut bench = Bench::in_step(0, 70);
    bench.begin(1);
    bench.tick(late(&bench, "2"));
    (0..5).for_each(|_| drop(bench.poll(had(0, 0), had(0, 0))));
    assert_eq!(bench.judge().decision, Decision::Rollback);
    // Of the warm-up of the step before: for suspicion.
    let mut bench = Bench::in_step(0, 3);
    bench.begin(1);
    bench.tick(late(&bench, "2"));
    (0..9).for_each(|_| drop(bench.poll(had(0, 0), had(0, 0))));
    assert_eq!((bench.judge().decision, bench.judge().phase), (Decision::Hold, Phase::Suspected));
    // Of before the first step as well.
    let mut bench = Bench::new();
    (0..3).for_each(|_| drop(bench.poll(had(0, 0), had(0, 0))));
    bench.begin(0);
    bench.tick(late(&bench, "1"));
    (0..9).for_each(|_| drop(bench.poll(had(0, 0), had(0, 0))));
    assert_eq!((bench.judge().decision, bench.judge().phase), (Decision::Hold, Phase::Suspected));
}

#[test]
fn errors_of_a_few_users_are_suspected_before_they_are_harm() {
    let mut bench = Bench::in_step(0, 10);
    // All errors in one of sixteen parts, in both arms.
    let part = |all: u64, bad: u64| {
        evidence(
            "owl-v21",
            Some("2"),
            &[
                ("canary", had(all, 0)),
                ("control", had(all, 0)),
                ("canary", Had { all: all + all / 16, bad, parts: 1 }),
            ],
        )
    };
    let mut first = None;
    for tick in 0..60 {
        let verdict = bench.tick(Tick { poll: Some(vec![part(1600, 20)]), ..bench.on_time() });
        first = first.or((verdict.phase == Phase::Suspected).then_some(tick));
        assert_ne!(verdict.decision, Decision::Rollback, "{tick}");
    }
    let numbers = &bench.judge().numbers.guardrails[0];
    assert!(first.is_some() && numbers.design_effect > Some(5.0), "{numbers:?}");
}

#[test]
fn below_ten_bad_requests_the_document_says_how_many_count_for_one() {
    for (bad, effect) in [(4, 3.0), (5, 1.0)] {
        let mut bench = Bench::in_step(0, 10);
        let verdict = bench.poll(had(1600, bad), had(1600, 5));
        let found = verdict.numbers.guardrails[0].design_effect.unwrap();
        assert!((found == 3.0) == (effect == 3.0), "{bad}: {found}");
        bench.release.design_effect = 7;
        let found = bench.judge().numbers.guardrails[0].design_effect.unwrap();
        assert!((found == 7.0) == (effect == 3.0), "{bad}: {found}");
    }
}

#[test]
fn a_suspicion_that_somebody_passed_counts_again_at_the_end_of_the_step() {
    let mut bench = Bench::new();
    bench.begin(0);
    (0..4).for_each(|_| drop(bench.poll(had(1600, 160), had(1600, 16))));
    assert_eq!(bench.judge().phase, Phase::Suspected);
    bench.begin(1);
    bench.stand.passed = true;
    for tick in 0..=HOLD_TICKS {
        let verdict = bench.poll(had(16, 0), had(16, 0));
        let phase = if tick < HOLD_TICKS { Phase::Holding } else { Phase::Suspected };
        assert_eq!((verdict.phase, verdict.decision), (phase, Decision::Hold), "{tick}");
        assert!(reasons(&verdict).contains(&"suspected errors canary".to_owned()));
    }
}

#[test]
fn a_rate_above_its_bound_in_the_last_five_minutes_is_harm_without_control_too() {
    let above = Measure::Outcome { outcome: weir_policy::evidence::Outcome::Error, margin: 0.2, above: Some(0.02) };
    for (all, bad, is_harm) in [(1000, 20, false), (1000, 21, true), (999, 500, false)] {
        let mut bench = Bench::new();
        bench.release.guardrails = vec![Guardrail { measure: above.clone(), ..errors() }];
        bench.begin(2);
        // Not in the warm-up.
        (0..6).for_each(|_| assert_eq!(bench.poll(had(1600, 800), had(0, 0)).decision, Decision::Hold));
        let verdict = bench.poll(had(all, bad), had(0, 0));
        assert_eq!(verdict.decision == Decision::Rollback, is_harm, "{all} {bad}");
        assert_eq!(verdict.numbers.guardrails[0].state == GuardrailState::Harm, is_harm);
        (0..29).for_each(|_| assert_eq!(bench.poll(had(0, 0), had(0, 0)).decision == Decision::Rollback, is_harm));
        assert_eq!(bench.poll(had(0, 0), had(0, 0)).decision, Decision::Hold);
        assert_eq!(bench.judge().numbers.guardrails[0].state, GuardrailState::NoControl);
    }
}

#[test]
fn a_value_above_its_bound_for_as_long_as_it_may_be_is_harm() {
    let measure = Measure::Value { query: "max(memory)".to_owned(), above: 5.0, lasts: Duration::from_secs(30) };
    let memory = Guardrail { name: "memory".to_owned(), measure, alpha: 0.01, on_harm: OnHarm::Rollback };
    let mut bench = Bench::in_step(0, 3);
    bench.release.guardrails.push(memory);
    let mut ask = |value: f64, since: Option<Duration>| {
        let answers = BTreeMap::from([("memory".to_owned(), Answer::Value(value))]);
        let queries = Queries { of: BTreeMap::from([(bench.release.id.clone(), answers)]) };
        let verdict = bench.tick(Tick { queries, since, poll: Some(vec![]), ..bench.on_time() });
        let numbers = verdict.numbers.guardrails[1].clone();
        (verdict.decision == Decision::Rollback, numbers.above_ms)
    };
    let on_time = Some(TICK);
    assert_eq!(ask(6.0, on_time), (false, None), "in the warm-up");
    assert_eq!(ask(6.0, on_time), (false, None), "in the warm-up");
    for (value, since, expected) in [
        (6.0, on_time, (false, Some(0))),
        (6.0, on_time, (false, Some(10_000))),
        (5.0, on_time, (false, None)),
        (5.1, on_time, (false, Some(0))),
        (6.0, Some(TICK * 3 - Duration::from_millis(1)), (false, Some(29_999))),
        (6.0, Some(TICK * 3 + Duration::from_millis(1)), (false, Some(0))),
        (6.0, None, (false, Some(0))),
        (6.0, on_time, (false, Some(10_000))),
        (6.0, on_time, (false, Some(20_000))),
        (f64::INFINITY, on_time, (true, Some(30_000))),
        (f64::NAN, on_time, (true, Some(30_000))),
        (4.0, on_time, (false, None)),
    ] {
        assert_eq!(ask(value, since), expected, "{value}");
    }
}

#[test]
fn all_guardrails_and_arms_are_judged_whatever_the_first_one_says() {
    let mut bench = Bench::new();
    bench.release = crate::testing::release(weir_policy::written::Kind::Test, 2, true);
    let second = Guardrail { name: "other".to_owned(), ..errors() };
    bench.release.guardrails = vec![errors(), second];
    bench.begin(0);
    for _ in 0..16 {
        let of = [("a0", had(1600, 64)), ("a1", had(1600, 16)), ("control", had(1600, 16))];
        bench.tick(Tick { poll: Some(vec![evidence("owl-v21", Some("2"), &of)]), ..bench.on_time() });
    }
    let verdict = bench.judge();
    let told: Vec<String> = reasons(&verdict).into_iter().filter(|one| one.starts_with("harm")).collect();
    assert_eq!(told, ["harm errors a0", "harm other a0"]);
    let states: Vec<GuardrailState> = verdict.numbers.guardrails.iter().map(|one| one.state).collect();
    assert_eq!(states, [GuardrailState::Harm, GuardrailState::Good, GuardrailState::Harm, GuardrailState::Good]);
}
