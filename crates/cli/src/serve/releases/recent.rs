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
/// The bytes of those: a verdict of 15 arms and 32 guardrails is half a megabyte.
const BYTES_MAX: usize = 16 << 20;
/// The most that are given at once, and their bytes, beyond which no more is added.
const GIVEN_MAX: usize = 256;
const GIVEN_BYTES_MAX: usize = 4 << 20;

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
    bytes: usize,
}

#[derive(Deserialize)]
struct Head {
    number: u64,
    event: String,
}

impl Recent {
    /// None yet, of a journal whose last line has this number.
    pub fn behind(folder: StateDir, number: u64) -> Recent {
        let lines = Lines { before: number, lines: VecDeque::new(), bytes: 0 };
        Recent { folder, lines: Arc::new(Mutex::new(lines)), newest: watch::Sender::new(number) }
    }

    /// Takes in lines that took effect.
    pub fn take(&self, lines: impl Iterator<Item = (u64, String)>) {
        let mut kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines {
            self.newest.send_replace(line.0);
            kept.bytes += line.1.len();
            kept.lines.push_back(line);
            while (kept.lines.len() > LINES_MAX || kept.bytes > BYTES_MAX)
                && let Some((number, text)) = kept.lines.pop_front()
            {
                (kept.before, kept.bytes) = (number, kept.bytes - text.len());
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
                return Ok(given(after.cloned()));
            }
        }
        let (mut before, mut after, kept) = (Vec::new(), Vec::new(), Cell::new(0));
        let take = |text: &str, given: &mut Vec<(u64, String)>| {
            let Head { number: found, event } = serde_json::from_str(text).map_err(|error| error.to_string())?;
            if event == "kept" {
                // What a rotated file begins with tells nothing new.
                kept.set(found);
            } else if found > number && has_room(given) {
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
        Ok(given(before.into_iter().chain(after)))
    }
}

/// The first of these, as many as are given at once.
fn given(lines: impl Iterator<Item = (u64, String)>) -> Vec<(u64, String)> {
    lines.fold(Vec::new(), |mut given, line| {
        if has_room(&given) {
            given.push(line);
        }
        given
    })
}

fn has_room(given: &[(u64, String)]) -> bool {
    given.len() < GIVEN_MAX && given.iter().map(|(_, text)| text.len()).sum::<usize>() < GIVEN_BYTES_MAX
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

    #[test]
    fn few_long_lines_are_kept_and_given_and_none_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        let long = |number: u64| format!(r#"{{"number":{number},"event":"{}"}}"#, "x".repeat(1 << 20));
        let (mut journal, _) = state.begin_journal(&line(1)).unwrap();
        let lines: Vec<String> = (2..=20).map(long).collect();
        journal.append(&lines, || None).unwrap();
        let recent = Recent::behind(state, 1);
        recent.take((2..=20).map(|number| (number, long(number))));
        let kept = recent.lines.lock().unwrap().lines.len();
        assert_eq!(kept, 15, "each is some bytes longer than a megabyte");
        // What is kept no longer comes from the file.
        for (after, expected) in [(1, 2..=5), (4, 5..=8), (5, 6..=9), (17, 18..=20)] {
            assert_eq!(numbers(&recent, after), expected.collect::<Vec<u64>>());
        }
        let longer = r#"{"number":21,"event":"y"}"#.to_owned() + &" ".repeat(BYTES_MAX);
        recent.take([(21, longer)].into_iter());
        assert_eq!(recent.lines.lock().unwrap().lines.len(), 0, "one that is longer is in the file alone");
    }
}
