//! What people ask of releases: a file for each request, written by a command, taken once by the server of the folder, which
//! leaves word of one that it refuses.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::journal::RELEASES;
use super::{StateDir, unusable};
use crate::problems::Failure;

/// The most requests that are taken at once; the others wait for the next time.
const REQUESTS_MAX: usize = 256;
/// The most bytes of a request.
const REQUEST_BYTES_MAX: u64 = 64 << 10;
/// The time for which a refusal waits to be read.
const REFUSED_AGE_MAX: Duration = Duration::from_secs(3600);

/// A request that waits, by the id that the server calls it by.
#[derive(Debug, PartialEq)]
pub struct Waiting<R> {
    /// In the order of the ids the requests were made.
    pub id: String,
    /// What is asked for, or why nobody can tell.
    pub request: Result<R, String>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// No server has taken it yet.
    None,
    /// It was applied.
    Applied,
    /// It was not, and why.
    Refused(String),
}

impl StateDir {
    /// Leaves a request for the server of this folder; its id.
    pub fn ask(&self, request: &impl Serialize) -> Result<String, Failure> {
        let folder = self.requests_folder();
        fs::create_dir_all(&folder).map_err(|error| unusable(&folder, &error))?;
        let id = new_id().map_err(|error| unusable(&folder, &error))?;
        self.write(&format!("{RELEASES}/{REQUESTS}/{id}.{REQUEST}"), json!(request).to_string().as_bytes())?;
        Ok(id)
    }

    /// What became of a request. A refusal is read once.
    pub fn answer_to(&self, id: &str) -> Result<Answer, Failure> {
        let file = |kind: &str| self.requests_folder().join(format!("{id}.{kind}"));
        // A refusal is written before the request goes.
        if file(REQUEST).exists() {
            return Ok(Answer::None);
        }
        let refused = file(REFUSED);
        match fs::read_to_string(&refused) {
            Ok(why) => {
                let _ = fs::remove_file(&refused);
                Ok(Answer::Refused(why))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Answer::Applied),
            Err(error) => Err(unusable(&refused, &error)),
        }
    }

    /// Takes back a request that nobody has taken; false if somebody has.
    pub fn withdraw(&self, id: &str) -> Result<bool, Failure> {
        let path = self.requests_folder().join(format!("{id}.{REQUEST}"));
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unusable(&path, &error)),
        }
    }

    /// The requests that wait, in the order in which they were made.
    pub fn requests<R: DeserializeOwned>(&self) -> Result<Vec<Waiting<R>>, Failure> {
        let folder = self.requests_folder();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unusable(&folder, &error)),
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.iter().filter(|path| has(path, REFUSED) && is_old(path)).for_each(|path| {
            // Nobody waits for it any more; one that stays does no harm.
            let _ = fs::remove_file(path);
        });
        paths.retain(|path| has(path, REQUEST));
        paths.sort_unstable();
        let waiting = paths.iter().take(REQUESTS_MAX).filter_map(|path| {
            let id = path.file_stem()?.to_str()?.to_owned();
            Some(Waiting { id, request: read(path).transpose()? })
        });
        Ok(waiting.collect())
    }

    /// A request was applied, or refused for this reason.
    pub fn answered(&self, id: &str, refused: Option<&str>) -> Result<(), Failure> {
        if let Some(why) = refused {
            self.write(&format!("{RELEASES}/{REQUESTS}/{id}.{REFUSED}"), why.as_bytes())?;
        }
        self.withdraw(id).map(drop)
    }

    fn requests_folder(&self) -> PathBuf {
        self.folder.join(RELEASES).join(REQUESTS)
    }
}

/// A request; none if it was taken back meanwhile.
fn read<R: DeserializeOwned>(path: &Path) -> Result<Option<R>, String> {
    let found = fs::metadata(path).and_then(|found| match found.len() {
        0..=REQUEST_BYTES_MAX => fs::read(path),
        _ => Err(io::Error::other(format!("larger than {REQUEST_BYTES_MAX} bytes"))),
    });
    match found {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| format!("not a request: {error}")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}

fn has(path: &Path, kind: &str) -> bool {
    path.extension().is_some_and(|extension| extension == kind)
}

fn is_old(path: &Path) -> bool {
    let written = fs::metadata(path).and_then(|found| found.modified());
    written.is_ok_and(|written| SystemTime::now().duration_since(written).is_ok_and(|age| age > REFUSED_AGE_MAX))
}

/// An id that nobody else has, behind all that were made in earlier milliseconds.
fn new_id() -> io::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    Ok(format!("{now:014}-{:016x}", u64::from_be_bytes(random)))
}

const REQUESTS: &str = "requests";
const REQUEST: &str = "json";
const REFUSED: &str = "refused";

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> (tempfile::TempDir, StateDir) {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        (folder, state)
    }

    #[test]
    fn requests_come_in_the_order_in_which_they_were_made_and_each_is_answered_once() {
        let (_folder, state) = empty();
        assert_eq!(state.requests::<String>().unwrap(), []);
        let ids = ["approve", "abort", "freeze"].map(|request| {
            std::thread::sleep(Duration::from_millis(2));
            state.ask(&request).unwrap()
        });
        let waiting = state.requests::<String>().unwrap();
        let expected = ids.iter().zip(["approve", "abort", "freeze"]);
        assert!(waiting.iter().map(|one| (&one.id, one.request.as_deref().unwrap())).eq(expected), "{waiting:?}");

        let [applied, refused, withdrawn] = &ids;
        assert_eq!(state.answer_to(applied).unwrap(), Answer::None);
        state.answered(applied, None).unwrap();
        state.answered(refused, Some("it is over")).unwrap();
        assert!(state.withdraw(withdrawn).unwrap());
        assert_eq!(state.answer_to(applied).unwrap(), Answer::Applied);
        assert_eq!(state.answer_to(refused).unwrap(), Answer::Refused("it is over".into()));
        assert_eq!(state.requests::<String>().unwrap(), []);
        assert!(!state.withdraw(applied).unwrap());
        assert_eq!(fs::read_dir(state.requests_folder()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_request_is_told_of_by_its_id_and_stands_in_nobodys_way() {
        let (_folder, state) = empty();
        let good = state.ask(&"abort").unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(state.requests_folder().join(name), bytes).unwrap();
        write("0.json", b"{");
        write("1.json", &vec![b' '; REQUEST_BYTES_MAX as usize + 1]);
        write("2.txt", b"\"abort\"");
        let waiting = state.requests::<String>().unwrap();
        let told: Vec<(&str, bool)> = waiting.iter().map(|one| (one.id.as_str(), one.request.is_ok())).collect();
        assert_eq!(told, [("0", false), (good.as_str(), true), ("1", false)], "{waiting:?}");
    }

    #[test]
    fn no_more_are_taken_at_once_than_are_handled_and_old_refusals_go() {
        let (_folder, state) = empty();
        for number in 0..=REQUESTS_MAX {
            state.ask(&number).unwrap();
        }
        assert_eq!(state.requests::<usize>().unwrap().len(), REQUESTS_MAX);
        let first = state.requests::<usize>().unwrap().remove(0).id;
        state.answered(&first, Some("no")).unwrap();
        assert_eq!(state.requests::<usize>().unwrap().len(), REQUESTS_MAX);
        let refused = state.requests_folder().join(format!("{first}.{REFUSED}"));
        let long_ago = SystemTime::now() - REFUSED_AGE_MAX - Duration::from_secs(1);
        fs::File::options().write(true).open(&refused).unwrap().set_modified(long_ago).unwrap();
        state.requests::<usize>().unwrap();
        assert!(!refused.exists());
    }
}
