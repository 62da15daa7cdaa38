//! The folder where `weir serve` keeps what it served: each revision of the policy, and the history of which was in force
//! when. Files change by renaming, so that whoever reads meanwhile, or after a crash, finds whole ones.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::load::Policy;
use crate::problems::Failure;

mod request;

pub use request::RollbackRequest;

/// Entries of the history; older ones are forgotten, and policies that no entry names any more.
pub const HISTORY_MAX: usize = 100;

/// Such a folder.
#[derive(Clone)]
pub struct StateDir {
    folder: PathBuf,
}

/// A revision that was in force from some time on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The policy.
    pub revision: String,
    /// RFC 3339, in UTC.
    pub since: String,
    /// Why.
    pub cause: Cause,
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

/// The revisions that Envoys are offered: those that decide one, all others one, which differ only during a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployedRevisions {
    /// At edges.
    pub edges: String,
    /// In the mesh.
    pub mesh: String,
}

impl StateDir {
    /// The folder, which is made if it is not there.
    pub fn open(folder: &Path) -> Result<StateDir, Failure> {
        let state = StateDir { folder: folder.to_owned() };
        fs::create_dir_all(state.folder.join(REVISIONS)).map_err(|error| unusable(folder, &error))?;
        Ok(state)
    }

    /// The folder, which must be there.
    pub fn existing(folder: &Path) -> Result<StateDir, Failure> {
        let state = StateDir { folder: folder.to_owned() };
        match fs::metadata(state.folder.join(REVISIONS)) {
            Ok(_) => Ok(state),
            Err(error) => {
                let folder = folder.display();
                Err(Failure::Usage(format!("--state {folder}: no weir serve has kept anything here: {error}")))
            }
        }
    }

    /// Takes the folder for one server alone, until the file that is returned is dropped.
    pub fn lock(&self) -> Result<File, Failure> {
        let file = File::create(self.folder.join("lock")).map_err(|error| unusable(&self.folder, &error))?;
        match file.try_lock() {
            Ok(()) => {
                self.sweep()?;
                Ok(file)
            }
            Err(TryLockError::WouldBlock) => Err(Failure::Usage(format!(
                "--state {}: another weir serve keeps its state here; give each one a folder of its own",
                self.folder.display()
            ))),
            Err(TryLockError::Error(error)) => Err(unusable(&self.folder, &error)),
        }
    }

    /// Removes what a crash left half-written.
    fn sweep(&self) -> Result<(), Failure> {
        let _alone = self.lock_requests()?;
        let entries = fs::read_dir(&self.folder).map_err(|error| unusable(&self.folder, &error))?;
        for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(UNFINISHED)) {
            // One that stays takes room and does no harm.
            let _ = fs::remove_file(entry.path());
        }
        Ok(())
    }

    /// What was in force, oldest first.
    pub fn history(&self) -> Result<Vec<HistoryEntry>, Failure> {
        Ok(self.read(HISTORY)?.unwrap_or_default())
    }

    /// Notes that this policy is in force from now on.
    pub fn save(&self, policy: &Policy, cause: Cause) -> Result<(), Failure> {
        let revision = policy.revision.to_string();
        let mut history = self.history()?;
        if history.last().is_some_and(|last| last.revision == revision && last.cause == cause) {
            return Ok(());
        }
        self.save_policy(policy)?;
        let since = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        history.push(HistoryEntry { revision, since, cause });
        history.drain(..history.len().saturating_sub(HISTORY_MAX));
        self.write(HISTORY, json!(history).to_string().as_bytes())?;
        self.remove_unnamed(&history);
        Ok(())
    }

    /// What Envoys were offered last, be it in the middle of a push.
    pub fn deployed(&self) -> Result<Option<DeployedRevisions>, Failure> {
        self.read(STANDING)
    }

    /// Notes that this is what Envoys are offered from now on.
    pub fn save_deployed(&self, edges: &Policy, mesh: &Policy) -> Result<(), Failure> {
        let [edges_revision, mesh_revision] = [edges, mesh].map(|policy| policy.revision.to_string());
        let stood = DeployedRevisions { edges: edges_revision, mesh: mesh_revision };
        if self.deployed().is_ok_and(|before| before.as_ref() == Some(&stood)) {
            return Ok(());
        }
        self.save_policy(edges)?;
        self.save_policy(mesh)?;
        self.write(STANDING, json!(stood).to_string().as_bytes())
    }

    /// Where the policy of this revision is kept.
    pub fn policy(&self, revision: &str) -> PathBuf {
        self.folder.join(REVISIONS).join(format!("{revision}.json"))
    }

    fn save_policy(&self, policy: &Policy) -> Result<(), Failure> {
        let revision = policy.revision.to_string();
        if self.policy(&revision).exists() {
            return Ok(());
        }
        self.write(&format!("{REVISIONS}/{revision}.json"), policy.canonical.as_bytes())
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, Failure> {
        let path = self.folder.join(name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&path, &error)),
        };
        let value = serde_json::from_slice(&text).map_err(|error| {
            Failure::Usage(format!(
                "{}: not what weir serve writes: {error}; move it away to begin anew",
                path.display()
            ))
        })?;
        Ok(Some(value))
    }

    /// Writes a file as a whole or not at all, on disk when this returns. Server and commands write at the same time: what is
    /// not whole yet has a name that nobody else takes, and is gone if this fails.
    fn write(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(name);
        let write = || {
            // As any new file: whoever may read the folder may ask for its history.
            let mode = Permissions::from_mode(0o666);
            let mut file = tempfile::Builder::new().prefix(UNFINISHED).permissions(mode).tempfile_in(&self.folder)?;
            file.write_all(content)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            File::open(path.parent().unwrap_or(&self.folder))?.sync_all()
        };
        write().map_err(|error| unusable(&path, &error))
    }

    /// Policies that neither the history names nor what stands.
    fn remove_unnamed(&self, history: &[HistoryEntry]) {
        let stood = self.deployed().ok().flatten();
        let stands = |revision: &str| stood.as_ref().is_some_and(|it| it.edges == revision || it.mesh == revision);
        let named = |path: &Path| {
            let revision = path.file_stem().and_then(|stem| stem.to_str());
            let is_named = |revision| history.iter().any(|entry| entry.revision == revision) || stands(revision);
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

/// How names of files begin that are not whole yet.
const UNFINISHED: &str = "new-";
const REVISIONS: &str = "revisions";
const HISTORY: &str = "history.json";
const STANDING: &str = "standing.json";

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("{}: cannot be used to keep state: {error}", path.display()))
}

#[cfg(test)]
mod tests;
