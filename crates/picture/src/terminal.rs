//! Text of a terminal: columns, bars and lines of a width.

use crate::glyphs::plain;

/// How many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// A text without what steers the terminal, shortened to a width.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let text = plain(text);
    if columns(&text) <= width {
        return text;
    }
    let (mut kept, mut used) = (String::new(), 1);
    for one in text.chars() {
        used += column(one);
        if used > width {
            break;
        }
        kept.push(one);
    }
    if width == 0 { String::new() } else { kept + "…" }
}

/// A text shortened or filled up to a width.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let fill = width.saturating_sub(columns(&text));
    text + &" ".repeat(fill)
}

/// The same with the text at the right.
pub(crate) fn pad_left(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let fill = width.saturating_sub(columns(&text));
    " ".repeat(fill) + &text
}

/// One text at each end of a line.
pub(crate) fn ends(left: &str, right: &str, width: usize) -> String {
    let right = cut(right, width);
    pad(left, width.saturating_sub(columns(&right))) + &right
}

/// Words in lines; a word longer than a line is broken.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut words = Vec::new();
    for word in plain(text).split(' ').filter(|word| !word.is_empty()) {
        let (mut part, mut used) = (String::new(), 0);
        for one in word.chars() {
            if used + column(one) > width && !part.is_empty() {
                words.push(std::mem::take(&mut part));
                used = 0;
            }
            used += column(one);
            part.push(one);
        }
        words.push(part);
    }
    joined(words, " ", width)
}

/// Entries beside each other in as few lines as they fit.
pub(crate) fn flow(entries: impl IntoIterator<Item = String>, width: usize) -> Vec<String> {
    joined(entries, "   ", width)
}

fn joined(entries: impl IntoIterator<Item = String>, between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for entry in entries {
        match lines.last_mut() {
            Some(line) if columns(line) + between.len() + columns(&entry) <= width => {
                line.push_str(between);
                line.push_str(&entry);
            }
            _ => lines.push(entry),
        }
    }
    lines
}

/// A bar of a part of the width, to an eighth of a column.
pub(crate) fn bar(part: f64, width: usize) -> String {
    let eighths = (part.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    let rest = EIGHTHS.get((eighths % 8).wrapping_sub(1)).copied().map(String::from).unwrap_or_default();
    "█".repeat(eighths / 8) + &rest
}

/// How high something is, in one column; the least is not nothing.
pub(crate) fn level(part: f64) -> char {
    let index = (part.clamp(0.0, 1.0) * 8.0).ceil() as usize;
    LEVELS.get(index.saturating_sub(1)).copied().unwrap_or('█')
}

/// A text on a colour.
pub(crate) fn painted(text: &str, style: usize) -> String {
    // Of the 256 colours: as the page has them, and dark enough for black letters to be read on none but these.
    const COLOURS: [u8; 8] = [110, 215, 115, 176, 152, 209, 185, 250];
    let colour = COLOURS.get(style % COLOURS.len()).copied().unwrap_or(250);
    format!("\u{1b}[48;5;{colour};38;5;16m{text}\u{1b}[0m")
}

/// A text in bold.
pub(crate) fn bold(text: &str, colours: bool) -> String {
    if colours && !text.is_empty() { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// A text in the accent.
pub(crate) fn accent(text: &str, colours: bool) -> String {
    if colours && !text.is_empty() { format!("\u{1b}[34m{text}\u{1b}[0m") } else { text.to_owned() }
}

const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

fn column(one: char) -> usize {
    match one {
        '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{231a}'..='\u{231b}' | '\u{23e9}'..='\u{23f3}' | '\u{25fd}'..='\u{27bf}' | '\u{2b1b}'..='\u{2b55}' => 2,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' => 2,
        '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}
