//! A proposal: what the files would have served, their policy checked, and put together with attachments and resources that it
//! fits; without I/O.

use std::sync::Arc;

use weir_policy::{Problem, Problems, Role, SourceId, Sources};
use weir_resources::Routing;
use weir_xds::Resource;

use super::deployment::{AttachedFilter, Deployment};
use super::written::{Written, WrittenAttachments};
use crate::effective::{Additions, Effective, People};
use crate::problems::Failure;
use crate::{fit, load};

/// What the files would have served.
pub struct Proposal {
    /// What people wrote, if it is good by itself.
    pub people: Result<People, Failure>,
    /// The policy that takes effect of it.
    pub policy: Result<Effective, Failure>,
    /// The texts of all of it.
    pub sources: Sources,
    /// Those of the policy, if they could be read.
    pub files: Vec<SourceId>,
    /// Those of releases; `None` where the server is given none.
    pub releases: Option<Result<Vec<SourceId>, Failure>>,
    /// The text that problems of what releases add to the policy point to.
    pub additions: SourceId,
    /// The attachments, whatever policy they are put together with.
    pub attachments: Result<WrittenAttachments, Failure>,
    /// The Envoy resources; `None` where the server is given none.
    pub resources: Result<Option<Arc<Vec<Resource>>>, Failure>,
    /// Where requests go by them.
    pub routing: Option<Routing>,
    /// What is likely to be a mistake in the resources; `None` where something of all that cannot be read, and nobody knows.
    pub warnings: Option<Vec<Problem>>,
}

impl Proposal {
    /// Checks the policy for what these attachments do, by itself and with what releases add.
    pub fn of(written: Written, releases: &Additions<'_>) -> Proposal {
        let Written { sources, policy, attachments, resources, releases: texts, additions } = written;
        let files = policy.clone().unwrap_or_default();
        let people = match &attachments {
            Ok(attachments) => {
                let role = load::role(&attachments.files);
                policy.and_then(|files| People::read(&sources, &files, role))
            }
            // Nobody knows what it is for; what is wrong with it for any role is told all the same.
            Err(unread) => match policy.and_then(|files| People::read(&sources, &files, Role::Mesh)) {
                Ok(_) => Err(unread.clone()),
                Err(bad) => Err(together(&sources, bad, unread.clone())),
            },
        };
        let warnings = match (&people, &attachments, &resources) {
            (Ok(people), Ok(attachments), Ok(Some(files))) => {
                let policy = Some((&people.policy.model, people.documents.as_slice()));
                Some(fit::warnings(&sources, policy, &attachments.files, files))
            }
            (Ok(_), Ok(_), Ok(None)) => Some(Vec::new()),
            _ => None,
        };
        let (resources, routing) = match resources {
            Ok(Some(files)) => (Ok(Some(Arc::new(files.resources))), Some(files.routing)),
            Ok(None) => (Ok(None), None),
            Err(failure) => (Err(failure), None),
        };
        let policy = Err(Failure::AlreadyPrinted);
        let mut proposal = Proposal {
            people,
            policy,
            sources,
            files,
            releases: texts,
            additions,
            attachments,
            resources,
            routing,
            warnings,
        };
        proposal.take_effect(releases);
        proposal
    }

    /// Takes in what releases add now.
    pub fn take_effect(&mut self, releases: &Additions<'_>) {
        let people = self.people.as_ref().map_err(Failure::clone);
        self.policy =
            people.and_then(|people| people.effective(&self.sources, self.role()?, &releases.at(self.additions)));
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
