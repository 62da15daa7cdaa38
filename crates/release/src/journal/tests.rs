//! Lines as they stand in files.

use super::*;

fn text() -> Text {
    Text { format: Format::Json, text: r#"{"id": "owl"}"#.into() }
}

/// Each line as it stands in a file. What is here is what others read.
#[test]
fn lines_are_a_public_format() {
    let by = || Some(By { user: "ann".into(), host: "web-1".into() });
    let release = || "owl".to_owned();
    for (by, event, json) in [
        (None, Event::Began, r#""event":"began""#),
        (
            None,
            Event::Seen { release: release(), file: "owl.yaml".into(), document: text(), paused: false },
            r#""event":"seen","release":"owl","file":"owl.yaml","document":{"format":"json","text":"{\"id\": \"owl\"}"}"#,
        ),
        (
            None,
            Event::Started { release: release(), slots: vec![Range { start: 5, end: 10 }], push: 3 },
            r#""event":"started","release":"owl","slots":[[5,10]],"push":3"#,
        ),
        (
            None,
            Event::Begun { release: release(), step: 1, share: 100_000, passed: true, push: 4 },
            r#""event":"begun","release":"owl","step":1,"share":100000,"passed":true,"push":4"#,
        ),
        (
            None,
            Event::Waits {
                release: release(),
                waits: vec![Wait::new("slots", "none are free").of(vec!["cat".into()])],
            },
            r#""event":"waits","release":"owl","waits":[{"code":"slots","ids":["cat"],"text":"none are free"}]"#,
        ),
        (
            None,
            Event::HeldBack {
                release: release(),
                step: Some(0),
                queued: false,
                document: false,
                nodes: vec![Node { node: "edge-1".into(), why: "refused".into() }],
                push: 5,
            },
            r#""event":"held_back","release":"owl","step":0,"nodes":[{"node":"edge-1","why":"refused"}],"push":5"#,
        ),
        (
            by(),
            Event::Aborted { request: "r1".into(), release: release(), why: Some("lunch".into()), push: None },
            r#""by":{"user":"ann","host":"web-1"},"event":"aborted","request":"r1","release":"owl","why":"lunch""#,
        ),
        (
            None,
            Event::Reset { nodes: vec!["edge-1".into()], releases: vec!["owl".into()] },
            r#""event":"reset","nodes":["edge-1"],"releases":["owl"]"#,
        ),
        (None, Event::ClockJumped { by_ms: -1_500 }, r#""event":"clock_jumped","by_ms":-1500"#),
    ] {
        let line = Line { number: 7, at: "2026-12-01T01:00:00Z".parse().unwrap(), by, event };
        let json = format!(r#"{{"number":7,"at":"2026-12-01T01:00:00Z",{json}}}"#);
        assert_eq!(serde_json::to_string(&line).unwrap(), json);
        assert_eq!(serde_json::from_str::<Line>(&json).unwrap(), line);
    }
    assert!(serde_json::from_str::<Line>(r#"{"number":1,"at":"2026-12-01T01:00:00Z","event":"other"}"#).is_err());
    let slots = r#"{"number":1,"at":"2026-12-01T01:00:00Z","event":"started","release":"a","slots":[[5,5]],"push":1}"#;
    assert!(serde_json::from_str::<Line>(slots).is_err());
}

#[test]
fn a_document_is_told_from_others_by_its_text() {
    let digest = |text: &Text, format| Document::read(Text { format, ..text.clone() }).unwrap().digest();
    let [a, b] = ["a", "b"].map(|id| crate::testing::text(id, &["owl.shop"], ""));
    assert_eq!(digest(&a, Format::Json), digest(&a, Format::Json));
    assert_ne!(digest(&a, Format::Json), digest(&b, Format::Json));
    assert_ne!(digest(&a, Format::Json), digest(&a, Format::Yaml));
}
