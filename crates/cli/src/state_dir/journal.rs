//! The file of the journal of releases: one line for each thing that happened to them, on disk before it takes effect. Here a
//! line is a text; what it says, whoever opens the file knows.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use weir_release::state::State;

use super::{StateDir, unusable, write_whole};
use crate::problems::Failure;

/// The size beyond which the journal begins anew with what all its lines come to.
pub const JOURNAL_BYTES_MAX: u64 = 64 << 20;

/// The journal, open for the one server of its folder.
pub struct JournalFile {
    state: StateDir,
    file: File,
    /// The bytes of the lines that are on disk; what stands behind them is no line.
    size: u64,
    /// The size beyond which it is rotated.
    size_max: u64,
    /// Whether something stands behind the lines, which could not be cut off.
    is_torn: bool,
    /// Lines that took effect without being on disk, since that could not wait.
    owed: VecDeque<String>,
}

/// A journal that was read, and open.
pub struct OpenedJournal {
    /// The journal.
    pub journal: JournalFile,
    /// The bytes of a last line that was half written, and is cut off. It had not taken effect.
    pub cut_off: usize,
}

/// Which journal it is, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalMark {
    file: u64,
    bytes: u64,
    changed: SystemTime,
}

impl StateDir {
    /// Opens the journal and has each of its lines taken, first to last; none if there is none. One that cannot be read stays
    /// as it is.
    pub fn open_journal(&self, take: impl FnMut(&str) -> Result<(), String>) -> Result<Option<OpenedJournal>, Failure> {
        self.open_journal_of(JOURNAL_BYTES_MAX, take)
    }

    /// Has each line of the journal taken, for who only reads; whether there is one. A server may write meanwhile.
    pub fn read_journal(&self, take: impl FnMut(&str) -> Result<(), String>) -> Result<bool, Failure> {
        Ok(take_lines(&self.journal_file(), take)?.is_some())
    }

    /// What the journal comes to, for who only reads; nothing where there is none.
    pub fn releases(&self) -> Result<State, Failure> {
        let mut state = State::default();
        self.read_journal(|text| state.read_line(text).map(drop).map_err(|broken| broken.to_string()))?;
        Ok(state)
    }

    /// Changes whenever the journal does; none where there is none.
    pub fn journal_mark(&self) -> Option<JournalMark> {
        let found = fs::metadata(self.journal_file()).ok()?;
        Some(JournalMark { file: found.ino(), bytes: found.len(), changed: found.modified().ok()? })
    }

    /// The same of the file of before the last rotation.
    pub fn read_journal_before(&self, take: impl FnMut(&str) -> Result<(), String>) -> Result<bool, Failure> {
        let path = self.journal_file().with_file_name(JOURNAL_BEFORE);
        Ok(take_lines(&path, take)?.is_some())
    }

    /// Begins a journal with this line. What is in its place is moved aside under the name that is returned.
    pub fn begin_journal(&self, first: &str) -> Result<(JournalFile, Option<PathBuf>), Failure> {
        self.begin_journal_of(JOURNAL_BYTES_MAX, first)
    }

    /// Forgets which line a webhook was told last.
    pub fn forget_told(&self) -> Result<(), Failure> {
        let path = self.journal_file().with_file_name(TOLD);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(unusable(&path, &error)),
            _ => Ok(()),
        }
    }

    fn begin_journal_of(&self, size_max: u64, first: &str) -> Result<(JournalFile, Option<PathBuf>), Failure> {
        let path = self.journal_file();
        let begin = || {
            fs::create_dir_all(self.folder.join(RELEASES))?;
            File::open(&self.folder)?.sync_all()?;
            let aside = free_name(&self.folder.join(RELEASES))?;
            let moved = match fs::rename(&path, &aside) {
                Ok(()) => Some(aside),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            // Its lines are counted from 1 again.
            match fs::remove_file(path.with_file_name(NOTIFIED)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let file = self.write_journal(first)?;
            let size = file.metadata()?.len();
            let state = self.clone();
            Ok((JournalFile { state, file, size, size_max, is_torn: false, owed: VecDeque::new() }, moved))
        };
        begin().map_err(|error| unusable(&path, &error))
    }

    fn open_journal_of(
        &self,
        size_max: u64,
        take: impl FnMut(&str) -> Result<(), String>,
    ) -> Result<Option<OpenedJournal>, Failure> {
        let Some(Taken { first, whole, rest }) = take_lines(&self.journal_file(), take)? else { return Ok(None) };
        let path = self.journal_file();
        let open = || {
            let file = File::options().read(true).write(true).open(&path)?;
            if rest > 0 {
                file.set_len(whole)?;
                file.sync_all()?;
            }
            Ok(file)
        };
        let file = open().map_err(|error| unusable(&path, &error))?;
        let size_max = rotated_beyond(size_max, first);
        let state = self.clone();
        let journal = JournalFile { state, file, size: whole, size_max, is_torn: false, owed: VecDeque::new() };
        Ok(Some(OpenedJournal { journal, cut_off: rest }))
    }

    /// Writes a journal of this one line, on disk when this returns.
    fn write_journal(&self, first: &str) -> io::Result<File> {
        let path = self.journal_file();
        write_whole(&self.folder, &path, format!("{first}\n").as_bytes())?;
        File::options().read(true).write(true).open(&path)
    }

    fn journal_file(&self) -> PathBuf {
        self.folder.join(RELEASES).join(JOURNAL)
    }
}

/// Has each line of a file taken; none if there is no file.
fn take_lines(path: &Path, mut take: impl FnMut(&str) -> Result<(), String>) -> Result<Option<Taken>, Failure> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, &error)),
    };
    let whole = whole_lines(&bytes);
    let (lines, rest) = bytes.split_at(whole);
    let lines: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
    let bad = |number: usize, why: String| {
        let path = path.display();
        Failure::Usage(format!(
            "{path}: line {number}: {why}; nothing is changed. Put a copy in its place that is whole, or begin a new \
             journal by --new-journal, with all releases queued and paused"
        ))
    };
    if lines.is_empty() {
        // The first line is there before the file is.
        return Err(bad(1, "there is none".to_owned()));
    }
    for (number, line) in (1..).zip(&lines) {
        let text = str::from_utf8(line).map_err(|error| bad(number, error.to_string()))?;
        take(text.trim_end_matches('\n')).map_err(|why| bad(number, why))?;
    }
    let first = lines.first().map_or(0, |line| line.len());
    Ok(Some(Taken { first: to_u64(first), whole: to_u64(whole), rest: rest.len() }))
}

/// What a journal holds, in bytes: its first line, all whole lines, and what follows them.
struct Taken {
    first: u64,
    whole: u64,
    rest: usize,
}

impl JournalFile {
    /// Writes lines, on disk when this returns; first those that are owed. If it fails none of them is there, and none may take
    /// effect. `fold` is the line that all lines before come to.
    pub fn append(&mut self, lines: &[String], fold: impl FnOnce() -> Option<String>) -> io::Result<()> {
        self.pay()?;
        if self.size > self.size_max
            && let Some(fold) = fold()
        {
            // Where it fails it goes on in the file that is too large: the next line tries again.
            let _ = self.rotate(&fold);
        }
        self.write(lines)
    }

    /// Whether there is room for some lines; what is owed is written first.
    pub fn has_room(&mut self) -> io::Result<()> {
        self.pay()?;
        if !self.is_torn {
            return Ok(());
        }
        self.cut_off()?;
        self.is_torn = true;
        self.file.write_all_at(&[b' '; ROOM], self.size)?;
        self.file.sync_data()?;
        self.cut_off()
    }

    /// Has lines written when there is room: they take effect without.
    pub fn owe(&mut self, lines: impl IntoIterator<Item = String>) {
        self.owed.extend(lines);
    }

    /// Writes what is owed.
    pub fn pay(&mut self) -> io::Result<()> {
        if self.owed.is_empty() {
            return Ok(());
        }
        let owed: Vec<String> = self.owed.iter().cloned().collect();
        self.write(&owed)?;
        self.owed.clear();
        Ok(())
    }

    fn write(&mut self, lines: &[String]) -> io::Result<()> {
        if self.is_torn {
            self.cut_off()?;
        }
        let bytes: Vec<u8> = lines.iter().flat_map(|line| line.bytes().chain([b'\n'])).collect();
        let written = self.file.write_all_at(&bytes, self.size).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.size = self.size.saturating_add(to_u64(bytes.len()));
                Ok(())
            }
            Err(error) => {
                self.is_torn = true;
                // What cannot be cut off now is cut off before the next line.
                let _ = self.cut_off();
                Err(error)
            }
        }
    }

    /// Takes away what was begun and is no line.
    fn cut_off(&mut self) -> io::Result<()> {
        self.file.set_len(self.size)?;
        self.file.sync_data()?;
        self.is_torn = false;
        Ok(())
    }

    /// Begins the file anew with this line. The file of before stays beside it, until the next time.
    fn rotate(&mut self, fold: &str) -> io::Result<()> {
        let path = self.state.journal_file();
        let before = path.with_file_name(JOURNAL_BEFORE);
        match fs::remove_file(&before) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::hard_link(&path, &before)?;
        let written = self.state.write_journal(fold).map(drop);
        // Also where that failed: the file may be in its place all the same, and lines must not go to the one of before.
        let now = File::options().read(true).write(true).open(&path)?;
        let found = now.metadata()?;
        if found.ino() != self.file.metadata()?.ino() {
            self.size = found.len();
            self.size_max = rotated_beyond(self.size_max, self.size);
            (self.file, self.is_torn) = (now, false);
        }
        written
    }
}

/// One that would be as large at once is not rotated again and again.
fn rotated_beyond(size_max: u64, first: u64) -> u64 {
    size_max.max(first.saturating_mul(2))
}

/// The bytes that are whole lines. The last line is not if its end is missing, or if the power went before all of it was on
/// disk: then there are zeros in its place.
fn whole_lines(bytes: &[u8]) -> usize {
    let end = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
    let whole = end(bytes);
    let last = end(bytes.get(..whole.saturating_sub(1)).unwrap_or_default());
    let is_torn = bytes.get(last..whole).is_some_and(|line| line.contains(&0));
    if is_torn { last } else { whole }
}

/// A name for a journal that is moved aside.
fn free_name(folder: &Path) -> io::Result<PathBuf> {
    let names = (1..1_000).map(|number| folder.join(format!("journal-aside-{number}.jsonl")));
    let mut free = names.filter(|path| !path.exists());
    free.next().ok_or_else(|| io::Error::other("too many journals were moved aside"))
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The bytes that are tried where there was no room before.
const ROOM: usize = 64 << 10;
/// The folder of all that is kept of releases.
pub(super) const RELEASES: &str = "releases";
const JOURNAL: &str = "journal.jsonl";
/// Which lines a webhook was told.
const NOTIFIED: &str = "notified.json";
/// What a webhook was told.
pub const TOLD: &str = "notified.json";
/// The file of before the last rotation.
const JOURNAL_BEFORE: &str = "journal-before.jsonl";

#[cfg(test)]
mod tests;
