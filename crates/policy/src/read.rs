//! The one way from the texts of a policy to what it means: `text -> Policy -> Model`.

use crate::attachment::Role;
use crate::check::check;
use crate::document::{At, Kind, Problem, Problems, SourceId, Sources, codes};
use crate::limits;
use crate::model::Model;
use crate::written::Policy;

/// Reads a policy whose files these texts are, all of them.
///
/// # Errors
/// Every problem of every text, each with its place.
pub fn read_policy(sources: &Sources, role: Role) -> Result<Model, Vec<Problem>> {
    let ids: Vec<SourceId> = sources.iter().map(|(id, _)| id).collect();
    let documents = read(sources, &ids)?;
    documents.check(&documents.policies, role)
}

/// Reads the documents of a policy from the texts of its files, without judging them: what cannot be read of one is told by
/// the check.
///
/// # Errors
/// That they are too large to be read.
pub fn read<'a>(sources: &'a Sources, files: &[SourceId]) -> Result<Documents<'a>, Vec<Problem>> {
    let mut problems = Problems::default();
    let texts = files.iter().filter_map(|file| sources.get(*file));
    let bytes = texts.map(|source| source.text.len()).fold(0, usize::saturating_add);
    if bytes > limits::POLICY_BYTES_MAX {
        let root = At::Root { source: files.first().copied().unwrap_or_default() };
        problems.add(codes::LIMIT, &root, limits::too_large(bytes, limits::POLICY_BYTES_MAX));
        return Err(problems.into_vec());
    }
    let mut policies = Vec::with_capacity(files.len());
    for file in files {
        let document = sources.parse_as(Kind::Policy, *file, &mut problems);
        policies.push(Policy::read(document, &At::Root { source: *file }, &mut problems));
    }
    Ok(Documents { sources, policies, problems: problems.into_vec() })
}

/// The documents of one policy as they are written.
#[derive(Clone, Debug)]
pub struct Documents<'a> {
    sources: &'a Sources,
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
                let found = self.problems.iter().cloned().chain(checked.err().unwrap_or_default());
                let mut problems: Vec<Problem> = found.collect();
                self.sources.locate(&mut problems);
                problems.sort_by_key(|problem| (problem.source, problem.position));
                Err(problems)
            }
        }
    }
}
