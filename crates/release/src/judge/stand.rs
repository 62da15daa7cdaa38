//! Where a release stands: what the journal and people say of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::release::{Release, Step};

/// Where a running release stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stand {
    /// Its step, the first being 0; none while its first push, which has no shares, is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// When that was pushed.
    pub begun: Timestamp,
    /// The number of that push.
    pub push: u64,
    /// Somebody paused it.
    #[serde(skip_serializing_if = "is_not")]
    pub paused: bool,
    /// Somebody froze all.
    #[serde(skip_serializing_if = "is_not")]
    pub frozen: bool,
    /// Steps that somebody approved.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub approved: BTreeSet<usize>,
    /// Somebody began this step, whatever is suspected: a suspicion counts again at its end.
    #[serde(skip_serializing_if = "is_not")]
    pub passed: bool,
    /// Nothing can be concluded in this step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inconclusive: Option<Inconclusive>,
    /// Why the policy with its next step would not be good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// It waits for routes of its tags.
    #[serde(skip_serializing_if = "is_not")]
    pub waits_for_routes: bool,
    /// A switch of the policy keeps it off.
    #[serde(skip_serializing_if = "is_not")]
    pub switched_off: bool,
}

/// Why nothing can be concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inconclusive {
    /// An arm has another part of the requests than planned.
    Deviation,
    /// It held longer than `max_hold`.
    MaxHold,
}

impl Stand {
    /// The step that it is in.
    pub(super) fn step_of<'a>(&self, release: &'a Release) -> Option<&'a Step> {
        release.steps.get(self.step?)
    }

    /// The share of that, in parts per million; 0 before the first step.
    pub(super) fn share(&self, release: &Release) -> u32 {
        self.step_of(release).map_or(0, |step| step.share)
    }

    /// The step after that; none if it is the last.
    pub(super) fn next(&self, release: &Release) -> Option<usize> {
        let next = self.step.map_or(0, |step| step.saturating_add(1));
        (next < release.steps.len()).then_some(next)
    }
}

fn is_not(value: &bool) -> bool {
    !*value
}
