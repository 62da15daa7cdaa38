//! How far something is that takes a while.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

/// Soon enough for nobody to ask.
const SOON: Duration = Duration::from_secs(2);

/// Says on a terminal how many of all of these are done, where that takes longer; `of` stands before it.
pub fn progress(of: &str, all: usize, what: &str) -> impl Fn(usize) + Sync {
    let (started, is_seen) = (Instant::now(), stderr().is_terminal());
    move |done| {
        let is_time = done % all.div_ceil(100) == 0 && started.elapsed() > SOON;
        if is_seen && is_time {
            eprint!("\r{of}{done} of {all} {what}{}", if done == all { "\n" } else { "" });
        }
    }
}
