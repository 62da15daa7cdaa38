//! Any text as the text of an element, the value of an attribute, or a string of CSS.

/// For elements and quoted attributes. What XML and HTML have no way to hold becomes U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(one),
            '\r' | '\u{85}' | '\u{2028}' => escaped.push('\n'),
            // What turns the direction of others' text is shown, not obeyed.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            one if one.is_control() => escaped.push('\u{fffd}'),
            one => escaped.push(one),
        }
    }
    escaped
}

/// Between quotes in CSS: what is no letter, digit or space goes by its number.
pub(crate) fn css(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => escaped.push(one),
            '\0' => escaped.push('\u{fffd}'),
            one => escaped.push_str(&format!("\\{:x} ", one as u32)),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_what_it_stands_in() {
        assert_eq!(escape("</svg>\"&\u{0}\u{ffff}\t"), "&lt;/svg&gt;&quot;&amp;\u{fffd}\u{fffd}\t");
        assert_eq!(css("a \"</style>\\"), "a \\22 \\3c \\2f style\\3e \\5c ");
    }
}
