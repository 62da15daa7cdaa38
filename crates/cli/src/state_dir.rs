//! The folder where `weir serve` saves what it served: each revision of the policy, the history of which was in force when,
//! and what is deployed. Files change by renaming, so that whoever reads meanwhile, or after a crash, finds whole ones.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use weir_policy::Checked;

use crate::problems::Failure;

mod deployed;
mod evidence;
mod history;
mod journal;
mod release_requests;
mod request;

pub use deployed::DeployedRevisions;
pub use history::Cause;
pub use journal::{JournalFile, JournalMark};
pub use release_requests::{Answer, Waiting};
pub use request::RollbackRequest;

/// The folder of one server's state.
#[derive(Clone)]
pub struct StateDir {
    folder: PathBuf,
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
                Err(Failure::Usage(format!("--state {folder}: no weir serve has saved anything here: {error}")))
            }
        }
    }

    /// Locks the folder for one server alone, until the file that is returned is dropped.
    pub fn lock(&self) -> Result<File, Failure> {
        let lock = || {
            let file = File::create(self.folder.join(LOCK))?;
            let is_ours = lock_alone(&file)?;
            Ok(is_ours.then_some(file))
        };
        let Some(file) = lock().map_err(|error| unusable(&self.folder, &error))? else {
            return Err(Failure::Usage(format!(
                "--state {}: another weir serve keeps its state here; give each one a folder of its own",
                self.folder.display()
            )));
        };
        self.sweep()?;
        Ok(file)
    }

    /// Whether a server has the folder locked. Nothing is written, and it need not be allowed.
    pub fn is_served(&self) -> Result<bool, Failure> {
        let look = || match File::open(self.folder.join(LOCK)) {
            Ok(file) => is_locked(&file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        look().map_err(|error| unusable(&self.folder.join(LOCK), &error))
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

    /// The file of the policy of this revision.
    pub fn policy(&self, revision: &str) -> PathBuf {
        self.folder.join(REVISIONS).join(format!("{revision}.json"))
    }

    fn save_policy(&self, policy: &Checked) -> Result<(), Failure> {
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
        write_whole(&self.folder, &path, content).map_err(|error| unusable(&path, &error))
    }
}

/// Writes a file by way of another one in `folder`.
fn write_whole(folder: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    // As any new file: whoever may read the folder may ask for its history.
    let mode = Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).permissions(mode).tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(path.parent().unwrap_or(folder))?.sync_all()
}

/// Locks a file that only another server keeps locked; false if one does. Whoever looks whether a server lives has it for a
/// moment, and together with others.
fn lock_alone(file: &File) -> io::Result<bool> {
    let deadline = Instant::now() + LOOKS_MAX;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if is_locked(file)? || Instant::now() > deadline => return Ok(false),
            Err(TryLockError::WouldBlock) => thread::yield_now(),
        }
    }
}

/// Whether somebody has it for themselves.
fn is_locked(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The file that a server keeps locked.
const LOCK: &str = "lock";
/// How long a server that starts waits for those that only look.
const LOOKS_MAX: Duration = Duration::from_secs(10);
/// The prefix of files that are not whole yet.
const UNFINISHED: &str = "new-";
const REVISIONS: &str = "revisions";

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("{}: cannot be used to keep state: {error}", path.display()))
}

#[cfg(test)]
mod tests;
