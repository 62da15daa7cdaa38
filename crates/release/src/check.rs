//! `written::Release -> Release`: every rule that release documents must obey, and every problem of all of them at once.
//!
//! ```text
//! each by itself: document, with arms, steps, guardrails, windows
//! with the policy: conditions, units and lists; holdouts; names; services on other lines
//! with each other: names, services on other lines, who starts after whom
//! ```

use std::collections::{BTreeSet, HashSet};

use weir_policy::written::Policy;
use weir_policy::{Problem, Problems, SourceId, Sources};

use crate::release::Release;
use crate::written;

mod arms;
mod conditions;
mod document;
mod guardrails;
mod lines;
mod named;
mod order;
mod queries;
mod steps;
mod values;
mod windows;

pub use guardrails::unjudged;

pub use queries::{Query, QueryCheck};

/// What stands around the documents that are checked.
#[derive(Clone, Copy, Default)]
pub struct Around<'a> {
    /// The documents of the policy. Without them nothing is held against it.
    pub policy: Option<&'a [Policy]>,
    /// What a journal knows. Without one, what only it could know is a warning.
    pub journal: Option<&'a Known>,
    /// Says what is wrong with a query. Without it none is parsed.
    pub query: Option<&'a QueryCheck<'a>>,
}

/// What a journal knows of releases, by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Those that are finished, rolled back or aborted: their documents count for nothing.
    pub over: BTreeSet<String>,
    /// All others.
    pub others: BTreeSet<String>,
}

/// What documents come to.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The good ones, each with its text, in the order of the texts. A bad one is no reason to leave others out; those of releases
    /// that are over are.
    pub releases: Vec<(SourceId, Release)>,
    /// What is wrong with the others, each problem pointing into its text.
    pub problems: Vec<Problem>,
    /// What is not wrong, and is likely to be a mistake.
    pub warnings: Vec<Problem>,
}

impl Known {
    fn knows(&self, id: &str) -> bool {
        self.over.contains(id) || self.others.contains(id)
    }
}

/// Checks documents of these texts together; `unread` is what was wrong with their texts.
pub fn check(sources: &Sources, documents: &[written::Release], unread: &[Problem], around: Around<'_>) -> Checked {
    let (mut problems, mut warnings) = (Problems::default(), Problems::default());
    problems.extend(unread.iter().cloned());
    let releases: Vec<Option<Release>> =
        documents.iter().map(|document| document::release(document, around.query, &mut problems)).collect();
    let is_over = |id: &str| around.journal.is_some_and(|journal| journal.over.contains(id));
    let counts = |document: &&written::Release| !document.id.as_deref().is_some_and(is_over);
    let open: Vec<&written::Release> = documents.iter().filter(counts).collect();
    conditions::check(&open, around.policy, &mut problems);
    named::check(&open, around.policy, sources, &mut problems);
    lines::check(&open, around.policy, &mut problems);
    let known = |id: &str| around.journal.is_some_and(|journal| journal.knows(id));
    order::check(&open, known, around.journal.is_some(), &mut problems, &mut warnings);
    let mut problems = problems.into_vec();
    let bad: HashSet<SourceId> = problems.iter().map(|problem| problem.source).collect();
    let is_good = |document: &&written::Release| counts(document) && !bad.contains(&document.source);
    let good = documents.iter().zip(releases).filter(|(document, _)| is_good(document));
    let releases: Vec<_> = good.filter_map(|(document, release)| Some((document.source, release?))).collect();
    releases.iter().for_each(|(source, release)| guardrails::warn_unjudged(release, *source, &mut warnings));
    let over: HashSet<SourceId> =
        documents.iter().filter(|document| !counts(document)).map(|document| document.source).collect();
    problems.retain(|problem| !over.contains(&problem.source));
    Checked { releases, problems, warnings: warnings.into_vec() }
}

#[cfg(test)]
mod tests;
