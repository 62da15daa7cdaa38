//! Releases that `weir check` is given: held against each other, the policy, and what a journal knows.

use std::path::Path;

use weir_policy::written::Policy;
use weir_policy::{SourceId, Sources, read};
use weir_release::{Around, Checked, Known};

use super::given::Given;
use crate::problems::Failure;
use crate::queries;
use crate::state_dir::StateDir;

/// The releases that are good, and what is wrong with the others.
pub fn judge(given: &Given, journal: Option<&Known>) -> Checked {
    let policy = policies(&given.sources, &given.policy);
    let around = Around { policy: policy.as_deref(), journal, query: Some(&queries::wrong) };
    match weir_release::read(&given.sources, &given.releases) {
        Ok(documents) => documents.check(around),
        Err(problems) => Checked { problems, ..Checked::default() },
    }
}

/// The documents of the policy, good or bad: of a bad one more is told elsewhere. None if none are given.
fn policies(sources: &Sources, files: &[SourceId]) -> Option<Vec<Policy>> {
    if files.is_empty() { None } else { read(sources, files).ok().map(|documents| documents.policies) }
}

/// What the journal in the folder of a server's state knows.
pub fn known(state_dir: &Path) -> Result<Known, Failure> {
    Ok(StateDir::existing(state_dir)?.releases()?.known())
}
