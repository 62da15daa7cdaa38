//! The newest lines of the journal, for who tells them on: nobody should read a large file for each line.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tokio::sync::watch;

use crate::problems::Failure;
use crate::state_dir::StateDir;

/// Lines that are kept; older ones are in the file.
const LINES_MAX: usize = 1_024;
/// The most that are given at once.
const GIVEN_MAX: usize = 256;

/// The newest lines.
#[derive(Clone)]
pub struct Recent {
    folder: StateDir,
    lines: Arc<Mutex<Lines>>,
    newest: watch::Sender<u64>,
}

struct Lines {
    /// The number of the last line before these.
    before: u64,
    lines: VecDeque<(u64, String)>,
}

#[derive(Deserialize)]
struct Head {
    number: u64,
    event: String,
}

impl Recent {
    /// None yet, of a journal whose last line has this number.
    pub fn behind(folder: StateDir, number: u64) -> Recent {
        let lines = Lines { before: number, lines: VecDeque::new() };
        Recent { folder, lines: Arc::new(Mutex::new(lines)), newest: watch::Sender::new(number) }
    }

    /// Takes in lines that took effect.
    pub fn take(&self, lines: impl Iterator<Item = (u64, String)>) {
        let mut kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines {
            self.newest.send_replace(line.0);
            kept.lines.push_back(line);
            if kept.lines.len() > LINES_MAX
                && let Some((number, _)) = kept.lines.pop_front()
            {
                kept.before = number;
            }
        }
    }

    /// The number of the newest line, from each moment on.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The first lines behind this number: those that are kept, or else what the file still has.
    pub fn after(&self, number: u64) -> io::Result<Vec<(u64, String)>> {
        {
            let kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if number >= kept.before {
                let after = kept.lines.iter().filter(|line| line.0 > number);
                return Ok(after.take(GIVEN_MAX).cloned().collect());
            }
        }
        let (mut before, mut after, kept) = (Vec::new(), Vec::new(), Cell::new(0));
        let take = |text: &str, given: &mut Vec<(u64, String)>| {
            let Head { number: found, event } = serde_json::from_str(text).map_err(|error| error.to_string())?;
            if event == "kept" {
                // What a rotated file begins with tells nothing new.
                kept.set(found);
            } else if found > number && given.len() < GIVEN_MAX {
                given.push((found, text.to_owned()));
            }
            Ok(())
        };
        let failed = |failure: Failure| io::Error::other(failure.text(false));
        self.folder.read_journal(|text| take(text, &mut after)).map_err(failed)?;
        if kept.get() > number {
            // Lines that it lacks may be in the file of before.
            self.folder.read_journal_before(|text| take(text, &mut before)).map_err(failed)?;
        }
        before.extend(after);
        before.truncate(GIVEN_MAX);
        Ok(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u64) -> String {
        format!(r#"{{"number":{number},"event":"seen"}}"#)
    }

    fn numbers(recent: &Recent, after: u64) -> Vec<u64> {
        recent.after(after).unwrap().into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn lines_come_from_memory_and_older_ones_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        let (mut journal, _) = state.begin_journal(r#"{"number":2,"event":"kept"}"#).unwrap();
        journal.append(&[line(3), line(4)], || None).unwrap();
        let recent = Recent::behind(state, 4);
        recent.take([(5, line(5)), (6, line(6))].into_iter());
        assert_eq!(*recent.newest().borrow(), 6);
        assert_eq!([numbers(&recent, 4), numbers(&recent, 5), numbers(&recent, 6)], [vec![5, 6], vec![6], vec![]]);
        assert_eq!([numbers(&recent, 0), numbers(&recent, 3)], [vec![3, 4], vec![4]]);
        // A file that was rotated since lacks what the one of before has.
        std::fs::copy(
            folder.path().join("releases/journal.jsonl"),
            folder.path().join("releases/journal-before.jsonl"),
        )
        .unwrap();
        std::fs::write(
            folder.path().join("releases/journal.jsonl"),
            format!("{}\n{}\n", r#"{"number":4,"event":"kept"}"#, line(5)),
        )
        .unwrap();
        assert_eq!([numbers(&recent, 2), numbers(&recent, 3)], [vec![3, 4, 5], vec![4, 5]]);
        std::fs::remove_file(folder.path().join("releases/journal-before.jsonl")).unwrap();
        assert_eq!(numbers(&recent, 2), [5]);
        recent.take((7..7 + LINES_MAX as u64).map(|number| (number, line(number))));
        assert_eq!(numbers(&recent, 6).len(), GIVEN_MAX);
        assert_eq!(numbers(&recent, 5), [0; 0], "the file is asked, and has not got them in this test");
    }
}
