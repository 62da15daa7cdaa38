//! What every object of ours says of itself, so that people and tools tell it from theirs: what wrote it, from which
//! revision, what it belongs to, and when Argo CD applies it.

use std::str::FromStr;

use weir_policy::Revision;

use crate::istio::labels::{NAME_BYTES_MAX, is_label_name};
use crate::yaml::{Yaml, map};

/// The line above every object.
pub(crate) const COMMENT: &str =
    "Written by `weir render istio` and not to be edited: change the policy or the attachment, and render again.\n";
/// The label that says who manages an object, and its value on ours.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const PART_OF: &str = "app.kubernetes.io/part-of";
pub(crate) const MANAGER: &str = "weir";
const REVISION: &str = "weir/revision";
const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";

/// What is marked on all objects of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// What they belong to: what is pruned together.
    pub part_of: PartOf,
    /// Whether Argo CD is to apply them in the order of their phases.
    pub argo_waves: bool,
}

/// The value of the label `app.kubernetes.io/part-of`, one that Kubernetes takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartOf(String);

impl Marks {
    /// The labels of an object.
    pub(crate) fn labels(&self) -> Yaml {
        map! {MANAGED_BY => MANAGER, PART_OF => &self.part_of.0}
    }

    /// The annotations of an object that is rendered from this revision, if it has something of the policy, and applied in this
    /// wave; `None` if there are none.
    pub(crate) fn annotations(&self, revision: Option<Revision>, wave: &str) -> Option<Yaml> {
        let annotations = map! {}.with(REVISION, revision.map(|revision| revision.to_string()));
        let annotations = annotations.with(SYNC_WAVE, self.argo_waves.then_some(wave));
        (annotations != map! {}).then_some(annotations)
    }
}

impl Default for PartOf {
    fn default() -> PartOf {
        PartOf("weir".to_owned())
    }
}

impl FromStr for PartOf {
    type Err = String;

    fn from_str(text: &str) -> Result<PartOf, String> {
        is_label_name(text).then(|| PartOf(text.to_owned())).ok_or_else(|| {
            format!(
                "Kubernetes takes 1 to {NAME_BYTES_MAX} of A-Z a-z 0-9 - _ . as the value of a label, a letter or digit \
                 first and last"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_they_belong_to_is_the_value_of_a_label() {
        let longest = "a".repeat(NAME_BYTES_MAX);
        for (text, is_good) in [
            ("weir", true),
            ("Team_1.checkout-eu", true),
            ("7", true),
            (longest.as_str(), true),
            (&format!("{longest}a"), false),
            ("", false),
            ("-a", false),
            ("a.", false),
            ("a b", false),
            ("a/b", false),
            ("é", false),
        ] {
            assert_eq!(text.parse::<PartOf>().is_ok(), is_good, "{text:?}");
        }
    }
}
