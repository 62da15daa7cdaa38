//! Insertion of what is added into the text of an existing file, every byte of which is kept.

use weir_policy::{Entry, Spanned};

use super::lines::Lines;
use crate::yaml::Yaml;

/// A text to put before a byte of the file.
pub(super) struct Insertion {
    offset: usize,
    text: String,
}

/// The insertion of items before one that stands in a list: lines before the line of its `-`, and before the comments above it,
/// with `note` as a comment; or, where it stands in brackets as in JSON, right before its brace. `None` where neither can be.
pub(super) fn before(item: &Spanned, note: &str, added: Vec<Yaml>, lines: &Lines<'_>) -> Option<Insertion> {
    let (line, behind) = lines.place(item.position)?;
    if let Some((line, indent)) = dash(lines, line, behind) {
        return Some(before_line(note, added, lines, line, indent));
    }
    let offset = lines.offset(line) + behind;
    let text = lines.text()[offset..].starts_with('{').then(|| added.iter().map(|one| one.json() + ", ").collect())?;
    Some(Insertion { offset, text })
}

/// The insertion of items into an empty list in brackets.
pub(super) fn inside(list: &Spanned, added: Vec<Yaml>, lines: &Lines<'_>) -> Option<Insertion> {
    let (line, behind) = lines.place(list.position)?;
    let offset = lines.offset(line) + behind;
    let added: Vec<String> = added.iter().map(Yaml::json).collect();
    lines.text()[offset..].starts_with('[').then(|| Insertion { offset: offset + 1, text: added.join(", ") })
}

/// The insertion of items below a key behind which nothing stands.
pub(super) fn below(entry: &Entry, note: &str, added: Vec<Yaml>, lines: &Lines<'_>) -> Option<Insertion> {
    let (line, behind) = lines.place(entry.key_position)?;
    let (indent, rest) = lines.all()[line].split_at(behind);
    let (_, value) = rest.split_once(':')?;
    if !indent.trim().is_empty() || !is_passed_over(value) {
        return None;
    }
    let end = lines.ending(line);
    let text = block(&format!("# {note}\n{}", Yaml::List(added).text()), indent, end);
    // The last line may lack its end.
    let is_ended = lines.all()[line].ends_with(['\r', '\n']);
    let text = if is_ended { text } else { format!("{end}{}", text.trim_end_matches(['\r', '\n'])) };
    Some(Insertion { offset: lines.offset(line + 1), text })
}

/// The insertion of a field before the others of an object.
pub(super) fn field(object: &Spanned, name: &str, note: &str, value: Yaml, lines: &Lines<'_>) -> Option<Insertion> {
    let (line, behind) = lines.place(object.position)?;
    let at = lines.offset(line) + behind;
    if lines.text()[at..].starts_with('{') {
        let text = format!("\"{name}\": {}, ", value.json());
        return Some(Insertion { offset: at + 1, text });
    }
    let indent = &lines.all()[line][..behind];
    let field = Yaml::Map(vec![(name.to_owned(), value)]);
    let text = block(&format!("# {note}\n{}", field.text()), indent, lines.ending(line));
    indent.trim().is_empty().then(|| Insertion { offset: lines.offset(line), text })
}

fn before_line(note: &str, added: Vec<Yaml>, lines: &Lines<'_>, line: usize, indent: &str) -> Insertion {
    // A deeper line that looks like a comment may belong to a text that ends there.
    let is_comment = |line: &&&str| line.strip_prefix(indent).is_some_and(|line| line.starts_with('#'));
    let comments = lines.all()[..line].iter().rev().take_while(is_comment).count();
    let text = block(&format!("# {note}\n{}", Yaml::List(added).text()), indent, lines.ending(line));
    Insertion { offset: lines.offset(line - comments), text }
}

/// Lines of ours as they stand in the file.
fn block(text: &str, indent: &str, end: &str) -> String {
    text.lines().map(|line| format!("{indent}{line}{end}")).collect()
}

/// Whether a part of a line says nothing.
fn is_passed_over(text: &str) -> bool {
    text.trim().is_empty() || text.trim_start().starts_with('#')
}

/// The line of the `-` before an item, and its indentation. Between it and the item may be comments and empty lines.
fn dash<'a>(lines: &Lines<'a>, line: usize, behind: usize) -> Option<(usize, &'a str)> {
    let before = &lines.all().get(line)?[..behind];
    let (line, text) = if before.trim().is_empty() {
        let mut above = lines.all()[..line].iter().copied().enumerate().rev();
        above.find(|(_, text)| !is_passed_over(text))?
    } else {
        (line, before)
    };
    let (indent, rest) = text.split_once('-')?;
    (indent.trim().is_empty() && is_passed_over(rest)).then_some((line, indent))
}

/// The text with the insertions in it.
pub(super) fn insert(text: &str, mut insertions: Vec<Insertion>) -> String {
    insertions.sort_by_key(|insertion| insertion.offset);
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    for Insertion { offset, text: added } in insertions {
        out.push_str(&text[kept..offset]);
        out.push_str(&added);
        kept = offset;
    }
    out.push_str(&text[kept..]);
    out
}
