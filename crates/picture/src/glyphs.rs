//! How wide texts are. Nobody knows which font a reader has: the widths are those of DejaVu Sans, the widest that the stack in
//! [`FONTS`] leads to, and a text that fits in it fits in all of them.

/// Fonts of the system, none fetched.
pub(crate) const FONTS: &str =
    "system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,\"Noto Sans\",sans-serif";

/// Above the line that texts stand on, in parts of their size.
pub(crate) const ASCENT: f64 = 1.0;

/// Below it.
pub(crate) const DESCENT: f64 = 0.3;

/// The width of a text at a size of 1.
pub(crate) fn width(text: &str) -> f64 {
    text.chars().map(glyph).sum()
}

/// Whether each glyph's width is known. Where one is not, the picture forces the text into the width that is said here.
pub(crate) fn is_known(text: &str) -> bool {
    text.chars().all(|one| known(one).is_some())
}

/// The text itself where it fits into a width, at a size of 1; else its beginning and an ellipsis; nothing where not even
/// that fits.
pub(crate) fn shorten(text: &str, room: f64) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = glyph(ELLIPSIS);
    for one in text.chars() {
        used += glyph(one);
        // A room that is no number has no room.
        if !used.le(&room) {
            break;
        }
        kept.push(one);
    }
    let kept = kept.trim_end();
    if kept.is_empty() { String::new() } else { format!("{kept}{ELLIPSIS}") }
}

/// What is drawn or printed of any text: on one line, and without characters that steer a terminal or turn the direction.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|one| {
            if steers(one) {
                '\u{fffd}'
            } else if one.is_whitespace() {
                ' '
            } else {
                one
            }
        })
        .collect()
}

fn steers(one: char) -> bool {
    let turns = matches!(one, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    let is_no_character = matches!(one, '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}');
    (one.is_control() && !one.is_whitespace()) || turns || is_no_character
}

const ELLIPSIS: char = '…';

/// The widest that a glyph of no known width is drawn.
const UNKNOWN: f64 = 1.2;

fn glyph(one: char) -> f64 {
    known(one).unwrap_or(UNKNOWN)
}

fn known(one: char) -> Option<f64> {
    let thousandths = match one {
        ' '..='~' => ASCII.get(one as usize - 32).copied()?,
        '\u{a0}' | '·' => 318,
        '×' | '−' | '→' | '≥' | '≤' => 838,
        '–' => 500,
        '—' | '…' => 1000,
        'ß'..='ÿ' => 652,
        'À'..='Þ' => 974,
        '¡'..='ȿ' | 'Ͱ'..='ԯ' => 1200,
        'ぁ'..='ヿ' | '㐀'..='鿿' | '가'..='힣' => 1030,
        _ => return None,
    };
    Some(f64::from(thousandths) / 1000.0)
}

/// From the space on. `%` and `@` are wider in other fonts, and as wide as there.
const ASCII: [u16; 95] = [
    318, 401, 460, 838, 636, 1076, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 636, 337, 337, 838, 838, 838, 531, 1015, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863,
    748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635,
    615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
    337, 636, 838,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_wide_as_the_widest_font_draws_them() {
        for (text, expected) in [("", 0.0), ("owl", 1.708), ("100%", 2.984), ("é", 0.652), ("漢", 1.03), ("😀", 1.2)]
        {
            assert!((width(text) - expected).abs() < 1e-9, "{text}: {}", width(text));
        }
        assert!(is_known("owl-v21: ñ, Ж, 漢") && !is_known("😀"));
    }

    #[test]
    fn what_does_not_fit_is_shortened_to_what_does() {
        for (text, room, expected) in [
            ("owl-v21", 9.0, "owl-v21"),
            ("owl-v21", 3.0, "owl…"),
            ("owl v21", 3.2, "owl…"),
            ("owl", 1.0, ""),
            ("owl", f64::NAN, ""),
            ("", 0.0, ""),
        ] {
            assert_eq!(shorten(text, room), expected, "{text} in {room}");
        }
    }

    #[test]
    fn what_steers_is_not_drawn() {
        assert_eq!(plain("a\u{1b}[31mb\nc\u{202e}d\u{0}"), "a\u{fffd}[31mb c\u{fffd}d\u{fffd}");
    }
}
