//! Compiled conditions, and whether a request meets them.

use std::cmp::Ordering;
use std::rc::Rc;

use memchr::memmem::Finder;

use crate::listed::{ListId, Listed};
use crate::sources::{SourceId, Values};
use weir_policy::operand::{Decimal, Pattern, Requirement};

/// A condition that is ready to be asked.
#[derive(Debug)]
pub(crate) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Leaf(Look, Matcher),
}

/// Where a leaf looks.
#[derive(Debug)]
pub(crate) enum Look {
    Source(SourceId),
    Unit,
}

/// What a value is held against. Texts of `ignore_case` are in lower case.
#[derive(Debug)]
pub(crate) enum Matcher {
    Exact(Box<[u8]>, Case),
    Prefix(Box<[u8]>, Case),
    Suffix(Box<[u8]>, Case),
    Contains(Box<Finder<'static>>, Case),
    /// Sorted.
    In(Rc<[Box<[u8]>]>, Case),
    Listed(ListId),
    Regex(Pattern),
    Present(bool),
    /// The value compared with the decimal must be one of these.
    Compare(Decimal, &'static [Ordering]),
    Version(Requirement),
}

/// Whether ASCII letters match in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Matters,
    Ignored,
}

/// What a test may look at: the request, and the unit of the layer it stands in.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) values: Values<'a>,
    pub(crate) unit: Option<&'a [u8]>,
    pub(crate) listed: &'a Listed,
}

impl Test {
    /// Plain two-valued logic; conditions are at most 8 deep, so the recursion is bounded.
    pub(crate) fn holds(&self, scene: Scene<'_>) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.holds(scene)),
            Test::Any(tests) => tests.iter().any(|test| test.holds(scene)),
            Test::Not(test) => !test.holds(scene),
            Test::Leaf(look, matcher) => leaf_holds(look, matcher, scene),
        }
    }
}

fn leaf_holds(look: &Look, matcher: &Matcher, scene: Scene<'_>) -> bool {
    if let Matcher::Present(wanted) = matcher {
        let present = match look {
            Look::Source(id) => scene.values.of(*id).next().is_some(),
            Look::Unit => scene.unit.is_some(),
        };
        return present == *wanted;
    }
    match look {
        Look::Source(id) => scene.values.of(*id).any(|value| matcher.matches(value, scene.listed)),
        Look::Unit => scene.unit.is_some_and(|value| matcher.matches(value, scene.listed)),
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
            Matcher::Contains(finder, Case::Matters) => finder.find(value).is_some(),
            Matcher::Contains(finder, Case::Ignored) => finder.find(&value.to_ascii_lowercase()).is_some(),
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

impl Case {
    fn equal(self, value: &[u8], text: &[u8]) -> bool {
        match self {
            Case::Matters => value == text,
            Case::Ignored => value.eq_ignore_ascii_case(text),
        }
    }

    /// How a text of a sorted list stands to a value.
    fn compare(self, text: &[u8], value: &[u8]) -> Ordering {
        match self {
            Case::Matters => text.cmp(value),
            Case::Ignored => text.iter().copied().cmp(value.iter().map(u8::to_ascii_lowercase)),
        }
    }
}

#[cfg(test)]
mod tests;
