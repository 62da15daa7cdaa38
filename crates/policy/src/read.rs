//! The one way from the texts of a policy to what it means: `text -> Policy -> Model`.

use crate::attachment::Role;
use crate::check::check;
use crate::document::{At, Problem, Problems, Source, codes};
use crate::limits;
use crate::model::Model;
use crate::written::Policy;

/// Reads a policy from the texts of its files.
///
/// # Errors
/// Every problem of every text, each with its place.
pub fn read_policy(sources: &[Source], role: Role) -> Result<Model, Vec<Problem>> {
    let documents = read(sources)?;
    documents.check(&documents.policies, role)
}

/// Reads the documents of a policy from the texts of its files, without judging them: what cannot be read of one is told by
/// the check.
///
/// # Errors
/// That they are too large to be read.
pub fn read(sources: &[Source]) -> Result<Documents<'_>, Vec<Problem>> {
    let mut problems = Problems::default();
    let bytes = sources.iter().map(|source| source.text.len()).fold(0, usize::saturating_add);
    if bytes > limits::POLICY_BYTES_MAX {
        problems.add(codes::LIMIT, &At::Root { document: 0 }, limits::too_large(bytes, limits::POLICY_BYTES_MAX));
        return Err(problems.into_vec());
    }
    let mut policies = Vec::with_capacity(sources.len());
    for (document, source) in sources.iter().enumerate() {
        let (node, found) = source.parse(document);
        problems.extend(found);
        policies.push(Policy::read(node, &At::Root { document }, &mut problems));
    }
    Ok(Documents { sources, policies, problems: problems.into_vec() })
}

/// The documents of one policy as they are written.
#[derive(Clone, Debug)]
pub struct Documents<'a> {
    sources: &'a [Source],
    /// What they say, in the order of their texts.
    pub policies: Vec<Policy>,
    problems: Vec<Problem>,
}

impl Documents<'_> {
    /// Checks these documents as they are, or what takes their place: the same ones, and perhaps more behind them.
    ///
    /// # Errors
    /// Every problem of reading and checking, each with its place.
    pub fn check(&self, policies: &[Policy], role: Role) -> Result<Model, Vec<Problem>> {
        match check(policies, role) {
            Ok(model) if self.problems.is_empty() => Ok(model),
            checked => {
                let problems = self.problems.iter().cloned().chain(checked.err().unwrap_or_default());
                Err(located(problems.collect(), self.sources))
            }
        }
    }
}

fn located(mut problems: Vec<Problem>, sources: &[Source]) -> Vec<Problem> {
    for (document, source) in sources.iter().enumerate() {
        source.locate(problems.iter_mut().filter(|problem| problem.document == document));
    }
    problems.sort_by_key(|problem| (problem.document, problem.position));
    problems
}
