//! The operands of conditions: names, numbers, versions, patterns, lists.

use std::collections::HashMap;

use super::names;
use crate::document::{At, Code, Problems};
use crate::model::Condition;
use crate::operand::{Decimal, Pattern, Requirement};
use crate::written::{Leaf, Operator, Subject};

/// Checks a condition and brings its names to the case in which they are compared.
pub(super) fn check(
    condition: &Condition,
    tag_header: &str,
    lists: &HashMap<&str, &Vec<String>>,
    at: &At<'_>,
    problems: &mut Problems,
) -> Condition {
    let mut inner = |conditions: &[Condition], at: &At<'_>| {
        conditions.iter().enumerate().map(|(i, one)| check(one, tag_header, lists, &at.index(i), problems)).collect()
    };
    match condition {
        Condition::All(conditions) => Condition::All(inner(conditions, &at.key("all"))),
        Condition::Any(conditions) => Condition::Any(inner(conditions, &at.key("any"))),
        Condition::Not(one) => Condition::Not(Box::new(check(one, tag_header, lists, &at.key("not"), problems))),
        Condition::Leaf(leaf) => Condition::Leaf(check_leaf(leaf, tag_header, lists, at, problems)),
    }
}

fn check_leaf(
    leaf: &Leaf,
    tag_header: &str,
    lists: &HashMap<&str, &Vec<String>>,
    at: &At<'_>,
    problems: &mut Problems,
) -> Leaf {
    let at = at.key(leaf.subject.key());
    let name_at = at.key("name");
    let mut subject = leaf.subject.clone();
    match &mut subject {
        Subject::Header(name) => {
            names::readable_header(name, tag_header, &name_at, problems);
            name.make_ascii_lowercase();
        }
        Subject::Cookie(name) => names::cookie_name(name, &name_at, problems),
        Subject::Query(_) | Subject::Path | Subject::Host | Subject::Method | Subject::Unit => {}
    }
    operand(&leaf.operator, lists, &at.key(leaf.operator.name()), problems);
    let operator = if leaf.subject == Subject::Host { lowered(&leaf.operator) } else { sorted(&leaf.operator) };
    Leaf { subject, operator, ignore_case: leaf.ignore_case }
}

fn operand(operator: &Operator, lists: &HashMap<&str, &Vec<String>>, at: &At<'_>, problems: &mut Problems) {
    match operator {
        Operator::Regex(pattern) => {
            if let Err(why) = Pattern::new(pattern) {
                let code = if pattern.len() > crate::limits::PATTERN_BYTES_MAX { Code::Limit } else { Code::BadRegex };
                problems.add(code, at, why);
            }
        }
        Operator::InList(name) if !lists.contains_key(name.as_str()) => {
            problems.add(Code::UnknownList, &at.key("list"), format!("no list is called {name}"));
        }
        Operator::Lt(text) | Operator::Le(text) | Operator::Gt(text) | Operator::Ge(text)
            if Decimal::parse(text.as_bytes()).is_none() =>
        {
            let form = "a decimal number with up to 18 digits before and 9 after the point";
            problems.add(Code::BadNumber, at, format!("found {text:?}; {form} would do"));
        }
        Operator::Version(text) => {
            if let Err(why) = Requirement::parse(text) {
                problems.add(Code::BadVersion, at, why);
            }
        }
        _ => {}
    }
}

/// Hosts are compared in lower case. A pattern stays as it is: `\D` is not `\d`.
fn lowered(operator: &Operator) -> Operator {
    let lower = |text: &String| text.to_ascii_lowercase();
    match operator {
        Operator::Exact(text) => Operator::Exact(lower(text)),
        Operator::Prefix(text) => Operator::Prefix(lower(text)),
        Operator::Suffix(text) => Operator::Suffix(lower(text)),
        Operator::Contains(text) => Operator::Contains(lower(text)),
        Operator::In(texts) => sorted(&Operator::In(texts.iter().map(lower).collect())),
        other => other.clone(),
    }
}

/// The order of `in` means nothing.
fn sorted(operator: &Operator) -> Operator {
    match operator {
        Operator::In(texts) => Operator::In(super::lists::sorted(texts)),
        other => other.clone(),
    }
}
