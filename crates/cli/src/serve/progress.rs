//! Progress: the one place that says what is served. The rollout writes it all but for the complaint, the warnings and the
//! rollback, which the judge writes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::counting::Counting;
use super::pushes::Pushes;
use crate::state_dir::DeployedRevisions;

/// The progress for all that look at it.
pub type SharedProgress = Arc<watch::Sender<Progress>>;

/// What is wanted, and how far it has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// The revision of the target that was taken last.
    pub wanted: String,
    /// The revisions that Envoys are offered, be it in the middle of a rollout, canary nodes aside.
    pub deployed: DeployedRevisions,
    /// What edges count by that.
    pub counting: Arc<Counting>,
    /// The push numbers of what Envoys are offered, by publication.
    pub pushes: Pushes,
    /// The revision that every Envoy is to have: that of the last rollout that came to its end.
    pub active: String,
    /// The revisions by which its attachments that do not decide would go without a server.
    pub without_server: Vec<PartRevision>,
    /// The number of the publication by which all are offered what is deployed: a node has it once it has caught up with that
    /// number, and not when some revision is the same.
    pub publication: u64,
    /// The target that was taken back from its canary nodes, until another one is rolled out.
    pub held: Option<Held>,
    /// What is wrong with the files, or with a request, while something else is served.
    pub complaint: Option<String>,
    /// How many things in the files are likely to be mistakes.
    pub warnings: usize,
    /// The rollback by which something else is wanted than the files say.
    pub rollback: Option<Rollback>,
}

/// The revision of the part of a policy that an attachment holds: what `weir render` gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartRevision {
    /// The attachment's name; several may have one, for nodes of their own.
    pub attachment: String,
    /// The revision of its part.
    pub revision: String,
}

/// A rollback that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollback {
    /// The revision that it goes back to.
    pub to: String,
    /// The revision of the files that it takes the place of, if they ever had one.
    pub over: Option<String>,
}

/// A target that was taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The revision of the target.
    pub revision: String,
    /// The number of the change of what releases add to it.
    pub push: u64,
    /// The nodes on which it did not become active, and why.
    pub reasons: Vec<(String, String)>,
}
