//! Insertion of what is added into the text of an existing file, every byte of which is kept.

use weir_policy::{Entry, Position, Spanned};

use crate::yaml::Yaml;

/// A text to put before a byte of the file.
pub(super) struct Insertion {
    offset: usize,
    text: String,
}

/// The insertion of items before one that stands in a list: lines before the line of its `-`, and before the comments above it,
/// with `note` as a comment; or, where it stands in brackets as in JSON, right before its brace. `None` where neither can be.
pub(super) fn before(item: &Spanned, note: &str, added: Vec<Yaml>, text: &str) -> Option<Insertion> {
    let lines = lines(text);
    let (line, behind) = place(item, &lines)?;
    if let Some((line, indent)) = dash(&lines, line, behind) {
        return Some(before_line(note, added, &lines, line, indent));
    }
    let offset = offset(&lines, line) + behind;
    let text = text[offset..].starts_with('{').then(|| added.iter().map(|one| one.json() + ", ").collect())?;
    Some(Insertion { offset, text })
}

/// The insertion of items into an empty list in brackets.
pub(super) fn inside(list: &Spanned, added: Vec<Yaml>, text: &str) -> Option<Insertion> {
    let lines = lines(text);
    let (line, behind) = place(list, &lines)?;
    let offset = offset(&lines, line) + behind;
    let added: Vec<String> = added.iter().map(Yaml::json).collect();
    text[offset..].starts_with('[').then(|| Insertion { offset: offset + 1, text: added.join(", ") })
}

/// The insertion of items below a key behind which nothing stands.
pub(super) fn below(entry: &Entry, note: &str, added: Vec<Yaml>, text: &str) -> Option<Insertion> {
    let lines = lines(text);
    let (line, behind) = place_of(entry.key_position, &lines)?;
    let (indent, rest) = lines[line].split_at(behind);
    let (_, value) = rest.split_once(':')?;
    if !indent.trim().is_empty() || !is_passed_over(value) {
        return None;
    }
    let end = ending(&lines, line);
    let text = block(&format!("# {note}\n{}", Yaml::List(added).text()), indent, end);
    // The last line may lack its end.
    let is_ended = lines[line].ends_with(['\r', '\n']);
    let text = if is_ended { text } else { format!("{end}{}", text.trim_end_matches(['\r', '\n'])) };
    Some(Insertion { offset: offset(&lines, line + 1), text })
}

/// The insertion of a field before the others of an object.
pub(super) fn field(object: &Spanned, name: &str, note: &str, value: Yaml, text: &str) -> Option<Insertion> {
    let lines = lines(text);
    let (line, behind) = place(object, &lines)?;
    let at = offset(&lines, line) + behind;
    if text[at..].starts_with('{') {
        let text = format!("\"{name}\": {}, ", value.json());
        return Some(Insertion { offset: at + 1, text });
    }
    let indent = &lines[line][..behind];
    let field = Yaml::Map(vec![(name.to_owned(), value)]);
    let text = block(&format!("# {note}\n{}", field.text()), indent, ending(&lines, line));
    indent.trim().is_empty().then(|| Insertion { offset: offset(&lines, line), text })
}

fn before_line(note: &str, added: Vec<Yaml>, lines: &[&str], line: usize, indent: &str) -> Insertion {
    // A deeper line that looks like a comment may belong to a text that ends there.
    let is_comment = |line: &&&str| line.strip_prefix(indent).is_some_and(|line| line.starts_with('#'));
    let comments = lines.iter().take(line).rev().take_while(is_comment).count();
    let text = block(&format!("# {note}\n{}", Yaml::List(added).text()), indent, ending(lines, line));
    Insertion { offset: offset(lines, line - comments), text }
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
fn dash<'a>(lines: &[&'a str], line: usize, behind: usize) -> Option<(usize, &'a str)> {
    let before = &lines.get(line)?[..behind];
    let (line, text) = if before.trim().is_empty() {
        let mut above = lines.iter().copied().enumerate().take(line).rev();
        above.find(|(_, text)| !is_passed_over(text))?
    } else {
        (line, before)
    };
    let (indent, rest) = text.split_once('-')?;
    (indent.trim().is_empty() && is_passed_over(rest)).then_some((line, indent))
}

/// The 0-based line on which a value begins, and the bytes before it there.
fn place(node: &Spanned, lines: &[&str]) -> Option<(usize, usize)> {
    place_of(node.position, lines)
}

fn place_of(position: Option<Position>, lines: &[&str]) -> Option<(usize, usize)> {
    let position = position?;
    let line = position.line as usize - 1;
    let text = lines.get(line)?;
    // Columns do not count a byte order mark.
    let mark = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let behind = text[mark..].char_indices().nth(position.column as usize - 1)?.0;
    Some((line, mark + behind))
}

/// The bytes before a line.
fn offset(lines: &[&str], line: usize) -> usize {
    lines.iter().take(line).map(|line| line.len()).sum()
}

/// The lines of a text with what ends them, which in YAML may be CR, LF or both.
pub(super) fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        let end = if rest[at..].starts_with("\r\n") { at + 2 } else { at + 1 };
        let (line, more) = rest.split_at(end);
        lines.push(line);
        rest = more;
    }
    lines.extend((!rest.is_empty()).then_some(rest));
    lines
}

/// How a line ends; one at the end of the file as others do.
fn ending<'a>(lines: &[&'a str], line: usize) -> &'a str {
    let of_line = |text: &'a str| &text[text.trim_end_matches(['\r', '\n']).len()..];
    let all = lines.get(line).into_iter().chain(lines);
    all.map(|text| of_line(text)).find(|end| !end.is_empty()).unwrap_or("\n")
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
