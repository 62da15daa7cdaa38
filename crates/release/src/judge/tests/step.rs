//! What a step asks for at least, and what comes after the last.

use super::*;

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
    holds(&verdict, Phase::Holding, &["not_answered"]);
    assert_eq!(verdict.numbers.step.behind, ["edge-7".to_owned()].into());
    holds(&bench.poll(had(0, 0), had(0, 0)), Phase::Holding, &["not_answered"]);
    let verdict = bench.poll(had(0, 0), had(0, 0));
    advances(&verdict);
    assert_eq!(verdict.to, Some(0));
}

#[test]
fn routes_and_a_yes_are_waited_for_before_the_first_step() {
    let mut bench = Bench::new();
    bench.stand.waits_for_routes = true;
    holds(&bench.poll(had(0, 0), had(0, 0)), Phase::WaitingRoutes, &["not_answered", "routes"]);
    holds(&bench.poll(had(0, 0), had(0, 0)), Phase::WaitingRoutes, &["routes"]);
    bench.release.steps[0].approve = true;
    holds(&bench.poll(had(0, 0), had(0, 0)), Phase::WaitingRoutes, &["routes", "approval"]);
    // One yes serves both.
    bench.stand.approved = [0].into();
    advances(&bench.poll(had(0, 0), had(0, 0)));
}

#[test]
fn nothing_begins_in_a_tick_without_an_accepted_poll() {
    let mut bench = over();
    holds(&bench.refused(), Phase::Holding, &["unread"]);
    advances(&bench.poll(had(100, 0), had(100, 0)));
    // Somebody asked something between two ticks.
    let between = Tick { since: Some(Duration::from_millis(300)), ..bench.on_time() };
    holds(&bench.tick(between), Phase::Holding, &["unread"]);
    // It may be that somebody did so right away, or that the server starts anew.
    let at_once = Tick { since: Some(Duration::ZERO), ..bench.on_time() };
    holds(&bench.tick(at_once), Phase::Holding, &["unread"]);
    holds(&bench.tick(Tick { since: None, ..bench.on_time() }), Phase::Holding, &["unread"]);
    advances(&bench.poll(had(100, 0), had(100, 0)));
}

#[test]
fn hold_adds_time_between_ticks_but_not_gaps() {
    let held = |bench: &Bench| bench.judge().numbers.step.held_ms;
    let mut bench = Bench::new();
    bench.begin(0);
    let push = bench.stand.push;
    bench.tick(Tick { poll: Some(vec![]), answered: push - 1, ..bench.on_time() });
    assert_eq!(held(&bench), None, "nine of ten have not answered");
    bench.tick(Tick { answered: push, ..bench.on_time() });
    assert_eq!(held(&bench), None, "no poll");
    for (since, poll, expected) in [
        (Some(TICK), true, 0),
        (Some(TICK), true, 10_000),
        (Some(TICK), false, 20_000),
        (Some(TICK * 3), false, 50_000),
        (Some(TICK * 3 + Duration::from_millis(1)), true, 50_000),
        (None, true, 50_000),
        (Some(Duration::from_millis(300)), false, 50_300),
    ] {
        // Edges that connect later and are behind take nothing back.
        bench.tick(Tick {
            since,
            poll: poll.then(Vec::new),
            answered: if expected == 0 { push } else { 0 },
            ..Tick::default()
        });
        assert_eq!(held(&bench), Some(expected));
    }
    bench.stand.paused = true;
    bench.poll(had(0, 0), had(0, 0));
    assert_eq!(held(&bench), Some(60_300), "a pause is time");
    bench.begin(1);
    bench.poll(had(0, 0), had(0, 0));
    assert_eq!(held(&bench), Some(0), "another step");
}

#[test]
fn requests_count_after_the_warm_up_for_each_arm() {
    let mut bench = Bench::new();
    bench.release.steps[0].hold = Duration::ZERO;
    bench.begin(0);
    // The poll of tick 7 is the first that began when the minute was over.
    for _ in 1..=6 {
        bench.poll(had(1600, 0), had(1600, 0));
    }
    bench.release.steps[0].requests = 1601;
    holds(&bench.judge(), Phase::Holding, &["requests canary", "not_evaluated errors canary"]);
    holds(&bench.poll(had(1600, 0), had(1600, 0)), Phase::Holding, &["requests canary"]);
    assert_eq!(bench.judge().numbers.step.requests["canary"], 1600);
    bench.release.steps[0].requests = 1600;
    advances(&bench.judge());
}

#[test]
fn a_step_without_a_share_asks_for_time_and_a_yes_only() {
    let mut bench = Bench::new();
    bench.release.steps[0].share = 0;
    bench.release.steps[0].hold = Duration::from_secs(10);
    bench.begin(0);
    holds(&bench.poll(had(0, 0), had(0, 0)), Phase::Holding, &["hold"]);
    advances(&bench.poll(had(0, 0), had(0, 0)));
}

#[test]
fn every_guardrail_that_compares_was_asked_with_requests_in_both_arms() {
    let mut bench = Bench::new();
    bench.begin(0);
    (0..70).for_each(|_| drop(bench.poll(had(20, 0), had(0, 0))));
    holds(&bench.judge(), Phase::Holding, &["not_evaluated errors canary"]);
    bench.poll(had(20, 0), had(1, 0));
    advances(&bench.judge());
    // A step later it is asked anew.
    bench.begin(1);
    (0..70).for_each(|_| drop(bench.poll(had(1, 0), had(0, 0))));
    holds(&bench.judge(), Phase::Holding, &["not_evaluated errors canary"]);
    // One that only tells is not waited for, and without control there is nothing to ask.
    bench.release.guardrails[0].on_harm = crate::OnHarm::Warn;
    advances(&bench.judge());
    bench.release.guardrails[0].on_harm = crate::OnHarm::Rollback;
    bench.release.has_control = false;
    advances(&bench.judge());
}

#[test]
fn holding_too_long_beyond_hold_is_inconclusive() {
    let mut bench = Bench::new();
    bench.release.max_hold = Duration::from_secs(60);
    bench.release.steps[0].requests = u64::MAX;
    bench.begin(0);
    (0..=HOLD_TICKS).for_each(|_| drop(bench.poll(had(100, 0), had(100, 0))));
    let waited = |bench: &Bench| bench.judge().numbers.step.waited_ms;
    assert_eq!(waited(&bench), 0, "that was `hold`");
    // What does not count: a pause, no data, windows, a problem, gaps.
    bench.stand.paused = true;
    bench.poll(had(100, 0), had(100, 0));
    assert_eq!(waited(&bench), 10_000, "the time up to the pause");
    bench.poll(had(100, 0), had(100, 0));
    bench.stand.paused = false;
    bench.stand.problem = Some("tags are too long".to_owned());
    bench.poll(had(100, 0), had(100, 0));
    bench.poll(had(100, 0), had(100, 0));
    bench.stand.problem = None;
    bench.poll(had(100, 0), had(100, 0));
    assert_eq!(waited(&bench), 10_000);
    bench.tick(Tick { since: Some(TICK * 4), poll: Some(vec![]), ..bench.on_time() });
    bench.tick(Tick { since: None, poll: Some(vec![]), ..bench.on_time() });
    assert_eq!(waited(&bench), 10_000);
    for tick in 0..5 {
        let verdict = bench.poll(had(100, 0), had(100, 0));
        let is_over = tick == 4;
        assert_eq!(verdict.inconclusive, is_over.then_some(Inconclusive::MaxHold), "{}", waited(&bench));
        assert_eq!(verdict.phase, if is_over { Phase::Inconclusive } else { Phase::Holding });
    }
    holds(&bench.judge(), Phase::Inconclusive, &["max_hold", "requests canary"]);
    bench.release.on.inconclusive = Stop::Rollback;
    says(&bench.judge(), Decision::Rollback, Phase::Holding, &["max_hold", "requests canary"]);
    // The next step begins anew.
    bench.begin(1);
    assert_eq!(bench.poll(had(100, 0), had(100, 0)).inconclusive, None);
}

#[test]
fn after_the_last_step_somebody_finishes_it_or_it_does_so_by_itself() {
    let mut bench = Bench::in_step(2, HOLD_TICKS + 1);
    holds(&bench.judge(), Phase::WaitingPromotion, &["promotion"]);
    assert!(bench.judge().minimum);
    bench.release.promote = Promote::Auto;
    bench.release.windows = vec![closed()];
    let verdict = bench.judge();
    advances(&verdict);
    assert_eq!(verdict.to, None);
    bench.stand.paused = true;
    assert!(bench.judge().minimum, "for who promotes it all the same");
    bench.stand.paused = false;
    bench.release.kind = weir_policy::written::Kind::Test;
    holds(&bench.judge(), Phase::WaitingPromotion, &["promotion"]);
    bench.release.end = End::Stable;
    advances(&bench.judge());
}
