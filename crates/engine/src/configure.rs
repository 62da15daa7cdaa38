//! An envelope becomes a plan; or everything that is wrong with it, and a plan that passes requests through.

use weir_policy::{Model, Opened, Problem, Revision, Spanned, open, open_document};

use crate::plan::Plan;

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

/// Configures a filter from the bytes of an envelope in JSON.
///
/// # Errors
/// Everything that is wrong, with what to run by instead.
pub fn configure_json(bytes: &[u8]) -> Result<Plan, Box<Refused>> {
    compiled(open(bytes))
}

/// Configures a filter from an envelope.
///
/// # Errors
/// Everything that is wrong, with what to run by instead.
pub fn configure(node: Spanned) -> Result<Plan, Box<Refused>> {
    compiled(open_document(node))
}

fn compiled(opened: Result<Opened, Box<weir_policy::Refused>>) -> Result<Plan, Box<Refused>> {
    match opened {
        Ok(Opened { model, attachment, revision }) => Ok(Plan::compile(&model, &attachment, Some(revision))),
        Err(refused) => {
            let weir_policy::Refused { problems, revision, attachment, env_tag } = *refused;
            let fallback = Plan::compile(&Model::pass_through(env_tag), &attachment, None);
            Err(Box::new(Refused { problems, revision, fallback }))
        }
    }
}
