//! Blanks in header values are spaces and tabs, nothing else.

/// Without the blanks at both ends.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

/// Without the blanks in front.
pub(crate) fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// Without the blanks behind.
pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spaces_and_tabs_at_the_ends_go() {
        for (text, trimmed) in [
            ("", ""),
            (" \t ", ""),
            ("a", "a"),
            (" a b\t", "a b"),
            ("\u{b}a\u{c}", "\u{b}a\u{c}"),
            ("\na\n", "\na\n"),
            ("\ra\r", "\ra\r"),
            ("\u{a0}a", "\u{a0}a"),
        ] {
            assert_eq!(trim(text.as_bytes()), trimmed.as_bytes(), "{text:?}");
        }
    }
}
