//! The one way from the texts of a policy to what it means: `text -> Policy -> Model`.

use crate::attachment::Role;
use crate::check::check;
use crate::document::{At, Code, Problem, Problems, Source};
use crate::limits;
use crate::model::Model;
use crate::written::Policy;

/// Reads a policy from the texts of its files.
///
/// # Errors
/// Every problem of every text, each with its place.
pub fn read_policy(sources: &[Source], role: Role) -> Result<Model, Vec<Problem>> {
    let mut problems = Problems::default();
    let bytes = sources.iter().map(|source| source.text.len()).fold(0, usize::saturating_add);
    if bytes > limits::POLICY_BYTES_MAX {
        problems.add(Code::Limit, &At::Root { document: 0 }, limits::too_large(bytes, limits::POLICY_BYTES_MAX));
        return Err(problems.into_vec());
    }
    let mut documents = Vec::with_capacity(sources.len());
    for (document, source) in sources.iter().enumerate() {
        let (node, found) = source.parse(document);
        problems.extend(found);
        documents.push(Policy::read(node, &At::Root { document }, &mut problems));
    }
    let checked = check(&documents, role);
    match checked {
        Ok(model) if problems.is_empty() => Ok(model),
        checked => {
            problems.extend(checked.err().unwrap_or_default());
            Err(located(problems.into_vec(), sources))
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
