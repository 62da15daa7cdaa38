//! Insertion of added routes between the lines of an existing file.

use super::read::Route;
use crate::yaml::Yaml;

/// Lines to put before a line of the file.
pub(super) struct Insertion {
    /// The 0-based line of the file before which they stand.
    line: usize,
    text: String,
}

/// The insertion of routes before the line on which an existing route begins, and before the comments above it.
pub(super) fn before(route: &Route, added: Vec<Yaml>, text: &str) -> Result<Insertion, String> {
    let lines: Vec<&str> = text.lines().collect();
    let refused = || format!("{} does not begin a line with `- `, so that nothing can stand before it", route.name);
    let (line, indent) = start(route, &lines).ok_or_else(refused)?;
    // A deeper line that looks like a comment may belong to a text that ends there.
    let is_comment = |line: &&&str| line.strip_prefix(indent).is_some_and(|line| line.starts_with('#'));
    let comments = lines.iter().take(line).rev().take_while(is_comment).count();
    let note = format!("# By weir render: {} for who is in a variant.\n", route.name);
    let added = note + &Yaml::List(added).text();
    let text = added.lines().map(|line| format!("{indent}{line}\n")).collect();
    Ok(Insertion { line: line - comments, text })
}

/// The 0-based line of `- ` before the route, and its indentation.
fn start<'a>(route: &Route, lines: &[&'a str]) -> Option<(usize, &'a str)> {
    let position = route.node.position?;
    let line = position.line as usize - 1;
    let written = lines.get(line)?;
    let behind = written.char_indices().nth(position.column as usize - 1)?.0;
    let indent = written[..behind].trim_end().strip_suffix('-')?;
    indent.trim().is_empty().then_some((line, indent))
}

/// The text with the insertions in it; every byte of the text is kept.
pub(super) fn insert(text: &str, insertions: &[Insertion]) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        for insertion in insertions.iter().filter(|insertion| insertion.line == number) {
            out.push_str(&insertion.text);
        }
        out.push_str(line);
    }
    out
}
