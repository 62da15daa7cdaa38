//! The operands of conditions: names, numbers, versions, patterns, lists.

use std::collections::HashMap;

use super::{lists, names};
use crate::document::{At, Problems, codes};
use crate::limits;
use crate::model::{Leaf, Operator};
use crate::operand::{Decimal, Operand, Pattern, Requirement};
use crate::written::{self, Subject};

/// What operands may refer to, and not name.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    pub(super) tag_header: &'a str,
    pub(super) lists: &'a HashMap<&'a str, &'a Vec<String>>,
}

/// Checks a leaf, reads its operand and brings its names to the case in which they are compared; `None` if its operand
/// was reported.
pub(super) fn leaf(leaf: &written::Leaf, known: Operands<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Leaf> {
    let at = at.key(leaf.subject.key());
    let name_at = at.key("name");
    let mut subject = leaf.subject.clone();
    match &mut subject {
        Subject::Header(name) => {
            names::readable_header(name, known.tag_header, &name_at, problems);
            name.make_ascii_lowercase();
        }
        Subject::Cookie(name) => names::cookie_name(name, &name_at, problems),
        Subject::Query(_) | Subject::Path | Subject::Host | Subject::Method | Subject::Unit => {}
    }
    let is_host = subject == Subject::Host;
    let operator = operator(&leaf.operator, is_host, known, &at.key(leaf.operator.name()), problems)?;
    Some(Leaf { subject, operator, ignore_case: leaf.ignore_case })
}

fn operator(
    written: &written::Operator,
    is_host: bool,
    known: Operands<'_>,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<Operator> {
    use written::Operator as Written;
    // Hosts are compared in lower case. A pattern stays as it is: `\D` is not `\d`.
    let text = |text: &String| if is_host { text.to_ascii_lowercase() } else { text.clone() };
    Some(match written {
        Written::Exact(operand) => Operator::Exact(text(operand)),
        Written::Prefix(operand) => Operator::Prefix(text(operand)),
        Written::Suffix(operand) => Operator::Suffix(text(operand)),
        Written::Contains(operand) => Operator::Contains(text(operand)),
        // The order of `in` means nothing.
        Written::In(operands) => Operator::In(lists::sorted(&operands.iter().map(text).collect::<Vec<_>>())),
        Written::InList(name) => {
            if !known.lists.contains_key(name.as_str()) {
                problems.add(codes::UNKNOWN_LIST, &at.key("list"), format!("no list is called {name}"));
            }
            Operator::InList(name.clone())
        }
        Written::Present(present) => Operator::Present(*present),
        Written::Regex(operand) => Operator::Regex(pattern(operand, at, problems)?),
        Written::Lt(operand) => Operator::Lt(decimal(operand, at, problems)?),
        Written::Le(operand) => Operator::Le(decimal(operand, at, problems)?),
        Written::Gt(operand) => Operator::Gt(decimal(operand, at, problems)?),
        Written::Ge(operand) => Operator::Ge(decimal(operand, at, problems)?),
        Written::Version(operand) => Operator::Version(version(operand, at, problems)?),
    })
}

fn pattern(text: &str, at: &At<'_>, problems: &mut Problems) -> Option<Operand<Pattern>> {
    let code = if text.len() > limits::PATTERN_BYTES_MAX { codes::LIMIT } else { codes::BAD_REGEX };
    let read = Pattern::new(text).map_err(|why| problems.add(code, at, why));
    read.ok().map(|pattern| Operand::new(text, pattern))
}

fn decimal(text: &str, at: &At<'_>, problems: &mut Problems) -> Option<Operand<Decimal>> {
    let read = Decimal::parse(text.as_bytes());
    if read.is_none() {
        let form = "a decimal number with up to 18 digits before and 9 after the point";
        problems.add(codes::BAD_NUMBER, at, format!("found {text:?}; {form} would do"));
    }
    read.map(|decimal| Operand::new(text, decimal))
}

fn version(text: &str, at: &At<'_>, problems: &mut Problems) -> Option<Operand<Requirement>> {
    let read = Requirement::parse(text).map_err(|why| problems.add(codes::BAD_VERSION, at, why));
    read.ok().map(|requirement| Operand::new(text, requirement))
}
