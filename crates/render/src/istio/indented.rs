//! JSON with a line a field, so that a diff shows what changed of a policy and nothing else.

/// The most bytes of indented JSON; what would be longer stays on one line.
pub const INDENTED_BYTES_MAX: usize = 200_000;
const INDENT: &str = "  ";

/// The same JSON with each field and each item on a line of its own, but a list of numbers, or of ranges, on one.
/// `json` has no blanks between its tokens. What would be too long stays as it is.
pub(crate) fn indented(json: String) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json.as_str();
    let mut depth = 0_usize;
    while let Some(first) = rest.chars().next() {
        let token = match first {
            '"' => string(rest),
            '[' | '{' => whole(rest).unwrap_or(&rest[..1]),
            _ => &rest[..first.len_utf8()],
        };
        rest = &rest[token.len()..];
        match token {
            "[" | "{" => depth += 1,
            "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends_line = matches!(token, "[" | "{" | ",");
        if matches!(token, "]" | "}") {
            new_line(&mut text, depth);
        }
        text.push_str(&if token.len() > 1 && first == '[' { token.replace(',', ", ") } else { token.to_owned() });
        match token {
            ":" => text.push(' '),
            _ if ends_line => new_line(&mut text, depth),
            _ => {}
        }
        if text.len() > INDENTED_BYTES_MAX {
            return json;
        }
    }
    text
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    (0..depth).for_each(|_| text.push_str(INDENT));
}

/// The string with which a text begins, in its quotes.
fn string(text: &str) -> &str {
    let mut is_escaped = false;
    for (i, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return &text[..=i],
            _ => {}
        }
    }
    text
}

/// The list or object with which a text begins, where it is written on one line: it is empty, or numbers alone.
fn whole(text: &str) -> Option<&str> {
    if let Some(empty) = ["[]", "{}"].into_iter().find(|empty| text.starts_with(empty)) {
        return Some(empty);
    }
    let mut depth = 0_usize;
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 1 => return Some(&text[..=i]),
            b']' => depth -= 1,
            b',' | b'-' | b'+' | b'.' | b'e' | b'E' => {}
            byte if byte.is_ascii_digit() => {}
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_field_has_a_line_and_ranges_have_one_together() {
        let json =
            r#"{"a":"x","b":{"c":[[0,10],[20,30]],"d":[1,-2.5e3],"e":[],"f":{}},"g":["x","y"],"h":[{"i":true}]}"#;
        let expected = r#"{
  "a": "x",
  "b": {
    "c": [[0, 10], [20, 30]],
    "d": [1, -2.5e3],
    "e": [],
    "f": {}
  },
  "g": [
    "x",
    "y"
  ],
  "h": [
    {
      "i": true
    }
  ]
}"#;
        assert_eq!(indented(json.to_owned()), expected);
    }

    #[test]
    fn whatever_stands_in_texts_stays_there() {
        let texts = ["", ",", "[1,2]", "{\"a\":1}", "\\", "\\\"", "\"", "a:b", "é\u{1}\n\t🦉", "[", "]"];
        for text in texts {
            let value = serde_json::json!({ text: [text, [1, text], {text: text}, null, []] });
            let read: Value = serde_json::from_str(&indented(value.to_string())).unwrap();
            assert_eq!(read, value);
        }
        for not_json in ["", "x", "é", "[", "]", "}", "\"", "\"\\", "[1", "[1,{"] {
            indented(not_json.to_owned());
        }
    }

    #[test]
    fn what_is_too_long_stays_on_one_line() {
        let of = |letters: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(letters));
        let around = indented(of(0)).len();
        let longest = indented(of(INDENTED_BYTES_MAX - around));
        assert_eq!((longest.len(), longest.lines().count()), (INDENTED_BYTES_MAX, 3));
        let compact = of(INDENTED_BYTES_MAX - around + 1);
        assert_eq!(indented(compact.clone()), compact);
    }
}
