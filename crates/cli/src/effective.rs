//! The seam between what people wrote and what takes effect: the one place where anything else than the policy's files can
//! have a say in the policy. Whatever adds to it adds documents here, and the whole is checked by the same checker.

use std::borrow::Cow;
use std::sync::Arc;

use weir_policy::{Checked, Revision, Role, Source, read_policy};

use crate::problems::Failure;

/// A good policy as it takes effect, and the revision of what people wrote, which need not be the same one.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The revision of the written policy: what changes when people change their files, and not otherwise.
    pub written: Revision,
    /// The policy that takes effect.
    pub policy: Arc<Checked>,
}

impl Effective {
    /// The policy that takes effect of these documents, if they are good, and good with all that is added to them.
    pub fn of(documents: &[Source], role: Role) -> Result<Effective, Failure> {
        let written = check(documents, role)?;
        let revision = written.revision;
        let policy = match effective(documents) {
            Cow::Borrowed(_) => written,
            Cow::Owned(documents) => check(&documents, role)?,
        };
        Ok(Effective { written: revision, policy: Arc::new(policy) })
    }
}

/// The documents that take effect: those that people wrote, as they are.
fn effective(documents: &[Source]) -> Cow<'_, [Source]> {
    Cow::Borrowed(documents)
}

/// The policy of these documents, with nothing added.
pub fn check(documents: &[Source], role: Role) -> Result<Checked, Failure> {
    let found = read_policy(documents, role);
    let model = found.map_err(|problems| Failure::Problems { sources: documents.to_vec(), problems })?;
    Ok(Checked::from(model))
}
