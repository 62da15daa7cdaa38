//! What is known of one release.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weir_policy::Range;

use crate::journal::{By, Document, Wait};
use crate::judge::{Inconclusive, Verdict};

/// A release in the queue, or one that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What counts.
    pub document: Document,
    /// Its file; none while it is gone.
    pub file: Option<String>,
    /// The number of the line by which it was seen first.
    pub first_seen: u64,
    /// Who paused it.
    pub paused: Option<Pause>,
    /// Steps that a person approved.
    pub approved: BTreeSet<usize>,
    /// What it waits for, as it was told last.
    pub waits: Vec<Wait>,
    /// Which text of its document first nodes did not take: it counts for nothing.
    pub refused: Option<String>,
    /// How far it is; none while it is in the queue.
    pub ramp: Option<Ramp>,
}

/// Since when something stays where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// The number of the line that says so.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who; none where Weir did it.
    pub by: Option<By>,
    /// Why.
    pub why: Option<String>,
}

/// How far a running release is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    /// What it owns of its unit's pool.
    #[serde(with = "crate::journal::ranges")]
    pub slots: Vec<Range>,
    /// The step; none while only its tags and routes are told.
    pub step: Option<usize>,
    /// When the step began, or when it started.
    pub begun: Timestamp,
    /// The change of the policy by which the step began, or by which it started.
    pub push: u64,
    /// The last change of the policy that it made.
    pub changed: u64,
    /// What counted before the last change of the policy that its document made in this step.
    pub former: Option<Document>,
    /// Whether a person passed the suspicion for this step.
    pub passed: bool,
    /// The step that a person wants to begin at once.
    pub wanted: Option<usize>,
    /// Whether a person said that it may finish.
    pub promoted: bool,
    /// Why nothing can be concluded in this step.
    pub inconclusive: Option<Inconclusive>,
    /// What was judged last, as it was told.
    pub verdict: Option<Verdict>,
    /// The chance of each guardrail to stop a harmless release, fixed when it started.
    pub alphas: Vec<f64>,
}

/// A release that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Over {
    /// How it ended.
    pub end: End,
    /// When.
    pub at: Timestamp,
    /// The change of the policy by which it went, until every Envoy has answered it.
    pub push: Option<u64>,
    /// The nodes that had not answered that when it was told last.
    pub unreached: Vec<String>,
    /// While its layer is kept off.
    pub off: Option<Off>,
    /// Which text it had: another one of the same id counts for nothing, and that is told.
    pub digest: String,
}

/// The layer of a release that is kept off, so that its tags are known wherever they may still arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Off {
    /// What counted last.
    pub document: Document,
    /// Whether somebody has seen it.
    pub acknowledged: bool,
}

/// How a release ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// As it was meant to.
    Finished,
    /// By harm, or by what its document says to roll back for.
    RolledBack,
    /// By a person.
    Aborted,
}

/// What a release is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// It waits to start.
    Queued,
    /// It waits for one that never finishes.
    Blocked,
    /// It has slots.
    Running,
    /// It is over as it was meant to be.
    Finished,
    /// It is over, and everybody is stable.
    RolledBack,
    /// It is over because a person said so.
    Aborted,
}

impl Ramp {
    /// Whether the minimum of its step was reached, whatever else holds it.
    pub(super) fn has_minimum(&self) -> bool {
        self.verdict.as_ref().is_some_and(|verdict| verdict.minimum && verdict.step == self.step)
    }
}

impl Lifecycle {
    /// The word that is public.
    pub fn name(self) -> &'static str {
        match self {
            Lifecycle::Queued => "queued",
            Lifecycle::Blocked => "blocked",
            Lifecycle::Running => "running",
            Lifecycle::Finished => "finished",
            Lifecycle::RolledBack => "rolled_back",
            Lifecycle::Aborted => "aborted",
        }
    }
}

impl Entry {
    /// The step that comes next; none at the last one.
    pub fn next_step(&self) -> Option<usize> {
        let next = match self.ramp.as_ref().and_then(|ramp| ramp.step) {
            Some(step) => step.saturating_add(1),
            None => 0,
        };
        (next < self.document.release.steps.len()).then_some(next)
    }

    /// Whether this step has begun.
    pub fn has_begun(&self, step: usize) -> bool {
        let begun = self.ramp.as_ref().and_then(|ramp| ramp.step);
        begun.is_some_and(|begun| step <= begun)
    }

    /// Whether it waits for something of this kind.
    pub fn waits_for(&self, code: &str) -> bool {
        self.waits.iter().any(|wait| wait.code == code)
    }

    /// Puts the chances that were fixed at its start in the place of those that the document of now would have.
    pub(super) fn keep_alphas(&mut self) {
        let Some(ramp) = &self.ramp else { return };
        for (guardrail, alpha) in self.document.release.guardrails.iter_mut().zip(&ramp.alphas) {
            guardrail.alpha = *alpha;
        }
    }
}
