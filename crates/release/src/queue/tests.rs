//! Who is ready, and what the others wait for.

use super::*;
use crate::journal::{Event, Line};

/// A state in which these were seen, in this order: id, service, other fields.
fn state(of: &[(&str, &str, &str)]) -> State {
    let mut state = State::default();
    for (id, service, fields) in of {
        let document = crate::testing::text(id, &[&format!("{service}.shop")], fields);
        happen(&mut state, Event::Seen { release: (*id).into(), file: (*id).into(), document, paused: false });
    }
    state
}

fn happen(state: &mut State, event: Event) {
    let line: Line = state.line(Timestamp::default(), None, event);
    assert_eq!(state.apply(&line), Ok(()));
}

fn start(state: &mut State, id: &str, end: u32) {
    happen(state, Event::Started { release: id.into(), slots: vec![Range { start: 0, end }], push: 1 });
}

fn codes(turn: &Turn) -> (bool, Vec<String>) {
    let (is_first, waits) = match turn {
        Turn::Starts(_) => return (false, Vec::new()),
        Turn::First(waits) => (true, waits),
        Turn::Aside(waits) => (false, waits),
    };
    (is_first, waits.iter().map(|wait| format!("{} {}", wait.code, wait.ids.join(" ")).trim().to_owned()).collect())
}

fn turn_of(state: &State, id: &str, ahead: &[&str]) -> (bool, Vec<String>) {
    let ahead: Vec<&Release> = ahead.iter().map(|id| &state.entries()[*id].document.release).collect();
    codes(&turn(state, &state.entries()[id], &ahead, &[], Timestamp::default()))
}

#[test]
fn the_order_is_priority_then_first_seen_then_id() {
    let mut state =
        state(&[("b", "s", ""), ("a", "s", ""), ("c", "s", r#", "priority": 1"#), ("d", "s", r#", "priority": -1"#)]);
    start(&mut state, "a", 5);
    assert_eq!(order(&state), ["c", "b", "d"]);
}

#[test]
fn one_waits_for_slots_of_those_that_touch_a_service_of_it() {
    let mut state = state(&[("a", "s", ""), ("b", "s", ""), ("c", "t", ""), ("d", "s", r#", "traffic": "50%""#)]);
    assert_eq!(turn_of(&state, "b", &["a"]), (true, vec!["behind a".to_owned()]));
    assert_eq!(turn_of(&state, "c", &["a", "b"]), (false, vec![]));
    start(&mut state, "a", 500_000);
    assert_eq!(turn_of(&state, "b", &[]), (true, vec!["slots a".to_owned()]));
    assert_eq!(turn_of(&state, "d", &[]), (false, vec![]));
    assert_eq!(turn_of(&state, "d", &["b"]), (true, vec!["behind b".to_owned()]));
}

#[test]
fn one_that_is_not_ready_says_all_that_keeps_it() {
    let mut state = state(&[("a", "s", ""), ("b", "s", r#", "after": ["a", "x"]"#)]);
    let pause = Event::Paused { request: "r".into(), release: "b".into(), why: None };
    happen(&mut state, pause);
    happen(&mut state, Event::Frozen { request: "s".into(), why: None });
    assert_eq!(turn_of(&state, "b", &[]), (false, ["after a x", "paused", "frozen"].map(str::to_owned).to_vec()));
    start(&mut state, "a", 5);
    happen(&mut state, Event::RolledBack { release: "a".into(), push: 2 });
    let waits = ["blocked a", "after x", "paused", "frozen", "rollback a"].map(str::to_owned).to_vec();
    assert_eq!(turn_of(&state, "b", &[]), (false, waits));
}

#[test]
fn an_unseen_rollback_holds_what_conflicts_unless_it_lets_others_go_on() {
    for (fields, service, seen, waits) in [
        ("", "s", false, vec!["rollback a".to_owned()]),
        ("", "s", true, vec![]),
        ("", "t", false, vec![]),
        (r#", "on": {"rollback": "go_on"}"#, "s", false, vec![]),
    ] {
        let mut state = state(&[("a", "s", fields), ("b", service, "")]);
        start(&mut state, "a", 5);
        happen(&mut state, Event::RolledBack { release: "a".into(), push: 2 });
        if seen {
            happen(&mut state, Event::Acknowledged { request: "r".into(), release: "a".into(), why: None });
        }
        assert_eq!(turn_of(&state, "b", &[]), (false, waits), "{fields} {service} {seen}");
    }
    let mut aborted = state(&[("a", "s", ""), ("b", "s", "")]);
    start(&mut aborted, "a", 5);
    happen(&mut aborted, Event::Aborted { request: "r".into(), release: "a".into(), why: None, push: Some(2) });
    assert_eq!(turn_of(&aborted, "b", &[]), (false, vec![]));
}

#[test]
fn sixty_four_run_or_are_kept_off_and_not_one_more() {
    let ids: Vec<String> = (0..65).map(|i| format!("r{i}")).collect();
    let each: Vec<(&str, &str, &str)> =
        ids.iter().map(|id| (id.as_str(), id.as_str(), r#", "control": "none""#)).collect();
    let mut state = state(&each);
    ids[..63].iter().for_each(|id| start(&mut state, id, 5));
    assert_eq!(turn_of(&state, "r64", &[]), (false, vec![]));
    start(&mut state, "r63", 5);
    assert_eq!(turn_of(&state, "r64", &[]), (false, vec!["limit".to_owned()]));
    happen(&mut state, Event::RolledBack { release: "r0".into(), push: 2 });
    assert_eq!(turn_of(&state, "r64", &[]), (false, vec!["limit".to_owned()]));
    happen(&mut state, Event::Finished { release: "r1".into(), push: 3 });
    assert_eq!(turn_of(&state, "r64", &[]), (false, vec![]));
}

#[test]
fn edges_keep_8192_counters_and_those_of_people_come_first() {
    use weir_policy::written::{Experiment, Variant};
    let mut state = state(&[("a", "s", ""), ("b", "t", "")]);
    start(&mut state, "a", 5);
    // 73 variants fit: 8,176 counters. Two of the running one, two of this one, and so many of people's.
    for (variants, waits) in [(69, vec![]), (70, vec!["evidence_full".to_owned()])] {
        for (line, enabled, waits) in
            [("pool.other", None, waits), ("pool.other", Some(false), vec![]), ("other", None, vec![])]
        {
            let experiment =
                Experiment { enabled, variants: vec![Variant::default(); variants], ..Experiment::default() };
            let layer = Layer { id: Some(line.into()), experiments: vec![experiment], ..Layer::default() };
            let written = [Policy { layers: vec![layer], ..Policy::default() }];
            let turn = turn(&state, &state.entries()["b"], &[], &written, Timestamp::default());
            assert_eq!(codes(&turn), (false, waits), "{variants} on {line}");
        }
    }
}
