//! What there is to see of releases: what `weir serve --http` answers at `/releases` and `/releases/ID`, and what the commands
//! make of a journal where they read that instead. One format, so that nobody is told two things.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weir_release::journal::{By, Trouble, Wait};
use weir_release::judge::{Phase, Verdict};
use weir_release::state::{Lifecycle, Pause};

/// All releases that a journal knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReleasesView {
    /// The number of the journal's last line.
    pub journal: u64,
    /// When they were judged last; null where nobody judged them.
    pub judged: Option<Timestamp>,
    /// Since when, why and by whom nothing starts or advances.
    pub frozen: Option<Pause>,
    /// What is wrong with files that are not what counts, by their names.
    pub bad: BTreeMap<String, Vec<Trouble>>,
    /// Those in the queue and those that run, by id, and then those that are over, the newest first.
    pub releases: Vec<ReleaseView>,
}

/// One of them, with what happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetailView {
    /// The number of the journal's last line.
    pub journal: u64,
    /// When it was judged last; null where nobody judged it.
    pub judged: Option<Timestamp>,
    /// Since when, why and by whom nothing starts or advances.
    pub frozen: Option<Pause>,
    /// The release.
    pub release: ReleaseView,
    /// What happened up to the line of this number is left out: it is long ago. Null where nothing is.
    #[serde(default)]
    pub left_out: Option<u64>,
    /// What happened to it lately, oldest first.
    pub events: Vec<EventView>,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    /// Its number.
    pub number: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Who asked for it; null if it happened by itself.
    pub by: Option<By>,
    /// What happened, in words.
    pub text: String,
    /// What happened, as it stands in the journal, without documents, numbers, and what a verdict was made of.
    pub event: Map<String, Value>,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReleaseView {
    /// Its id.
    pub id: String,
    /// What it is.
    pub state: Lifecycle,
    /// Of a running one that was judged: the phase.
    pub phase: Option<Phase>,
    /// The step that it is in, the first being 0; null before it has begun.
    pub step: Option<usize>,
    /// What its arms without control get together, in parts per million.
    pub share: u32,
    /// When that began: the step, or the state. Null where the journal tells no more.
    pub since: Option<Timestamp>,
    /// `release` or `test`; null of one that is over and whose document nobody needs any more.
    pub kind: Option<String>,
    /// Its file; null while there is none.
    pub file: Option<String>,
    /// Its steps.
    pub steps: Vec<StepView>,
    /// What it waits for in the queue, or with the policy.
    pub waits: Vec<Wait>,
    /// Who paused it.
    pub paused: Option<Pause>,
    /// When one of its windows opens next, if none is open now.
    pub opens: Option<Timestamp>,
    /// The last verdict.
    pub verdict: Option<Verdict>,
    /// Of one that is over: what is still to be done.
    pub over: Option<OverView>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// What the arms without control get together, in parts per million.
    pub share: u32,
    /// The least time in it.
    pub hold_ms: u64,
    /// The least requests of each arm without control.
    pub requests: u64,
    /// Whether a person must say yes before it begins.
    pub approve: bool,
    /// Whether somebody has.
    pub approved: bool,
    /// When it began last; null if it has not, or the journal tells no more.
    pub begun: Option<Timestamp>,
}

/// What is still to be done of a release that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverView {
    /// Whether its layer is kept, switched off, so that its tags are known wherever they may still arrive.
    pub kept_off: bool,
    /// Whether somebody has still to acknowledge the rollback, which holds up what conflicts with it.
    pub unacknowledged: bool,
    /// Whether every Envoy that was seen in the last 24 hours has answered the change by which it went.
    pub reached: bool,
    /// Envoys that have not, as far as they are named.
    pub unreached: Vec<String>,
}

impl ReleaseView {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.state, Lifecycle::Finished | Lifecycle::RolledBack | Lifecycle::Aborted)
    }
}
