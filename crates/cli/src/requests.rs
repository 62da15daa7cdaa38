//! Documents of requests, which `weir explain --requests` shows and `weir test` holds against what they expect: read together
//! with the policy and the attachments that they are decided by, with every problem of all of them at once.

use std::path::{Path, PathBuf};

use weir_engine::Plan;
use weir_policy::written::Policy;
use weir_policy::{Attachment, Model, Problem, Problems, Revision, Role, Sources};

use crate::load;
use crate::problems::Failure;

mod attachments;
mod document;
mod expectation;
mod fields;
mod possible;
pub mod unmet;

use attachments::Attachments;
pub use document::{Case, RequestsFile};

/// Requests with all that decides them.
pub struct Requests {
    /// Every text that was read.
    pub sources: Sources,
    /// The documents of the policy, as they take effect.
    pub policy: Vec<Policy>,
    /// The revision of the policy.
    pub revision: Revision,
    /// The model of the whole policy.
    pub model: Model,
    /// The files, in the order in which they were given.
    pub files: Vec<RequestsFile>,
    /// One for each attachment that some request has.
    pub deciders: Vec<Decider>,
}

/// What decides at one attachment.
pub struct Decider {
    /// The policy as it is sent there.
    pub model: Model,
    /// The same, compiled.
    pub plan: Plan,
}

impl Requests {
    /// Reads files of requests, and what decides them. Requests that name no attachment have that of the file `attach`, or are at
    /// an edge that steers by tag; `role` takes the place of its role.
    pub fn read(
        files: &[PathBuf],
        policy: &Path,
        attach: Option<&Path>,
        role: Option<Role>,
    ) -> Result<Requests, Failure> {
        let mut sources = Sources::default();
        let mut problems = Problems::default();
        let mut attachments = Attachments::new(attach, role, &mut sources, &mut problems)?;
        let mut read = Vec::with_capacity(files.len());
        for path in files {
            let source = sources.add(load::source(path)?);
            read.extend(RequestsFile::read(path, source, &mut sources, &mut attachments, &mut problems));
        }
        let mut cases = read.iter().flat_map(|file: &RequestsFile| &file.cases).peekable();
        if cases.peek().is_some() && cases.all(|case| case.attachment != 0) {
            attachments.drop_default();
        }
        let policy_files = load::policy_files(policy, &mut sources)?;
        let effective = load::effective(&sources, &policy_files, load::role_for(attachments.iter()));
        let (policy, documents) = match effective {
            Ok(effective) => effective,
            Err(Failure::Problems { problems: found, .. }) => {
                problems.extend(found);
                return Err(failure(&sources, problems));
            }
            Err(failure) => return Err(failure),
        };
        attachments.check(&policy.model, &mut problems);
        for file in &read {
            file.check(&policy.model, |case| attachments.of(case.attachment), &mut problems);
        }
        if !problems.is_empty() {
            return Err(failure(&sources, problems));
        }
        let decider = |attachment: &Attachment| {
            let sent = policy.clone().sent_to(attachment);
            Decider { plan: Plan::compile(&sent.model, attachment, Some(sent.revision)), model: sent.model }
        };
        let deciders: Vec<Decider> = attachments.iter().map(decider).collect();
        for file in &read {
            file.check_plans(|case| &deciders[case.attachment].plan, &mut problems);
        }
        if !problems.is_empty() {
            return Err(failure(&sources, problems));
        }
        Ok(Requests {
            sources,
            policy: documents,
            revision: policy.revision,
            model: policy.model,
            files: read,
            deciders,
        })
    }

    /// The requests of a file, each with what decides it.
    pub fn of<'a>(&'a self, file: &'a RequestsFile) -> impl Iterator<Item = (&'a Case, &'a Decider)> {
        file.cases.iter().map(|case| (case, &self.deciders[case.attachment]))
    }
}

/// The problems in the order in which they stand.
fn failure(sources: &Sources, problems: Problems) -> Failure {
    let mut problems: Vec<Problem> = problems.into_vec();
    sources.locate(&mut problems);
    problems.sort_by_key(|problem| (problem.source, problem.position));
    Failure::Problems { sources: sources.clone(), problems }
}
