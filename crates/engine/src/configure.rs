//! The one way from a text to something that runs: `text -> Policy -> Model -> Plan`.

use crate::attachment::{Attachment, Envelope, Role};
use crate::canonical::Revision;
use crate::check::{check, env_tag_names};
use crate::document::Node;
use crate::json;
use crate::limits;
use crate::model::{EnvTag, Model};
use crate::plan::Plan;
use crate::policy::{self, Policy};
use crate::problem::{At, Code, Path, Problem, Problems, Step};
use crate::source::Source;

/// Bytes of an envelope beside its policy.
pub const ENVELOPE_BYTES_MAX: usize = 64 << 10;

/// A configuration that is not to be served.
#[derive(Debug)]
pub struct Refused {
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
    /// The revision it says it has.
    pub revision: Option<Revision>,
    /// What to run by where nothing better is known: strip what is ours and pass everything through.
    pub fallback: Plan,
}

/// Reads a policy from the texts of its files.
///
/// # Errors
/// Every problem of every text, each with its place.
pub fn read_policy(sources: &[Source], role: Role) -> Result<Model, Vec<Problem>> {
    let mut problems = Problems::default();
    let bytes = sources.iter().map(|source| source.text.len()).fold(0, usize::saturating_add);
    if bytes > limits::POLICY_BYTES_MAX {
        problems.add(Code::Limit, &At::Root { document: 0 }, too_large(bytes, limits::POLICY_BYTES_MAX));
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

/// Configures a filter from the bytes of an envelope in JSON.
///
/// # Errors
/// Everything that is wrong, with what to run by instead.
pub fn configure_json(bytes: &[u8]) -> Result<Plan, Box<Refused>> {
    let max = limits::POLICY_BYTES_MAX.saturating_add(ENVELOPE_BYTES_MAX);
    if bytes.len() > max {
        let mut problems = Problems::default();
        problems.add(Code::Limit, &At::Root { document: 0 }, too_large(bytes.len(), max));
        return Err(refused(problems, None, Attachment::default(), EnvTag::default()));
    }
    match json::parse(bytes, 0) {
        Ok(node) => configure(node),
        Err(problem) => {
            let mut problems = Problems::default();
            problems.push(problem);
            Err(refused(problems, None, Attachment::default(), EnvTag::default()))
        }
    }
}

/// Configures a filter from an envelope.
///
/// # Errors
/// Everything that is wrong, with what to run by instead.
pub fn configure(node: Node) -> Result<Plan, Box<Refused>> {
    let mut problems = Problems::default();
    let Some(envelope) = Envelope::read(node, &mut problems) else {
        return Err(refused(problems, None, Attachment::default(), EnvTag::default()));
    };
    let Envelope { attachment, revision, policy } = envelope;
    let Some(node) = policy else {
        return Err(refused(problems, revision, attachment, EnvTag::default()));
    };
    // Read on its own, so that a bad policy is at least stripped by the names it uses.
    let names = policy::env_tag_alone(&node);
    let root = At::Root { document: 0 };
    let policy = Policy::read(node, &root.key("policy"), &mut problems);
    let checked = check(&[policy], attachment.role);
    if let Ok(model) = &checked {
        problems.extend(attachment.problems_with(model));
    }
    match checked {
        Ok(model) if problems.is_empty() => {
            let revision = revision.unwrap_or_else(|| Revision::of(&model.canonical()));
            Ok(Plan::compile(&model, &attachment, Some(revision)))
        }
        checked => {
            problems.extend(checked.err().unwrap_or_default().into_iter().map(|problem| inside("policy", problem)));
            Err(refused(problems, revision, attachment, names.map(env_tag_names).unwrap_or_default()))
        }
    }
}

fn refused(problems: Problems, revision: Option<Revision>, attachment: Attachment, env_tag: EnvTag) -> Box<Refused> {
    let fallback = Plan::compile(&Model::pass_through(env_tag), &attachment, None);
    Box::new(Refused { problems: problems.into_vec(), revision, fallback })
}

fn too_large(bytes: usize, max: usize) -> String {
    format!("{bytes} bytes; at most {max} are read")
}

/// A problem of a part, as one of the whole.
fn inside(key: &str, mut problem: Problem) -> Problem {
    let mut steps = vec![Step::Key(key.to_owned())];
    steps.append(&mut problem.path.0);
    problem.path = Path(steps);
    problem
}

fn located(mut problems: Vec<Problem>, sources: &[Source]) -> Vec<Problem> {
    for (document, source) in sources.iter().enumerate() {
        source.locate(problems.iter_mut().filter(|problem| problem.document == document));
    }
    problems.sort_by_key(|problem| (problem.document, problem.position));
    problems
}
