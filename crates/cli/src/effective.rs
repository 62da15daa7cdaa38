//! The seam between what people wrote and what takes effect: the one place where anything else than the policy's files can
//! have a say in the policy. Whatever adds to it adds documents here, and the whole is checked by the same checker.

use std::borrow::Cow;
use std::sync::Arc;

use weir_policy::written::Policy;
use weir_policy::{Checked, Problem, Role, SourceId, Sources, read};

use crate::problems::Failure;

/// A good policy as it takes effect, and what people wrote, which need not be the same.
#[derive(Clone, Debug)]
pub struct Effective {
    /// What people wrote, by itself: it changes when they change their files, and not otherwise. History and rollbacks name it.
    pub written: Arc<Checked>,
    /// The policy that takes effect.
    pub policy: Arc<Checked>,
    /// The number of the change of what is added to it: the push number, by which evidence tells what edges decided by.
    pub push: u64,
}

impl Effective {
    /// The policy that takes effect of these texts, if they are good, and good with all that is added to their documents.
    pub fn of(sources: &Sources, files: &[SourceId], role: Role) -> Result<Effective, Failure> {
        Effective::with_documents(sources, files, role).map(|(effective, _)| effective)
    }

    /// The same with the documents that take effect, for who tells where in them something stands.
    pub fn with_documents(
        sources: &Sources,
        files: &[SourceId],
        role: Role,
    ) -> Result<(Effective, Vec<Policy>), Failure> {
        let failure = |problems| failure(sources, problems);
        let documents = read(sources, files).map_err(failure)?;
        let written = Arc::new(Checked::from(documents.check(&documents.policies, role).map_err(failure)?));
        let (policy, policies) = match effective(&documents.policies) {
            Cow::Borrowed(_) => (written.clone(), documents.policies),
            Cow::Owned(policies) => {
                (Arc::new(Checked::from(documents.check(&policies, role).map_err(failure)?)), policies)
            }
        };
        Ok((Effective { written, policy, push: 0 }, policies))
    }

    /// A policy to which nothing is added.
    #[cfg(test)]
    pub fn by_itself(policy: Arc<Checked>) -> Effective {
        Effective { written: policy.clone(), policy, push: 0 }
    }
}

/// The documents that take effect: those that people wrote, as they are.
fn effective(written: &[Policy]) -> Cow<'_, [Policy]> {
    Cow::Borrowed(written)
}

/// The policy of these texts, with nothing added.
pub fn check(sources: &Sources, files: &[SourceId], role: Role) -> Result<Checked, Failure> {
    let failure = |problems| failure(sources, problems);
    let documents = read(sources, files).map_err(failure)?;
    documents.check(&documents.policies, role).map(Checked::from).map_err(failure)
}

/// The problems of a policy know their places, but for one of a text that is too large to be read, which is not read for that.
fn failure(sources: &Sources, problems: Vec<Problem>) -> Failure {
    Failure::Problems { sources: sources.clone(), problems }
}
