//! Conditions in words.

use std::sync::Arc;

use weir_policy::model::{Condition, Leaf, Subject};

use super::text::cut;

/// A condition, perhaps cut.
pub(crate) fn text(condition: &Condition) -> String {
    cut(&whole(condition))
}

/// A condition if there is one.
pub(crate) fn optional(condition: &Option<Condition>) -> Option<String> {
    condition.as_ref().map(|condition| format!("({})", text(condition)))
}

fn whole(condition: &Condition) -> String {
    let each = |inner: &[Arc<Condition>], word: &str| {
        let parts = inner.iter().map(|one| match one.as_ref() {
            Condition::Leaf(leaf) => self::leaf(leaf),
            other => format!("({})", whole(other)),
        });
        parts.collect::<Vec<_>>().join(word)
    };
    match condition {
        Condition::All(inner) => each(inner, " and "),
        Condition::Any(inner) => each(inner, " or "),
        Condition::Not(inner) => format!("not ({})", whole(inner)),
        Condition::Leaf(leaf) => self::leaf(leaf),
    }
}

fn leaf(leaf: &Leaf) -> String {
    let subject = match &leaf.subject {
        Subject::Header(name) => format!("header {name}"),
        Subject::Cookie(name) => format!("cookie {name}"),
        Subject::Query(name) => format!("query {name}"),
        other => other.key().to_owned(),
    };
    let (operator, operand) = leaf.operator.canonical();
    let ignore_case = if leaf.ignore_case { " in either case" } else { "" };
    format!("{subject} {operator} {operand}{ignore_case}")
}
