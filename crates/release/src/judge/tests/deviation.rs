//! Deviations from the plan: all four conditions, each on both sides.

use super::super::testing::Had;
use super::*;

/// A release at half of the line, beyond its warm-up, in which no arm had requests since.
fn at_half() -> Bench {
    let mut bench = Bench::new();
    bench.begin(1);
    (0..7).for_each(|_| drop(bench.poll(had(0, 0), had(0, 0))));
    bench
}

#[test]
fn a_loss_of_a_tenth_is_told_once_there_are_enough_requests() {
    // From 10 · 12.1157 / 0.05² = 48,463 requests on.
    for (control, deviates) in [(25_400, false), (25_600, true)] {
        let mut bench = at_half();
        let verdict = bench.poll(had(control * 9 / 10, 0), had(control, 0));
        assert_eq!(verdict.inconclusive, deviates.then_some(Inconclusive::Deviation), "{verdict:#?}");
        let off = &verdict.numbers.deviations[0];
        assert_eq!((off.deviates, off.threshold, off.planned, off.is_control), (deviates, 0.05, 0.5, false));
        assert!(
            (off.deviation + 1.0 / 19.0).abs() < 1e-4 && off.p < 1e-3 && off.requests_min as u64 == 48_462,
            "{off:?}"
        );
    }
}

#[test]
fn a_deviation_below_the_threshold_or_within_what_users_do_is_none() {
    let mut bench = at_half();
    let verdict = bench.poll(had(910_000, 0), had(1_000_000, 0));
    assert!(!verdict.numbers.deviations[0].deviates && verdict.numbers.deviations[0].p < 1e-3, "4.7%");
    // One part alone: a heavy user, or a robot. It is named.
    let mut bench = at_half();
    let robot =
        super::super::testing::evidence("owl-v21", Some("2"), &[("canary", Had { all: 40_000, bad: 0, parts: 1 })]);
    let all = super::super::testing::evidence(
        "owl-v21",
        Some("2"),
        &[("canary", had(160_000, 0)), ("control", had(160_000, 0))],
    );
    let verdict = bench.tick(Tick { poll: Some(vec![robot, all]), ..bench.on_time() });
    let off = &verdict.numbers.deviations[0];
    assert!(off.deviation > 0.1 && off.p < 1e-3 && off.errors < 4.0 && !off.deviates, "{off:?}");
    assert_eq!((off.part, off.part_off), (0, 20_000.0));
}

#[test]
fn a_deviation_acts_in_every_phase_and_as_the_document_says() {
    let mut bench = at_half();
    bench.stand.paused = true;
    let verdict = bench.poll(had(50_000, 0), had(100_000, 0));
    assert_eq!(
        (verdict.decision, verdict.phase, verdict.inconclusive),
        (Decision::Hold, Phase::Paused, Some(Inconclusive::Deviation))
    );
    assert!(reasons(&verdict).contains(&"deviation canary".to_owned()));
    for (deviation, inconclusive, decision, sets) in [
        (Stop::Hold, Stop::Hold, Decision::Hold, true),
        (Stop::Hold, Stop::Rollback, Decision::Rollback, true),
        (Stop::Rollback, Stop::Hold, Decision::Rollback, false),
    ] {
        (bench.release.on.deviation, bench.release.on.inconclusive) = (deviation, inconclusive);
        let verdict = bench.judge();
        assert_eq!((verdict.decision, verdict.inconclusive.is_some()), (decision, sets));
    }
    bench.begin(1);
    assert_eq!(bench.poll(had(0, 0), had(0, 0)).inconclusive, None, "another step counts anew");
}

#[test]
fn evidence_of_a_warm_up_and_of_an_earlier_step_is_no_deviation() {
    let mut bench = Bench::new();
    bench.begin(1);
    (0..6).for_each(|_| assert_eq!(bench.poll(had(50_000, 0), had(100_000, 0)).inconclusive, None));
    let earlier = super::super::testing::evidence(
        "owl-v21",
        Some("1"),
        &[("canary", had(50_000, 0)), ("control", had(100_000, 0))],
    );
    let none = Tick { poll: Some(vec![earlier.clone()]), ..bench.on_time() };
    assert_eq!(bench.tick(none).inconclusive, None);
    let unmarked = crate::evidence::Evidence { mark: None, ..earlier };
    assert_eq!(bench.tick(Tick { poll: Some(vec![unmarked]), ..bench.on_time() }).inconclusive, None);
    assert_eq!(bench.poll(had(50_000, 0), had(100_000, 0)).inconclusive, Some(Inconclusive::Deviation));
}

#[test]
fn beyond_half_control_is_further_off() {
    let mut bench = Bench::new();
    bench.release.steps[1].share = 950_000;
    bench.begin(1);
    (0..7).for_each(|_| drop(bench.poll(had(0, 0), had(0, 0))));
    let verdict = bench.poll(had(190_000, 0), had(8_000, 0));
    assert!(reasons(&verdict).contains(&"deviation control".to_owned()), "{verdict:#?}");
    assert_eq!(verdict.numbers.deviations[0].planned, 0.95);
}

#[test]
fn the_threshold_is_that_of_the_share() {
    for (share, expected) in [
        (1, 0.2),
        (50_000, 0.2),
        (50_001, 0.1),
        (100_000, 0.1),
        (100_001, 0.05),
        (500_000, 0.05),
        (500_001, 0.03),
        (999_999, 0.03),
    ] {
        assert_eq!(crate::tally::threshold(share), expected, "{share}");
    }
}
