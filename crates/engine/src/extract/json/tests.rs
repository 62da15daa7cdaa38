//! Which texts are one JSON object, which field is read, and that nothing can break the reader.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{BYTES_MAX, LEVELS_MAX, field};

fn of_a(text: &str) -> Option<Vec<u8>> {
    field(text.as_bytes(), b"a").map(|value| value.into_owned())
}

#[test]
fn fields() {
    for (text, expected) in [
        (r#"{"a":"x"}"#, Some("x")),
        (" \t\r\n{ \"b\" : [ ] , \"a\" : \"x\" } \n", Some("x")),
        (r#"{"a":""}"#, Some("")),
        (r#"{"a":7}"#, Some("7")),
        (r#"{"a":-0}"#, Some("-0")),
        (r#"{"a":1.50E+07}"#, Some("1.50E+07")),
        (r#"{"a":123456789012345678901234567890}"#, Some("123456789012345678901234567890")),
        (r#"{"a":true}"#, None),
        (r#"{"a":false}"#, None),
        (r#"{"a":null}"#, None),
        (r#"{"a":{"a":"x"}}"#, None),
        (r#"{"a":["x"]}"#, None),
        (r#"{"a":[]}"#, None),
        (r#"{"b":{"a":"x"}}"#, None),
        (r#"{"b":{"a":"x"},"a":"y"}"#, Some("y")),
        (r#"{"b":[{"a":"x"},{}],"a":"y"}"#, Some("y")),
        (r#"{"a":"x","a":"y"}"#, Some("x")),
        (r#"{"a":null,"a":"y"}"#, None),
        (r#"{"a":{"b":1},"a":"y"}"#, None),
        (r#"{"A":"x"}"#, None),
        (r#"{"a ":"x"}"#, None),
        (r#"{"a.b":"x"}"#, None),
        (r#"{}"#, None),
        (r#"{"\u0061":"x"}"#, Some("x")),
        (r#"{"\u0061":"x","a":"y"}"#, Some("x")),
        (r#"{"\ud800":1,"a":"x"}"#, Some("x")),
        (r#"{"a":"\"\\\/\b\f\n\r\t\u0041"}"#, Some("\"\\/\u{8}\u{c}\n\r\tA")),
        (r#"{"a":"\u00e9\uFFFF\uD83D\ude00用"}"#, Some("é\u{ffff}😀用")),
        (r#"{"a":"\u0000"}"#, Some("\0")),
        (r#"{"a":"\ud83d"}"#, None),
        (r#"{"a":"\ud83dx"}"#, None),
        (r#"{"a":"\ud83d\n"}"#, None),
        (r#"{"a":"\ud83d\u0041"}"#, None),
        (r#"{"a":"\ud83d\ud83d\ude00"}"#, None),
        (r#"{"a":"\ude00"}"#, None),
        (r#"{"a":"x","b":"\ud83d"}"#, Some("x")),
        ("{\"a\":\"\u{7f}\u{85}\"}", Some("\u{7f}\u{85}")),
    ] {
        assert_eq!(of_a(text), expected.map(|value| value.as_bytes().to_vec()), "{text}");
    }
}

#[test]
fn what_is_not_one_object_has_no_field() {
    for text in [
        "",
        " ",
        "{",
        "}",
        r#""a""#,
        "7",
        r#"[{"a":"x"}]"#,
        r#"{"a":"x"}{}"#,
        r#"{"a":"x"},"#,
        r#"{"a":"x"}x"#,
        r#"{"a":"x",}"#,
        r#"{"a":"x" "b":1}"#,
        r#"{"a":"x","b"}"#,
        r#"{"a":"x","b":}"#,
        r#"{"a":"x",b:1}"#,
        r#"{"a":"x",'b':1}"#,
        r#"{"a":"x","b":'1'}"#,
        r#"{"a":"x","b":[1,]}"#,
        r#"{"a":"x","b":[,1]}"#,
        r#"{"a":"x","b":[1}"#,
        r#"{"a":"x","b":[1}]"#,
        r#"{"a":"x","b":{]}"#,
        r#"{"a":"x","b":01}"#,
        r#"{"a":"x","b":-}"#,
        r#"{"a":"x","b":+1}"#,
        r#"{"a":"x","b":1.}"#,
        r#"{"a":"x","b":.1}"#,
        r#"{"a":"x","b":1e}"#,
        r#"{"a":"x","b":1e+}"#,
        r#"{"a":"x","b":0x1}"#,
        r#"{"a":"x","b":NaN}"#,
        r#"{"a":"x","b":tru}"#,
        r#"{"a":"x","b":True}"#,
        r#"{"a":"x","b":"\x"}"#,
        r#"{"a":"x","b":"\u00g0"}"#,
        r#"{"a":"x","b":"\u00"}"#,
        r#"{"a":"x","b":"}"#,
        "{\"a\":\"x\",\"b\":\"\t\"}",
        "{\"a\":\"x\",\"b\":\"\0\"}",
        "\u{feff}{\"a\":\"x\"}",
        "\u{a0}{\"a\":\"x\"}",
        "{\"a\":\"x\"}\u{c}",
        r#"{"a":"x"/**/}"#,
    ] {
        assert_eq!(of_a(text), None, "{text}");
    }
    for text in [&b"{\"a\":\"\xff\"}"[..], b"{\"a\":\"x\",\"\xe7\x94\":1}", b"{\"a\":\"\xed\xa0\x80\"}"] {
        assert_eq!(field(text, b"a"), None, "{text:?}");
    }
}

#[test]
fn bounds() {
    let long = |bytes: usize| format!("{{\"a\":\"x\"{}}}", " ".repeat(bytes - 9));
    assert_eq!(of_a(&long(BYTES_MAX)), Some(b"x".to_vec()));
    assert_eq!(of_a(&long(BYTES_MAX + 1)), None);
    // The object itself is a level.
    let deep = |open: &str, close: &str, levels: usize| {
        format!("{{\"a\":\"x\",\"b\":{}1{}}}", open.repeat(levels - 1), close.repeat(levels - 1))
    };
    let levels = LEVELS_MAX as usize;
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"\":", "}]")] {
        let each = open.matches(['[', '{']).count();
        assert_eq!(of_a(&deep(open, close, (levels - 1) / each + 1)), Some(b"x".to_vec()), "{open}");
        assert_eq!(of_a(&deep(open, close, levels / each + 1)), None, "{open}");
    }
    assert_eq!(of_a(&format!("{{\"a\":\"x\",\"b\":{}", "[".repeat(8_000))), None);
    assert_eq!(of_a(&"{\"a\":".repeat(1_500)), None);
}

/// Any JSON, at most six levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::collection::vec(any::<char>(), 0..8).prop_map(|text| Value::from(text.into_iter().collect::<String>())),
    ];
    scalar.prop_recursive(5, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[ab]|\\PC{0,3}", inner, 0..4).prop_map(|object| json!(object)),
        ]
    })
}

/// Pieces of JSON in any order: most are no JSON, and many nearly are.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"\\u0061\"",
        "\"\\ud800\"",
        "\\",
        "\\n",
        "1",
        "-0.5e3",
        "01",
        "true",
        "null",
        "nul",
        " ",
        "\t",
        "{\"a\":",
        "\"b\":1,",
        "é",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_was_written_is_read(object in prop::collection::btree_map("[ab]|\\PC{0,3}", any_json(), 0..5), pretty: bool) {
        let write = if pretty { serde_json::to_string_pretty } else { serde_json::to_string };
        let text = write(&object).unwrap();
        prop_assume!(text.len() <= BYTES_MAX);
        for (name, value) in &object {
            let expected = match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            let found = field(text.as_bytes(), name.as_bytes());
            prop_assert_eq!(found.as_deref(), expected.as_ref().map(|value| value.as_bytes()), "{}", text);
        }
    }

    /// A field in front of anything is found exactly if serde_json takes the whole.
    #[test]
    fn a_text_is_json_as_another_reader_has_it(rest in nearly_json(), damage in prop::option::of((any_json(), any::<Index>(), any::<u8>()))) {
        let mut text = format!("{{\"a\": 7, \"b\": {rest}}}").into_bytes();
        if let Some((value, place, byte)) = damage {
            text = format!("{{\"a\": 7, \"b\": {value}}}").into_bytes();
            let place = place.index(text.len() - 9) + 9;
            text[place] = byte;
        }
        let is_json = serde_json::from_slice::<&RawValue>(&text).is_ok();
        let found = field(&text, b"a");
        prop_assert_eq!(found.as_deref(), is_json.then_some(&b"7"[..]), "{}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn total(text: Vec<u8>, name: Vec<u8>) {
        field(&text, &name);
    }
}
