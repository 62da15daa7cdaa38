//! A checked policy: its meaning, its canonical text and its revision.

use std::borrow::Cow;

use crate::attachment::Attachment;
use crate::model::Model;
use crate::revision::Revision;

/// A checked policy.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The meaning.
    pub model: Model,
    /// The canonical text, as it is sent.
    pub canonical: String,
    /// The revision, after which it is called.
    pub revision: Revision,
}

impl Checked {
    /// The envelope that carries to an attachment what it is sent of the policy, under the revision of the whole.
    pub fn envelope(&self, attachment: &Attachment) -> String {
        match self.model.project(attachment) {
            Cow::Borrowed(_) => attachment.envelope(self.revision, &self.canonical),
            Cow::Owned(model) => attachment.envelope(self.revision, &model.canonical()),
        }
    }

    /// The part of it that an attachment needs, as a policy of its own: by the revision of that part, which stays while only
    /// the rest changes.
    pub fn part(&self, attachment: &Attachment) -> Checked {
        match self.model.project(attachment) {
            Cow::Borrowed(_) => self.clone(),
            Cow::Owned(model) => model.into(),
        }
    }

    /// The part of it that an attachment is sent, under the revision of the whole.
    pub fn sent_to(self, attachment: &Attachment) -> Checked {
        let Cow::Owned(model) = self.model.project(attachment) else { return self };
        Checked { canonical: model.canonical(), model, revision: self.revision }
    }
}

impl From<Model> for Checked {
    fn from(model: Model) -> Checked {
        let canonical = model.canonical();
        Checked { revision: Revision::of(&canonical), model, canonical }
    }
}
