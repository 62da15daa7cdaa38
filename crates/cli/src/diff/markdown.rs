//! The report as Markdown, for the text of a pull request.

use std::fmt::Write as _;

use super::report::{Report, first};
use super::rows::Moves;

/// All of it.
pub fn text(report: &Report<'_>) -> String {
    let mark = if report.is_good() { "✅" } else { "❌" };
    let [old, new] = report.sides().map(|side| cell(&side));
    let mut text = format!("### weir diff\n\n{mark} {}\n\n{old} → {new}\n", cell(&report.verdict()));
    let leaving = report.leaving();
    if !leaving.is_empty() {
        let _ = writeln!(text, "\n#### Who leaves an arm without its shrink\n");
        table(&mut text, ["arm", "who", "why", "allowed"], leaving.into_iter());
    }
    let (changes, more) = report.changes();
    if !changes.is_empty() {
        let _ = writeln!(text, "\n#### What changes\n");
        table(&mut text, ["of", "change"], changes.into_iter());
        if more > 0 {
            let _ = writeln!(text, "\nAnd {more} more.");
        }
    }
    let moves = report.moves();
    if !moves.is_empty() {
        let _ = writeln!(text, "\n#### Who moves");
    }
    for Moves { heading, sentences, rows, .. } in moves {
        let _ = writeln!(text, "\n{}\n", cell(&heading));
        let (shown, more) = first(&rows);
        if !shown.is_empty() {
            let rows = shown.iter().map(|one| [one.from.clone(), one.to.clone(), one.amount.clone()]);
            table(&mut text, ["from", "to", "how many"], rows);
        }
        if more > 0 {
            let _ = writeln!(text, "\nAnd {more} more.");
        }
        text.extend(sentences.iter().map(|sentence| format!("{}\n", cell(sentence))));
    }
    text
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
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '$' => cell.extend(['\\', sign]),
            '\n' | '\r' => cell.push(' '),
            sign => cell.push(sign),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn what_people_write_is_text_and_nothing_else() {
        for (text, expected) in [
            ("owl-v21: 5% -> 50%", "owl-v21: 5% -&gt; 50%"),
            ("a|b\\c\nd", "a\\|b\\\\c d"),
            ("<b>&@all `x` [y](z) _i_ #1", "&lt;b&gt;&amp;&#64;all \\`x\\` \\[y\\](z) \\_i\\_ \\#1"),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
