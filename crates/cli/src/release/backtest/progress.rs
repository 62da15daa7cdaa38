//! How far it is, for whoever looks at a terminal and waits.

use std::io::{IsTerminal, Write as _, stderr};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::release::words::count;

const EVERY: Duration = Duration::from_secs(1);

/// A line that is written over, and gone in the end.
#[derive(Default)]
pub struct Progress {
    polls: u64,
    shown: Option<Instant>,
    is_there: bool,
}

impl Progress {
    /// One more poll.
    pub fn add(&mut self, at: Timestamp) {
        self.polls += 1;
        let shown = *self.shown.get_or_insert_with(Instant::now);
        if shown.elapsed() >= EVERY && stderr().is_terminal() {
            (self.shown, self.is_there) = (Some(Instant::now()), true);
            let _ = write!(stderr(), "\r{} polls, up to {at:.0} ", count(self.polls));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_there {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
