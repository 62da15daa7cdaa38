//! What is to be said of the documents that `weir check` is given.

use std::sync::Arc;

use weir_policy::{AttachmentFile, Checked, Problem, Problems, Role, SourceId};
use weir_release::Release;
use weir_release::state::State;
use weir_resources::ResourceFiles;

use super::given::Given;
use super::releases;
use crate::effective::Effective;
use crate::problems::Failure;
use crate::{fit, load};

/// What is wrong with documents, and what was good.
pub struct Judged {
    /// What keeps them from being served together.
    pub problems: Vec<Problem>,
    /// What does not, and is likely to be a mistake.
    pub warnings: Vec<Problem>,
    /// The policy, if one is given and it is good.
    pub policy: Option<Arc<Checked>>,
    /// The attachments that are good by themselves.
    pub attachments: Vec<(SourceId, AttachmentFile)>,
    /// The Envoy resources, if some are given and all are good.
    pub resources: Option<ResourceFiles>,
    /// The releases that are good.
    pub releases: Vec<(SourceId, Release)>,
    /// Those that are over, whose documents count for nothing.
    pub over: Vec<releases::Over>,
}

impl Judged {
    /// Judges documents by themselves, and then those that are good by how they fit.
    pub fn of(given: &Given, role: Option<Role>, journal: Option<&State>) -> Result<Judged, Failure> {
        let Given { sources, policy, attachments, resources, problems: found, .. } = given;
        let mut problems = Problems::default();
        problems.extend(found.clone());
        let (attachments, found) = load::read_attachments(sources, attachments);
        problems.extend(found);
        let resources = (!resources.is_empty()).then(|| weir_resources::read(sources, resources)).transpose();
        let resources = resources.unwrap_or_else(|found| {
            problems.extend(found);
            None
        });
        let as_attached = || if attachments.is_empty() { Role::Edge } else { load::role(&attachments) };
        let role = role.unwrap_or_else(as_attached);
        let effective = (!policy.is_empty()).then(|| Effective::with_documents(sources, policy, role)).transpose();
        let effective = effective.or_else(|failure| match failure {
            Failure::Problems { problems: found, .. } => {
                problems.extend(found);
                Ok(None)
            }
            failure => Err(failure),
        })?;
        let mut unfit = Problems::default();
        fit::nodes(&attachments, &mut unfit);
        attachments.iter().for_each(|(source, file)| weir_render::istio::check(file, *source, &mut unfit));
        if let Some((effective, _)) = &effective {
            let resources = resources.as_ref().map(|files| files.resources.as_slice());
            fit::check(&attachments, &effective.policy, resources, &mut unfit);
        }
        let (releases, over) = releases::judge(given, journal);
        let mut unfit = unfit.into_vec();
        if let Some((_, documents)) = effective.as_ref().filter(|_| unfit.is_empty()) {
            unfit.extend(releases::never_starting(documents, role, &releases.releases));
        }
        sources.locate(&mut unfit);
        problems.extend(unfit);
        problems.extend(releases.problems);
        let mut problems = problems.into_vec();
        problems.sort_by_key(|problem| (problem.source, problem.position));
        let warnings = resources.as_ref().map(|files| {
            let policy = effective.as_ref();
            let policy = policy.map(|(effective, documents)| (&effective.policy.model, documents.as_slice()));
            fit::warnings(sources, policy, &attachments, files)
        });
        let (mut warnings, policy) = (warnings.unwrap_or_default(), effective.map(|(effective, _)| effective.policy));
        warnings.extend(releases.warnings);
        Ok(Judged { problems, warnings, policy, attachments, resources, releases: releases.releases, over })
    }
}
