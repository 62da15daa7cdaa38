//! What a route asks of a header, and whether a value would do: as Envoy 1.40 decides it.

use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;
use weir_policy::model::tag_regex;

use crate::fields::field;

/// What a route asks of one header.
#[derive(Clone, Debug)]
pub struct HeaderMatch {
    /// In lower case.
    pub name: String,
    test: Test,
    inverted: bool,
}

#[derive(Clone, Debug)]
enum Test {
    Present(bool),
    Exact(String),
    Prefix(String),
    Suffix(String),
    Contains(String),
    /// A text test whose letters match in either case; its own text is in lower case.
    AnyCase(Box<Test>),
    /// Stands in the value alone or between commas: the regex that is written for tags, which there may be many of.
    Listed(String),
    /// The whole value matches.
    Regex(Pattern),
    /// From the first number to before the second.
    Range(i64, i64),
    /// An extension.
    Unknown,
}

/// A regex that is compiled when somebody asks: files have many, and are read often.
#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    regex: OnceLock<Option<Regex>>,
}

impl HeaderMatch {
    pub(super) fn read(value: &Value) -> HeaderMatch {
        let name = text(value, "name").unwrap_or_default().to_ascii_lowercase();
        let inverted = field(value, "invert_match").is_some_and(|(_, inverted)| *inverted == Value::Bool(true));
        HeaderMatch { name, test: test(value), inverted }
    }

    /// The only value that it holds for, if that is plain to see.
    pub fn exact(&self) -> Option<&str> {
        match &self.test {
            Test::Exact(text) if !self.inverted => Some(text),
            _ => None,
        }
    }

    /// What it holds for alone or between commas, if that is plain to see.
    pub fn listed(&self) -> Option<&str> {
        match &self.test {
            Test::Listed(text) if !self.inverted => Some(text),
            _ => None,
        }
    }

    /// Whether it holds for a request that has the header with this value. What cannot be told counts as holding.
    pub fn holds(&self, value: &str) -> bool {
        self.test.holds(value).is_none_or(|holds| holds != self.inverted)
    }
}

impl Test {
    fn holds(&self, value: &str) -> Option<bool> {
        Some(match self {
            Test::Present(present) => *present,
            Test::Exact(text) => value == text,
            Test::Prefix(text) => value.starts_with(text),
            Test::Suffix(text) => value.ends_with(text),
            Test::Contains(text) => value.contains(text),
            Test::AnyCase(test) => return test.holds(&value.to_ascii_lowercase()),
            Test::Listed(text) => value.split(',').any(|part| part == text),
            Test::Regex(pattern) => return pattern.matches(value),
            Test::Range(start, end) => value.parse().is_ok_and(|number: i64| (*start..*end).contains(&number)),
            Test::Unknown => return None,
        })
    }
}

/// The test of a `HeaderMatcher`, of today's fields or of the deprecated ones.
fn test(value: &Value) -> Test {
    if let Some((_, present)) = field(value, "present_match") {
        return Test::Present(*present == Value::Bool(true));
    }
    if let Some((_, range)) = field(value, "range_match") {
        let number = |name| field(range, name).map_or(Some(0), |(_, number)| integer(number));
        return number("start").zip(number("end")).map_or(Test::Unknown, |(start, end)| Test::Range(start, end));
    }
    if let Some((_, matcher)) = field(value, "string_match") {
        let test = text_test(matcher, ["exact", "prefix", "suffix", "contains", "safe_regex"]);
        let ignores_case = field(matcher, "ignore_case").is_some_and(|(_, ignores)| *ignores == Value::Bool(true));
        return if ignores_case { test.in_any_case() } else { test };
    }
    let deprecated = ["exact_match", "prefix_match", "suffix_match", "contains_match", "safe_regex_match"];
    if deprecated.iter().any(|name| field(value, name).is_some()) {
        return text_test(value, deprecated);
    }
    // A header's name alone asks that it is there.
    Test::Present(true)
}

/// A test for a text.
type TextTest = fn(String) -> Test;

fn text_test(value: &Value, [exact, prefix, suffix, contains, regex]: [&str; 5]) -> Test {
    let tests: [(&str, TextTest); 4] =
        [(exact, Test::Exact), (prefix, Test::Prefix), (suffix, Test::Suffix), (contains, Test::Contains)];
    if let Some((test, text)) = tests.into_iter().find_map(|(name, test)| Some((test, text(value, name)?))) {
        return test(text.to_owned());
    }
    let pattern = field(value, regex).and_then(|(_, regex)| text(regex, "regex"));
    let of_pattern = |text: &str| match listed(text) {
        Some(text) => Test::Listed(text),
        None => Test::Regex(Pattern { text: text.to_owned(), regex: OnceLock::new() }),
    };
    pattern.map_or(Test::Unknown, of_pattern)
}

/// The text of `(.*,)?TEXT(,.*)?`, in which nothing means anything in a regex but dots, escaped.
fn listed(pattern: &str) -> Option<String> {
    let inner = pattern.strip_prefix("(.*,)?")?.strip_suffix("(,.*)?")?;
    let text = inner.replace("\\.", ".");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (tag_regex(&text) == pattern && text.bytes().all(is_plain)).then_some(text)
}

impl Pattern {
    /// `None` where it cannot be read here.
    fn matches(&self, value: &str) -> Option<bool> {
        let regex = self.regex.get_or_init(|| Regex::new(&format!("^(?:{})$", self.text)).ok());
        regex.as_ref().map(|regex| regex.is_match(value))
    }
}

impl Test {
    /// Envoy passes over `ignore_case` at a regex.
    fn in_any_case(self) -> Test {
        Test::AnyCase(Box::new(match self {
            Test::Exact(text) => Test::Exact(text.to_ascii_lowercase()),
            Test::Prefix(text) => Test::Prefix(text.to_ascii_lowercase()),
            Test::Suffix(text) => Test::Suffix(text.to_ascii_lowercase()),
            Test::Contains(text) => Test::Contains(text.to_ascii_lowercase()),
            other => return other,
        }))
    }
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    field(value, name).and_then(|(_, value)| value.as_str())
}

/// Protobuf's JSON writes 64 bits as text or as a number.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_held_against_every_kind_of_match_as_envoy_does() {
        let text = |test: Value| json!({"name": "X-Env-Tag", "string_match": test});
        let regex = |pattern: &str| text(json!({"safe_regex": {"regex": pattern}}));
        let with = |field: &str, value: Value| json!({"name": "x-env-tag", field: value});
        let inverted = |mut matcher: Value| {
            matcher["invert_match"] = json!(true);
            matcher
        };
        let table = [
            (json!({"name": "x-env-tag"}), "a", true),
            (with("present_match", json!(true)), "", true),
            (with("present_match", json!(false)), "a", false),
            (inverted(with("present_match", json!(true))), "a", false),
            (with("presentMatch", json!(false)), "a", false),
            (text(json!({"exact": "a"})), "a", true),
            (text(json!({"exact": "a"})), "a,b", false),
            (text(json!({"exact": "A"})), "a", false),
            (text(json!({"exact": "A", "ignore_case": true})), "a", true),
            (text(json!({"prefix": "A", "ignoreCase": true})), "ab", true),
            (text(json!({"prefix": "a"})), "ba", false),
            (text(json!({"suffix": "b"})), "a,b", true),
            (text(json!({"suffix": "b"})), "b,a", false),
            (text(json!({"contains": "b"})), "a,b,c", true),
            (inverted(text(json!({"contains": "b"}))), "a,b,c", false),
            (inverted(text(json!({"exact": "x"}))), "a", true),
            (regex("(.*,)?a\\.b(,.*)?"), "a.b", true),
            (regex("(.*,)?a\\.b(,.*)?"), "x,a.b,y", true),
            (regex("(.*,)?a\\.b(,.*)?"), "axb", false),
            (regex("(.*,)?a\\.b(,.*)?"), "xa.b", false),
            (regex("(.*,)?a.b(,.*)?"), "x,axb", true),
            (inverted(regex("(.*,)?a(,.*)?")), "x,a", false),
            (regex("(.*,)?a|b(,.*)?"), "b,x", true),
            (regex("a"), "a,b", false),
            (regex("a|ab"), "ab", true),
            (text(json!({"safe_regex": {"regex": "A"}, "ignore_case": true})), "a", false),
            // What cannot be read here may match: that no route does is not said.
            (regex("(?!a)b"), "a", true),
            (inverted(regex("(?!a)b")), "a", true),
            (text(json!({"custom": {"name": "mine"}})), "a", true),
            (with("exact_match", json!("a")), "a", true),
            (with("exactMatch", json!("b")), "a", false),
            (with("prefix_match", json!("a")), "ab", true),
            (with("suffix_match", json!("a")), "ab", false),
            (with("contains_match", json!("b")), "abc", true),
            (with("safe_regex_match", json!({"google_re2": {}, "regex": "a.*"})), "ab", true),
            (with("safe_regex_match", json!({"regex": "a"})), "ab", false),
            (with("range_match", json!({"start": "-2", "end": 3})), "2", true),
            (with("range_match", json!({"end": "3"})), "0", true),
            (with("range_match", json!({"start": 1, "end": 3})), "3", false),
            (with("range_match", json!({"start": 1, "end": 3})), "owl", false),
        ];
        for (matcher, value, holds) in table {
            let read = HeaderMatch::read(&matcher);
            assert_eq!((read.name.as_str(), read.holds(value)), ("x-env-tag", holds), "{matcher} on {value:?}");
        }
    }
}
