//! The history: which revision was in force since when, and why.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::json;
use weir_policy::Checked;

use super::{REVISIONS, StateDir};
use crate::problems::Failure;

/// Entries of the history for each cause, and as many of changes beside the policy, so that those of one that comes often
/// drown none of another. Older ones are removed, and policies that no entry names any more.
pub const ENTRIES_PER_CAUSE_MAX: usize = 100;

/// A revision that was in force from some time on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The policy.
    pub revision: String,
    /// RFC 3339, in UTC.
    pub since: String,
    /// Why it came into force.
    pub cause: Cause,
    /// What changed by it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Whether the policy was in force before, and only what lies beside it changed: attachments or resources.
    #[serde(default, skip_serializing_if = "is_false")]
    pub beside: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Why a revision came into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The policy's files said so.
    Files,
    /// Somebody asked for an earlier revision.
    Rollback,
}

impl StateDir {
    /// The revisions that were in force, oldest first.
    pub fn history(&self) -> Result<Vec<HistoryEntry>, Failure> {
        Ok(self.read(HISTORY)?.unwrap_or_default())
    }

    /// The revision that the files said last when they were good.
    pub fn last_written(&self) -> Result<Option<String>, Failure> {
        let last = self.history()?.into_iter().rfind(|entry| entry.cause == Cause::Files);
        Ok(last.map(|entry| entry.revision))
    }

    /// The revision that was in force last.
    pub fn last_in_force(&self) -> Result<Option<String>, Failure> {
        Ok(self.history()?.pop().map(|entry| entry.revision))
    }

    /// Saves that this policy is in force from now on, and what changed by it.
    pub fn save_in_force(&self, policy: &Checked, cause: Cause, changes: &[String]) -> Result<(), Failure> {
        let revision = policy.revision.to_string();
        let mut history = self.history()?;
        let beside = history.last().is_some_and(|last| last.revision == revision && last.cause == cause);
        if beside && changes.is_empty() {
            // What was deployed before may be named by nothing any more.
            self.remove_unnamed(&history);
            return Ok(());
        }
        self.save_policy(policy)?;
        let since = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        history.push(HistoryEntry { revision, since, cause, changes: changes.to_vec(), beside });
        let history = newest_of_each_cause(history);
        self.write(HISTORY, json!(history).to_string().as_bytes())?;
        self.remove_unnamed(&history);
        Ok(())
    }

    /// Removes policies that neither the history names nor what is deployed.
    fn remove_unnamed(&self, history: &[HistoryEntry]) {
        let deployed = self.deployed().ok().flatten();
        let is_deployed =
            |revision: &str| deployed.as_ref().is_some_and(|it| it.edges == revision || it.mesh == revision);
        let named = |path: &Path| {
            let revision = path.file_stem().and_then(|stem| stem.to_str());
            let is_named = |revision| history.iter().any(|entry| entry.revision == revision) || is_deployed(revision);
            revision.is_some_and(is_named)
        };
        for path in fs::read_dir(self.folder.join(REVISIONS)).into_iter().flatten().flatten().map(|entry| entry.path())
        {
            if !named(&path) {
                // One that stays takes room and does no harm.
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn newest_of_each_cause(history: Vec<HistoryEntry>) -> Vec<HistoryEntry> {
    let causes: Vec<(Cause, bool)> = history.iter().map(|entry| (entry.cause, entry.beside)).collect();
    let newer = |at: usize| causes[at + 1..].iter().filter(|cause| **cause == causes[at]).count();
    let kept = history.into_iter().enumerate().filter(|(at, _)| newer(*at) < ENTRIES_PER_CAUSE_MAX);
    kept.map(|(_, entry)| entry).collect()
}

const HISTORY: &str = "history.json";
