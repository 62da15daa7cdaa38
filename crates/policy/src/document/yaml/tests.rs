//! What YAML says and where, and what of YAML is not read.

use crate::document::{Position, SourceId, Spelling, Value, codes};

fn value(text: &str) -> Value {
    let (node, problems) = super::parse(text, SourceId::FIRST);
    assert_eq!(problems, [], "{text}");
    node.value
}

#[test]
fn plain_scalars_follow_the_core_schema() {
    let text = |text: &str| Value::Str(text.to_owned());
    let float = |text: &str| Value::Float(text.to_owned());
    let typed = |value, text: &str| Value::Int(value, Some(Box::new(Spelling(text.to_owned()))));
    for (written, expected) in [
        ("null", Value::Null),
        ("~", Value::Null),
        ("", Value::Null),
        ("true", Value::Bool(true)),
        ("FALSE", Value::Bool(false)),
        ("yes", text("yes")),
        ("on", text("on")),
        ("no", text("no")),
        ("12", Value::int(12)),
        ("-12", Value::int(-12)),
        ("+12", typed(12, "+12")),
        ("012", typed(12, "012")),
        ("-0", typed(0, "-0")),
        ("0x1F", typed(31, "0x1F")),
        ("0x1f", typed(31, "0x1f")),
        ("0o17", typed(15, "0o17")),
        ("9223372036854775807", Value::int(i64::MAX)),
        ("9223372036854775808", float("9223372036854775808")),
        ("1.0", float("1.0")),
        (".5", float(".5")),
        ("1.", float("1.")),
        ("1e3", float("1e3")),
        ("-1.5E-3", float("-1.5E-3")),
        (".inf", float(".inf")),
        (".nan", float(".nan")),
        ("1_000", text("1_000")),
        ("0x", text("0x")),
        ("1.2.3", text("1.2.3")),
        ("5%", text("5%")),
        (".", text(".")),
        ("1e", text("1e")),
        ("'12'", text("12")),
        ("\"true\"", text("true")),
        ("|\n  1.0\n", text("1.0\n")),
    ] {
        assert_eq!(value(written), expected, "{written}");
    }
}

#[test]
fn places_are_1_based_and_in_characters() {
    let (node, problems) = super::parse("用户:\n  - é: [1, x]\n", SourceId::FIRST);
    assert_eq!(problems, []);
    let Value::Map(entries) = &node.value else { panic!("{node:?}") };
    assert_eq!(entries[0].key_position, Some(Position { line: 1, column: 1 }));
    let Value::List(items) = &entries[0].node.value else { panic!("{node:?}") };
    let Value::Map(inner) = &items[0].value else { panic!("{node:?}") };
    assert_eq!(inner[0].key_position, Some(Position { line: 2, column: 5 }));
    let Value::List(last) = &inner[0].node.value else { panic!("{node:?}") };
    assert_eq!(last[1].position, Some(Position { line: 2, column: 12 }));
}

#[test]
fn what_is_not_read_is_a_problem_at_its_place() {
    for (text, code, line, column) in [
        ("a: 1\n---\nb: 2\n", codes::SEVERAL_DOCUMENTS, 2, 1),
        ("a: &x 1\nb: *x\n", codes::ALIAS, 2, 4),
        ("a:\n  <<: {b: 1}\n", codes::MERGE_KEY, 2, 3),
        ("a: !!str 1\n", codes::YAML_TAG, 1, 4),
        ("a: !x [1]\n", codes::YAML_TAG, 1, 4),
        ("a: [1\n", codes::SYNTAX, 2, 1),
        ("1: a\n", codes::UNQUOTED_NUMBER, 1, 1),
        ("? [a]\n: b\n", codes::WRONG_TYPE, 1, 3),
    ] {
        let problems = super::parse(text, SourceId::FIRST).1;
        let found = problems.first().map(|problem| (problem.code, problem.position));
        assert_eq!(found, Some((code, Some(Position { line, column }))), "{text:?}: {problems:?}");
        assert_eq!(problems.len(), 1, "{text:?}: {problems:?}");
    }
}

#[test]
fn a_key_is_proposed_in_quotes_as_it_was_typed() {
    for typed in ["007", "0x1F", "0o17", "+1", "1.50", "True", "NULL", "~"] {
        let (_, problems) = super::parse(&format!("{typed}: a\n"), SourceId::FIRST);
        let [problem] = &problems[..] else { panic!("{typed}: {problems:?}") };
        let proposed = format!("write \"{typed}\" in quotes");
        assert!(problem.message.ends_with(&proposed), "{problem}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let (node, problems) = super::parse("\u{feff}a: !x b\n", SourceId::FIRST);
    assert!(matches!(&node.value, Value::Map(entries) if entries[0].key == "a"), "{node:?}");
    assert_eq!(problems[0].position, Some(Position { line: 1, column: 4 }));
}

#[test]
fn duplicate_keys_are_kept_for_the_reader_to_see() {
    let Value::Map(entries) = value("{a: 1, a: 2}") else { panic!("an object") };
    assert_eq!(entries.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["a", "a"]);
}

#[test]
fn any_depth_is_survived() {
    let flow = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let block = |levels: usize| format!("{}1", "- ".repeat(levels));
    for (text, expected) in [
        (flow(64), &[][..]),
        (flow(65), &[codes::TOO_DEEP]),
        (flow(5_000), &[codes::TOO_DEEP]),
        ("[".repeat(100_000), &[codes::TOO_DEEP]),
        (block(64), &[]),
        (block(65), &[codes::TOO_DEEP]),
        (block(20_000), &[codes::TOO_DEEP]),
    ] {
        let (_, problems) = super::parse(&text, SourceId::FIRST);
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), expected, "{}", text.len());
    }
}
