//! What is to be said of the documents that `weir check` is given.

use weir_policy::{AttachmentFile, Checked, Problem, Problems, Role, SourceId};
use weir_xds::Resource;

use super::given::Given;
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
    pub policy: Option<Checked>,
    /// The attachments that are good by themselves.
    pub attachments: Vec<(SourceId, AttachmentFile)>,
    /// The Envoy resources, if some are given and all are good.
    pub resources: Option<Vec<Resource>>,
}

impl Judged {
    /// Judges documents by themselves, and then those that are good by how they fit.
    pub fn of(given: &Given, role: Option<Role>) -> Result<Judged, Failure> {
        let Given { sources, policy, attachments, resources } = given;
        let (attachments, found) = load::read_attachments(sources, attachments);
        let mut problems = Problems::default();
        problems.extend(found);
        let mut good =
            |resources: Result<Vec<Resource>, Vec<Problem>>| resources.map_err(|found| problems.extend(found)).ok();
        let resources = (!resources.is_empty()).then(|| weir_resources::read(sources, resources)).and_then(&mut good);
        let as_attached = || if attachments.is_empty() { Role::Edge } else { load::role(&attachments) };
        let role = role.unwrap_or_else(as_attached);
        let policy = match (!policy.is_empty()).then(|| Effective::of(sources, policy, role)).transpose() {
            Ok(policy) => policy.map(|effective| Checked::clone(&effective.policy)),
            Err(Failure::Problems { problems: found, .. }) => {
                problems.extend(found);
                None
            }
            Err(failure) => return Err(failure),
        };
        let mut unfit = Problems::default();
        fit::nodes(&attachments, &mut unfit);
        if let Some(policy) = &policy {
            fit::check(&attachments, policy, resources.as_deref(), &mut unfit);
        }
        let mut unfit = unfit.into_vec();
        sources.locate(&mut unfit);
        problems.extend(unfit);
        let mut problems = problems.into_vec();
        problems.sort_by_key(|problem| (problem.source, problem.position));
        Ok(Judged { problems, warnings: Vec::new(), policy, attachments, resources })
    }
}
