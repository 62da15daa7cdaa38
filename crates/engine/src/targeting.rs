//! Compiled conditions, and whether a request meets them.

use std::cell::Cell;
use std::cmp::Ordering;
use std::sync::Arc;

use memchr::memmem::Finder;
use weir_policy::operand::{Decimal, Pattern, Requirement};

use crate::attributes::{AttributeId, Values};
use crate::listed::{ListId, Listed};

/// A condition that is ready to be asked.
#[derive(Debug)]
pub(crate) enum Predicate {
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
    Leaf(Input, Matcher),
    /// Stands in several places.
    Shared(Arc<Shared>),
}

/// A condition that stands in several places and is asked once a request.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Its place among the answers of a request.
    pub(crate) answer: usize,
    pub(crate) predicate: Predicate,
}

/// Where a leaf looks.
#[derive(Debug)]
pub(crate) enum Input {
    Attribute(AttributeId),
    Unit,
}

/// What a value is held against. Texts of `ignore_case` are in lower case.
#[derive(Debug)]
pub(crate) enum Matcher {
    Exact(Box<[u8]>, CaseRule),
    Prefix(Box<[u8]>, CaseRule),
    Suffix(Box<[u8]>, CaseRule),
    Contains(Box<Finder<'static>>, CaseRule),
    /// Sorted.
    In(Arc<[Box<[u8]>]>, CaseRule),
    Listed(ListId),
    Regex(Pattern),
    Present(bool),
    /// The value compared with the decimal must be one of these.
    Compare(Decimal, &'static [Ordering]),
    Version(Requirement),
}

/// Whether ASCII letters match in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseRule {
    Matters,
    Ignored,
}

/// What a predicate may look at: the request, and the unit of the layer it stands in. Handed on by reference, since it is asked
/// for each leaf.
#[derive(Clone, Copy)]
pub(crate) struct EvalContext<'a> {
    pub(crate) values: Values<'a>,
    pub(crate) unit: Option<&'a [u8]>,
    pub(crate) listed: &'a Listed,
    /// Of conditions that stand in several places.
    pub(crate) answers: &'a [Cell<Option<bool>>],
}

impl Predicate {
    /// Plain two-valued logic; conditions are at most 8 deep, so the recursion is bounded.
    pub(crate) fn holds(&self, context: &EvalContext<'_>) -> bool {
        match self {
            Predicate::All(predicates) => predicates.iter().all(|one| one.holds(context)),
            Predicate::Any(predicates) => predicates.iter().any(|one| one.holds(context)),
            Predicate::Not(inner) => !inner.holds(context),
            Predicate::Leaf(input, matcher) => leaf_holds(input, matcher, context),
            Predicate::Shared(shared) => shared.holds(context),
        }
    }
}

impl Shared {
    fn holds(&self, context: &EvalContext<'_>) -> bool {
        let answer = context.answers.get(self.answer);
        if let Some(known) = answer.and_then(Cell::get) {
            return known;
        }
        let holds = self.predicate.holds(context);
        if let Some(answer) = answer {
            answer.set(Some(holds));
        }
        holds
    }
}

fn leaf_holds(input: &Input, matcher: &Matcher, context: &EvalContext<'_>) -> bool {
    if let Matcher::Present(wanted) = matcher {
        let present = match input {
            Input::Attribute(id) => context.values.of(*id).next().is_some(),
            Input::Unit => context.unit.is_some(),
        };
        return present == *wanted;
    }
    match input {
        Input::Attribute(id) => context.values.of(*id).any(|value| matcher.matches(value, context.listed)),
        Input::Unit => context.unit.is_some_and(|value| matcher.matches(value, context.listed)),
    }
}

impl Matcher {
    fn matches(&self, value: &[u8], listed: &Listed) -> bool {
        match self {
            Matcher::Exact(text, case) => case.equal(value, text),
            Matcher::Prefix(text, case) => value.get(..text.len()).is_some_and(|start| case.equal(start, text)),
            Matcher::Suffix(text, case) => {
                let start = value.len().checked_sub(text.len());
                start.and_then(|start| value.get(start..)).is_some_and(|end| case.equal(end, text))
            }
            Matcher::Contains(finder, CaseRule::Matters) => finder.find(value).is_some(),
            Matcher::Contains(finder, CaseRule::Ignored) => finder.find(&value.to_ascii_lowercase()).is_some(),
            Matcher::In(texts, case) => texts.binary_search_by(|text| case.compare(text, value)).is_ok(),
            Matcher::Listed(list) => {
                listed.find(value).is_some_and(|entry| listed.lists_of(entry).any(|id| id == *list))
            }
            Matcher::Regex(pattern) => pattern.matches(value),
            Matcher::Present(_) => false,
            Matcher::Compare(limit, wanted) => {
                Decimal::parse(value).is_some_and(|value| wanted.contains(&value.cmp(limit)))
            }
            Matcher::Version(requirement) => requirement.matches(value),
        }
    }
}

impl CaseRule {
    fn equal(self, value: &[u8], text: &[u8]) -> bool {
        match self {
            CaseRule::Matters => value == text,
            CaseRule::Ignored => value.eq_ignore_ascii_case(text),
        }
    }

    /// How a text of a sorted list stands to a value.
    fn compare(self, text: &[u8], value: &[u8]) -> Ordering {
        match self {
            CaseRule::Matters => text.cmp(value),
            CaseRule::Ignored => text.iter().copied().cmp(value.iter().map(u8::to_ascii_lowercase)),
        }
    }
}

#[cfg(test)]
mod tests;
