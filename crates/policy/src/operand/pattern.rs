//! Regular expressions of conditions: the whole value, in time linear in its length.

use regex_lite::{Regex, RegexBuilder};

use crate::limits::PATTERN_BYTES_MAX;

/// A value with more bytes does not match.
const VALUE_BYTES_MAX: usize = 8_192;

/// A match costs at worst this times the value's length: 90 ms natively for 8 KiB and a pattern made to be slow.
/// A literal of the longest pattern compiles to 33 KiB, so there is no room below. The same number of bytes holds
/// more in wasm, with its shorter pointers: the filter never refuses what a native check accepted.
const PROGRAM_BYTES_MAX: usize = 36 << 10;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles `pattern`, at most [`PATTERN_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// What was found and what would do.
    pub fn new(pattern: &str) -> Result<Pattern, String> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(format!("a regular expression of {} bytes; at most {PATTERN_BYTES_MAX}", pattern.len()));
        }
        // First alone: `a)(b` must not borrow the group around it.
        compile(pattern)
            .and_then(|_| {
                compile(&format!(r"\A(?:{pattern})\z"))
                    // A comment of the verbose mode `(?x)` swallows what follows on its line.
                    .or_else(|_| compile(&format!("\\A(?:{pattern}\n)\\z")))
            })
            .map(Pattern)
    }

    /// Whether the whole value matches; one over 8,192 bytes or not UTF-8 does not.
    pub fn matches(&self, value: &[u8]) -> bool {
        value.len() <= VALUE_BYTES_MAX && std::str::from_utf8(value).is_ok_and(|value| self.0.is_match(value))
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(PROGRAM_BYTES_MAX).build().map_err(|error| {
        let error = error.to_string();
        // The error has no kind to ask for.
        if error.contains("size limit") {
            "the regular expression is too large once compiled; lower its counts, each {n} copies what it repeats"
                .to_owned()
        } else {
            format!("not a regular expression: {error}")
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    #[test]
    fn the_whole_value_matches() {
        for (text, value, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "ba", false),
            ("a", "ab", false),
            ("a|ab", "ab", true),
            ("a|b", "ab", false),
            ("^a$", "a", true),
            ("a", "a\n", false),
            ("(?m)^a$", "b\na", false),
            ("a.c", "a\nc", false),
            ("(?s)a.c", "a\nc", true),
            ("(?i)abc", "aBc", true),
            ("(?i)a|b", "B", true),
            ("(?x) a b # c", "ab", true),
            ("(?x) a # c", "a)", false),
            ("a#b", "a#b", true),
            ("é.", "éß", true),
            (r"\d{3}", "123", true),
            (r"v\d+s\d+(s\d+)?", "v21s3s11", true),
        ] {
            assert_eq!(pattern(text).matches(value.as_bytes()), expected, "{text:?} on {value:?}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (text, error) in [
            ("a)(b", "found closing ')' without matching '('"),
            ("(", "found open group without closing ')'"),
            ("[a", "non-empty character class has no closing bracket"),
            ("*", "uncounted repetition operator must be applied to a sub-expression"),
            (r"a\", "saw start of escape sequence, but saw end of pattern before it finished"),
            (r"(a)\1", "backreferences are not supported"),
            ("(?=a)", "look-around is not supported"),
            ("a{3,2}", "found counted repetition with a min bigger than its max"),
        ] {
            assert_eq!(Pattern::new(text).unwrap_err(), format!("not a regular expression: {error}"), "{text:?}");
        }
    }

    #[test]
    fn both_sides_of_the_limit_of_bytes() {
        let longest = "a".repeat(1_024);
        assert!(pattern(&longest).matches(longest.as_bytes()));
        assert!(pattern(&"é".repeat(512)).matches("é".repeat(512).as_bytes()));
        let error = Pattern::new(&"a".repeat(1_025)).unwrap_err();
        assert_eq!(error, "a regular expression of 1025 bytes; at most 1024");
    }

    #[test]
    fn both_sides_of_the_limit_of_a_value() {
        let any = pattern("(?s).*");
        assert!(any.matches(&[b'a'; 8_192]));
        assert!(!any.matches(&[b'a'; 8_193]));
        assert!(any.matches("é".as_bytes()) && !any.matches(b"\xff") && !any.matches(&"é".as_bytes()[..1]));
    }

    #[test]
    fn both_sides_of_the_limit_of_the_program() {
        assert!(pattern("a{1000}").matches(&[b'a'; 1_000]));
        for text in ["a{1200}", "(?:a{40}){40}", "a{999999999}", "(?:(?:(?:){1000}){1000}){1000}"] {
            assert_eq!(
                Pattern::new(text).unwrap_err(),
                "the regular expression is too large once compiled; lower its counts, each {n} copies what it repeats",
                "{text}",
            );
        }
    }

    #[test]
    fn what_would_take_a_backtracker_for_ever() {
        for text in ["(?:a*)*b", "(?:a|a)*b", "(?:a?){100}a{100}b", "(.*)*(.*)*b"] {
            assert!(!pattern(text).matches(&[b'a'; 1_000]), "{text}");
        }
    }

    proptest! {
        #[test]
        fn total(text: String, value: Vec<u8>) {
            if let Ok(pattern) = Pattern::new(&text) {
                pattern.matches(&value);
            }
        }

        #[test]
        fn total_on_what_looks_like_patterns(text in r"[ab.|()\[\]{}*+?^$\\x1-9,#-]{0,20}", value in "[ab]{0,20}") {
            if let Ok(pattern) = Pattern::new(&text) {
                pattern.matches(value.as_bytes());
            }
        }

        #[test]
        fn a_literal_matches_itself_only(literal in "\\PC{0,40}", other in "\\PC{0,40}") {
            let pattern = pattern(&regex_lite::escape(&literal));
            prop_assert!(pattern.matches(literal.as_bytes()));
            prop_assert_eq!(pattern.matches(other.as_bytes()), literal == other);
            for longer in [format!("{literal}x"), format!("x{literal}")] {
                prop_assert!(!pattern.matches(longer.as_bytes()));
            }
        }
    }
}
