//! JSON keeps what serde_json would lose, and finds its places when they are wanted.

use crate::document::{Path, Position, SourceId, Step, Value, codes, spanned};

fn path(steps: &[&str]) -> Path {
    let step = |step: &&str| step.parse().map_or_else(|_| Step::Key((*step).to_owned()), Step::Index);
    Path(steps.iter().map(step).collect())
}

#[test]
fn values_are_kept_as_they_are() {
    let node =
        super::parse(br#"{"a": 1, "a": [null, true, "x", 1.5, 18446744073709551615, 1e2]}"#, SourceId::FIRST).unwrap();
    let Value::Map(entries) = node.value else { panic!("an object") };
    assert_eq!(entries.len(), 2, "duplicates are for the reader to see");
    let Value::List(values) = &entries[1].node.value else { panic!("a list") };
    let float = |text: &str| Value::Float(text.to_owned());
    let expected = [
        Value::Null,
        Value::Bool(true),
        Value::Str("x".to_owned()),
        float("1.5"),
        float("18446744073709551615"),
        float("100"),
    ];
    assert_eq!(values.iter().map(|node| node.value.clone()).collect::<Vec<_>>(), expected);
}

#[test]
fn places_are_found_by_path() {
    let text = "{\n  \"é\": {\"b\": [1,\n    {\"c\": 2}]},\n  \"\\u0061\": 3\n}\n";
    let places = super::places(text).unwrap();
    for (steps, want_key, line, column) in [
        (&[][..], false, 1, 1),
        (&["é"], false, 2, 8),
        (&["é"], true, 2, 3),
        (&["é", "b", "0"], false, 2, 15),
        (&["é", "b", "1", "c"], false, 3, 11),
        (&["é", "b", "1", "c"], true, 3, 6),
        (&["é", "nowhere", "x"], false, 2, 8),
        (&["a"], true, 4, 13),
    ] {
        assert_eq!(spanned::locate(&places, &path(steps), want_key), Some(Position { line, column }), "{steps:?}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let text = "\u{feff}{\"a\": [}";
    let problem = super::parse(text.as_bytes(), SourceId::FIRST).unwrap_err();
    assert_eq!(problem.position, Some(Position { line: 1, column: 8 }));
    let text = "\u{feff}{\"a\": 1}";
    let node = super::parse(text.as_bytes(), SourceId::FIRST).unwrap();
    assert!(matches!(&node.value, Value::Map(entries) if entries[0].key == "a"), "{node:?}");
    let places = super::places(text).unwrap();
    assert_eq!(spanned::locate(&places, &path(&["a"]), true), Some(Position { line: 1, column: 2 }));
    for text in ["\u{feff}", "\u{feff}\u{feff}{}", " \u{feff}{}", "{}\u{feff}"] {
        assert_eq!(super::parse(text.as_bytes(), SourceId::FIRST).unwrap_err().code, codes::SYNTAX, "{text:?}");
    }
}

#[test]
fn errors_have_a_code_and_a_place() {
    for (text, code, line, column) in [
        ("", codes::SYNTAX, 1, 1),
        ("{\"a\": }", codes::SYNTAX, 1, 7),
        ("{}\n{}", codes::SYNTAX, 2, 1),
        ("{\"a\": 01}", codes::SYNTAX, 1, 8),
    ] {
        let problem = super::parse(text.as_bytes(), SourceId::FIRST).unwrap_err();
        assert_eq!((problem.code, problem.position), (code, Some(Position { line, column })), "{text}: {problem}");
        assert!(!problem.message.contains("line"), "{problem}");
    }
    assert_eq!(super::parse(&b"[".repeat(100_000), SourceId::FIRST).unwrap_err().code, codes::TOO_DEEP);
    assert_eq!(super::parse(b"\"\xff\"", SourceId::FIRST).unwrap_err().code, codes::SYNTAX);
}
