//! The report as Markdown, for the text of a pull request.

use std::fmt::Write as _;

use super::report::Report;
use super::rows::Moves;

/// A comment of GitHub has at most 65,536 characters, and somebody may want to add a few.
const BYTES_MAX: usize = 60_000;

/// All of it, as far as it fits in a comment.
pub fn text(report: &Report<'_>) -> String {
    let mut text = whole(report);
    if let Some(end) = text.get(..text.floor_char_boundary(BYTES_MAX)).filter(|kept| kept.len() < text.len()) {
        text.truncate(end.rfind('\n').map_or(0, |end| end + 1));
        text.push_str("\nThe rest does not fit in a comment; --json has it all.\n");
    }
    text
}

fn whole(report: &Report<'_>) -> String {
    let mark = if report.is_good() { "✅" } else { "❌" };
    let [old, new] = report.sides().map(|side| cell(&side));
    let mut text = format!("### weir diff\n\n{mark} {}\n\n{old} → {new}\n", cell(&report.verdict()));
    let (leaving, more) = report.leaving();
    if !leaving.is_empty() {
        let _ = writeln!(text, "\n#### Who leaves an arm without its shrink\n");
        table(&mut text, ["arm", "who", "why", "allowed"], leaving.into_iter());
        left_out(&mut text, more, "");
    }
    let (changes, more) = report.changes();
    if !changes.is_empty() {
        let _ = writeln!(text, "\n#### What changes\n");
        table(&mut text, ["of", "change"], changes.into_iter());
        left_out(&mut text, more, "");
    }
    let (releases, more) = report.releases();
    if !releases.is_empty() {
        let _ = writeln!(text, "\n#### Releases\n");
        table(&mut text, ["of", "change"], releases.into_iter());
        left_out(&mut text, more, "");
    }
    let (moves, more_tables) = report.moves();
    if !moves.is_empty() {
        let _ = writeln!(text, "\n#### Who moves");
    }
    for Moves { heading, sentences, rows, more, .. } in moves {
        let _ = writeln!(text, "\n{}\n", cell(&heading));
        if !rows.is_empty() {
            let rows = rows.iter().map(|one| [one.from.clone(), one.to.clone(), one.amount.clone()]);
            table(&mut text, ["from", "to", "how many"], rows);
        }
        left_out(&mut text, more, "");
        text.extend(sentences.iter().map(|sentence| format!("{}\n", cell(sentence))));
    }
    left_out(&mut text, more_tables, " tables");
    text
}

fn left_out(text: &mut String, more: usize, what: &str) {
    if more > 0 {
        let _ = writeln!(text, "\nAnd {more} more{what}; --json has them all.");
    }
}

fn table<const N: usize>(text: &mut String, head: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let _ = writeln!(text, "| {} |\n|{}", head.join(" | "), "---|".repeat(N));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.map(|one| cell(&one)).join(" | "));
    }
}

/// A text that is nothing but text where Markdown and HTML mean something by signs.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '&' => cell.push_str("&amp;"),
            '@' => cell.push_str("&#64;"),
            // What breaks a line in a table, or turns around what is behind it, is not shown.
            sign if sign.is_control() || is_turning(sign) => cell.push(' '),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '$' => cell.extend(['\\', sign]),
            sign => cell.push(sign),
        }
    }
    cell
}

/// Signs by which a text is read in another direction than it is written, so that it would say what it does not.
fn is_turning(sign: char) -> bool {
    matches!(sign, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn what_people_write_is_text_and_nothing_else() {
        for (text, expected) in [
            ("owl-v21: 5% -> 50%", "owl-v21: 5% -&gt; 50%"),
            ("a|b\\c\nd", "a\\|b\\\\c d"),
            ("a\u{202e}b\u{1b}[c\u{2028}", "a b \\[c "),
            ("<b>&@all `x` [y](z) _i_ #1", "&lt;b&gt;&amp;&#64;all \\`x\\` \\[y\\](z) \\_i\\_ \\#1"),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
