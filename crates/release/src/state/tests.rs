//! What journals fold to, and what requests are answered.

use weir_policy::Range;

use super::*;
use crate::journal::Text;
use crate::request::{Request, Verb};
use crate::testing;

fn at() -> Timestamp {
    "2026-12-01T01:00:00Z".parse().unwrap()
}

fn text(id: &str) -> Text {
    testing::text(id, &["owl.shop"], "")
}

/// The state after these events, by reading the lines that they make.
fn fold(events: impl IntoIterator<Item = Event>) -> State {
    let mut state = State::default();
    for event in events {
        let line = state.line(at(), None, event);
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(state.read_line(&text), Ok(Some(line)), "{text}");
    }
    state
}

fn seen(id: &str) -> Event {
    Event::Seen { release: id.into(), file: format!("{id}.json"), document: text(id), paused: false }
}

fn started(id: &str, push: u64) -> Event {
    Event::Started { release: id.into(), slots: vec![Range { start: 0, end: 10 }], push }
}

fn begun(id: &str, step: usize, push: u64) -> Event {
    Event::Begun { release: id.into(), step, share: 50_000, passed: false, push }
}

fn request(verb: Verb, release: Option<&str>) -> Request {
    Request {
        id: "r".into(),
        verb,
        release: release.map(str::to_owned),
        step: None,
        journal: 0,
        at: at(),
        by: By { user: "ann".into(), host: "web-1".into() },
        why: Some("looked".into()),
    }
}

#[test]
fn a_release_goes_through_its_life() {
    let all = [
        seen("owl"),
        started("owl", 1),
        begun("owl", 0, 2),
        Event::RolledBack { release: "owl".into(), push: 3 },
        Event::Unreached { release: "owl".into(), nodes: vec!["edge-1".into()] },
        Event::Reached { release: "owl".into() },
        Event::Acknowledged { request: "r1".into(), release: "owl".into(), why: None },
        Event::Cleared { release: "owl".into(), push: 4 },
    ];
    for (lines, lifecycle, stage, push) in [
        (1, Lifecycle::Queued, None, 0),
        (2, Lifecycle::Running, Some(Stage::Announced), 1),
        (3, Lifecycle::Running, Some(Stage::Step(0)), 2),
        (4, Lifecycle::RolledBack, Some(Stage::Off), 3),
        (7, Lifecycle::RolledBack, Some(Stage::Off), 3),
        (8, Lifecycle::RolledBack, None, 4),
    ] {
        let state = fold(all.iter().take(lines).cloned());
        assert_eq!(state.lifecycle("owl"), Some(lifecycle), "{lines}");
        assert_eq!(state.in_force().first().map(|one| one.stage), stage, "{lines}");
        assert_eq!((state.push(), state.number()), (push, lines as u64));
    }
    let state = fold(all);
    assert!(state.has_answered("r1") && !state.has_answered("r2"));
    assert_eq!(state.changed_by(3), [""; 0]);
    assert_eq!(state.over()["owl"].off, None);
}

#[test]
fn a_file_that_begins_with_the_fold_of_others_goes_on_from_there() {
    let all = [seen("owl"), seen("cat"), started("owl", 1), begun("owl", 0, 2)];
    let state = fold(all.clone());
    let mut again = State::default();
    assert_eq!(again.read_line(&state.kept(at()).unwrap()), Ok(None));
    assert_eq!(again, state);
    let line = again.line(at(), None, begun("owl", 1, 3));
    assert_eq!(again.apply(&line), Ok(()));
    assert_eq!(again, fold(all.into_iter().chain([begun("owl", 1, 3)])));
}

#[test]
fn a_line_that_does_not_follow_is_told() {
    let mut state = fold([seen("owl")]);
    let line = state.line(at(), None, seen("cat"));
    assert_eq!(state.apply(&Line { number: 3, ..line }), Err(Broken::Number(3)));
    for event in
        [seen("owl"), begun("owl", 0, 1), started("cat", 1), Event::RolledBack { release: "cat".into(), push: 1 }]
    {
        let line = state.line(at(), None, event);
        assert!(matches!(state.clone().apply(&line), Err(Broken::Release(_))), "{line:?}");
    }
    assert!(matches!(state.read_line("{"), Err(Broken::Unreadable(_))));
}

#[test]
fn one_that_must_follow_what_never_finishes_is_blocked() {
    let after = |id: &str| {
        let document = testing::text("cat", &["cat.shop"], &format!(r#", "after": ["{id}"]"#));
        Event::Seen { release: "cat".into(), file: "cat.json".into(), document, paused: false }
    };
    let end = |end| [seen("owl"), started("owl", 1), end, after("owl")];
    let finished = fold(end(Event::Finished { release: "owl".into(), push: 2 }));
    assert_eq!(finished.lifecycle("cat"), Some(Lifecycle::Queued));
    let rolled_back = fold(end(Event::RolledBack { release: "owl".into(), push: 2 }));
    assert_eq!(rolled_back.lifecycle("cat"), Some(Lifecycle::Blocked));
    assert_eq!(rolled_back.lifecycle("dog"), None);
}

#[test]
fn requests_are_answered_and_what_is_over_is_refused() {
    let queued = || vec![seen("owl")];
    let running = || vec![seen("owl"), started("owl", 1), begun("owl", 0, 2)];
    let back = |mut events: Vec<Event>| {
        events.push(Event::RolledBack { release: "owl".into(), push: 3 });
        events
    };
    let with = |mut events: Vec<Event>, verb: &str| {
        let (request, release) = ("r0".to_owned(), "owl".to_owned());
        events.push(match verb {
            "pause" => Event::Paused { request, release, why: None },
            "approve" => Event::Approved { request, release, step: 1, why: None },
            _ => Event::Frozen { request, why: None },
        });
        events
    };
    for (events, verb, step, journal, code) in [
        (queued(), Verb::Approve, Some(0), 1, None),
        (queued(), Verb::Approve, Some(2), 1, None),
        (queued(), Verb::Approve, Some(5), 1, Some("no_step")),
        (running(), Verb::Approve, Some(0), 3, Some("over")),
        (running(), Verb::Approve, None, 3, None),
        (with(running(), "approve"), Verb::Approve, None, 4, Some("done")),
        (queued(), Verb::Pause, None, 1, None),
        (with(queued(), "pause"), Verb::Pause, None, 2, Some("done")),
        (queued(), Verb::Resume, None, 1, Some("done")),
        (with(queued(), "pause"), Verb::Resume, None, 2, None),
        (with(queued(), "pause"), Verb::Resume, None, 1, Some("newer")),
        (queued(), Verb::Abort, None, 1, None),
        (back(running()), Verb::Abort, None, 4, Some("over")),
        (running(), Verb::Acknowledge, None, 3, Some("done")),
        (back(running()), Verb::Acknowledge, None, 4, None),
        (running(), Verb::Promote, None, 3, Some("not_waiting")),
        (queued(), Verb::StepNext, None, 1, Some("not_running")),
        (running(), Verb::StepNext, None, 3, None),
        (running(), Verb::StepNext, Some(1), 3, None),
        (running(), Verb::StepNext, Some(2), 3, Some("over")),
        (running(), Verb::StepFull, Some(4), 3, None),
        (with(running(), "freeze"), Verb::StepNext, None, 4, Some("frozen")),
        (running(), Verb::Pause, None, 4, Some("other_journal")),
        (queued(), Verb::Freeze, None, 1, None),
        (with(queued(), "freeze"), Verb::Freeze, None, 2, Some("done")),
        (queued(), Verb::Thaw, None, 1, Some("done")),
        (with(queued(), "freeze"), Verb::Thaw, None, 2, None),
        (with(queued(), "freeze"), Verb::Thaw, None, 1, Some("newer")),
    ] {
        let mut state = fold(events);
        let request = Request { step, journal, ..request(verb, Some("owl")) };
        let answer = state.answer(&request, 9);
        assert_eq!(answer.as_ref().err().map(|trouble| trouble.code.as_str()), code, "{verb} {step:?} {answer:?}");
        if let Ok(event) = answer {
            let line = state.line(at(), Some(request.by), event);
            assert_eq!(state.apply(&line), Ok(()), "{verb}");
        }
    }
    let unknown = fold(queued()).answer(&request(Verb::Pause, Some("cat")), 1);
    assert_eq!(unknown.unwrap_err().code, "unknown");
    assert_eq!(fold(queued()).answer(&request(Verb::Pause, None), 1).unwrap_err().code, "no_release");
}
