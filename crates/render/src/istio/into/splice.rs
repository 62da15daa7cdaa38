//! Insertion of added routes into the text of an existing file, every byte of which is kept.

use super::read::Route;
use crate::yaml::Yaml;

/// A text to put before a byte of the file.
pub(super) struct Insertion {
    offset: usize,
    text: String,
}

/// The insertion of routes before an existing one: lines before the line on which it begins, and before the comments above it;
/// or, where it stands in brackets as in JSON, right before its brace.
pub(super) fn before(route: &Route, added: Vec<Yaml>, text: &str) -> Result<Insertion, String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    if let Some((line, indent)) = start(route, &lines) {
        return Ok(before_line(route, added, &lines, line, indent));
    }
    let refused = || {
        format!("{} begins neither a line with `- ` nor with a brace, so that nothing can stand before it", route.name)
    };
    let offset = offset(route, &lines).filter(|offset| text[*offset..].starts_with('{')).ok_or_else(refused)?;
    let text = added.iter().map(|one| one.json() + ", ").collect();
    Ok(Insertion { offset, text })
}

fn before_line(route: &Route, added: Vec<Yaml>, lines: &[&str], line: usize, indent: &str) -> Insertion {
    // A deeper line that looks like a comment may belong to a text that ends there.
    let is_comment = |line: &&&str| line.strip_prefix(indent).is_some_and(|line| line.starts_with('#'));
    let comments = lines.iter().take(line).rev().take_while(is_comment).count();
    let note = format!("# By weir render: {} for who is in a variant.\n", route.name);
    let added = note + &Yaml::List(added).text();
    // As the file ends its lines.
    let end = if lines.get(line).is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
    let text = added.lines().map(|line| format!("{indent}{line}{end}")).collect();
    let offset = lines.iter().take(line - comments).map(|line| line.len()).sum();
    Insertion { offset, text }
}

/// The 0-based line of `- ` before the route, and its indentation.
fn start<'a>(route: &Route, lines: &[&'a str]) -> Option<(usize, &'a str)> {
    let (line, behind) = place(route, lines)?;
    let indent = lines.get(line)?[..behind].trim_end().strip_suffix('-')?;
    indent.trim().is_empty().then_some((line, indent))
}

/// The byte at which the route begins.
fn offset(route: &Route, lines: &[&str]) -> Option<usize> {
    let (line, behind) = place(route, lines)?;
    Some(lines.iter().take(line).map(|line| line.len()).sum::<usize>() + behind)
}

/// The 0-based line on which the route begins, and the bytes before it there.
fn place(route: &Route, lines: &[&str]) -> Option<(usize, usize)> {
    let position = route.node.position?;
    let line = position.line as usize - 1;
    let behind = lines.get(line)?.char_indices().nth(position.column as usize - 1)?.0;
    Some((line, behind))
}

/// The text with the insertions in it, which stand in the order of the text.
pub(super) fn insert(text: &str, insertions: &[Insertion]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    for Insertion { offset, text: added } in insertions {
        out.push_str(&text[kept..*offset]);
        out.push_str(added);
        kept = *offset;
    }
    out.push_str(&text[kept..]);
    out
}
