//! A proposal: what the files would have served, their policy checked, and put together with attachments and resources that it
//! fits; without I/O.

use std::sync::Arc;

use weir_policy::{Problem, Problems, Role, Sources};
use weir_xds::Resource;

use super::deployment::{AttachedFilter, Deployment};
use super::written::{Written, WrittenAttachments};
use crate::effective::Effective;
use crate::problems::Failure;
use crate::{fit, load};

/// What the files would have served.
pub struct Proposal {
    /// The policy that takes effect of them.
    pub policy: Result<Effective, Failure>,
    /// The texts of all of it.
    pub sources: Sources,
    /// The attachments, whatever policy they are put together with.
    pub attachments: Result<WrittenAttachments, Failure>,
    /// The Envoy resources; `None` where the server is given none.
    pub resources: Result<Option<Arc<Vec<Resource>>>, Failure>,
    /// What is likely to be a mistake in the resources; `None` where something of all that cannot be read, and nobody knows.
    pub warnings: Option<Vec<Problem>>,
}

impl Proposal {
    /// Checks the policy for what these attachments do.
    pub fn of(written: Written) -> Proposal {
        let Written { sources, policy, attachments, resources } = written;
        let policy = match &attachments {
            Ok(attachments) => {
                let role = load::role(&attachments.files);
                policy.and_then(|files| Effective::with_documents(&sources, &files, role))
            }
            // Nobody knows what it is for; what is wrong with it for any role is told all the same.
            Err(unread) => match policy.and_then(|files| Effective::with_documents(&sources, &files, Role::Mesh)) {
                Ok(_) => Err(unread.clone()),
                Err(bad) => Err(together(&sources, bad, unread.clone())),
            },
        };
        let warnings = match (&policy, &attachments, &resources) {
            (Ok((effective, documents)), Ok(attachments), Ok(Some(files))) => {
                let policy = Some((&effective.policy.model, documents.as_slice()));
                Some(fit::warnings(&sources, policy, &attachments.files, files))
            }
            (Ok(_), Ok(_), Ok(None)) => Some(Vec::new()),
            _ => None,
        };
        let policy = policy.map(|(effective, _)| effective);
        let resources = resources.map(|files| files.map(|files| Arc::new(files.resources)));
        Proposal { policy, sources, attachments, resources, warnings }
    }

    /// The role that policies are checked for, if the attachments can be read.
    pub fn role(&self) -> Result<Role, Failure> {
        self.attachments.as_ref().map(|attachments| load::role(&attachments.files)).map_err(Failure::clone)
    }

    /// A policy at these attachments, which it must fit, and with these resources.
    pub fn deployment(&self, effective: &Effective) -> Result<Deployment, Failure> {
        let WrittenAttachments { files, placed } = self.attachments.as_ref().map_err(Failure::clone)?;
        let resources = self.resources.as_ref().ok().and_then(Option::as_deref);
        let mut problems = Problems::default();
        let all_nodes = fit::nodes(files, &mut problems);
        fit::check(files, &effective.policy, resources.map(Vec::as_slice), &mut problems);
        if !problems.is_empty() {
            return Err(Failure::problems(&self.sources, problems.into_vec()));
        }
        let mut filters = Vec::with_capacity(files.len());
        for (((_, file), nodes), placed) in files.iter().zip(all_nodes).zip(placed) {
            let (name, module) = placed.clone()?;
            let (attachment, wasm) = (file.attachment.clone(), file.wasm.clone());
            filters.push(AttachedFilter { attachment, name, origin: file.policy, nodes, wasm, module });
        }
        Ok(Deployment::of(effective.clone(), filters, self.resources.clone()?.unwrap_or_default()))
    }
}

/// What is wrong with some of these texts, and with others.
fn together(sources: &Sources, one: Failure, other: Failure) -> Failure {
    match (one, other) {
        (Failure::Problems { mut problems, .. }, Failure::Problems { problems: others, .. }) => {
            problems.extend(others);
            Failure::Problems { sources: sources.clone(), problems }
        }
        (one, other) => one.and(other),
    }
}
