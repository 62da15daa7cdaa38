//! Going on to look: each time something changes, or until releases are over.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stdout};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use weir_release::state::Lifecycle;

use super::words::spoken;
use crate::duration;
use crate::problems::Failure;

/// Whether to go on looking.
#[derive(Args)]
pub struct Follow {
    /// Go on showing, each time something changes: on a terminal all of it, else a line for each release that changed
    #[arg(long, conflicts_with = "wait")]
    watch: bool,
    /// Go on until it is over, with a line for each change
    #[arg(long)]
    wait: bool,
    /// Wait no longer than this; without it for ever
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = duration::read)]
    timeout: Option<humantime::Duration>,
}

/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// Control characters that empty the screen and put the cursor to its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// What there is to see.
pub struct Shown {
    /// All of it.
    pub text: String,
    /// For machines, on one line.
    pub json: String,
    /// Each release.
    pub rows: Vec<Row>,
}

/// A release in one line.
pub struct Row {
    /// Its id.
    pub id: String,
    /// What it is.
    pub state: Lifecycle,
    /// What a change is: another text here.
    pub key: String,
    /// The line.
    pub line: String,
}

impl Follow {
    /// Whether it shows more than once.
    pub fn goes_on(&self) -> bool {
        self.watch || self.wait
    }

    /// Shows what there is to see, as often as asked. `look` finds nothing where a release is not known (any more), and `missing`
    /// says so.
    pub fn show(
        &self,
        json: bool,
        look: impl Fn() -> Result<Option<Shown>, Failure>,
        missing: impl Fn() -> Failure,
    ) -> Result<(), Failure> {
        let first = look()?.ok_or_else(missing)?;
        if !self.goes_on() {
            print!("{}", if json { &first.json } else { &first.text });
            return Ok(());
        }
        let until = self.timeout.map(|timeout| Instant::now() + *timeout);
        let is_over = |row: &&Row| is_over(row.state);
        // Of a list all are waited for that go on; of one that is over already its end counts.
        let waits_for: Vec<String> =
            first.rows.iter().filter(|row| first.rows.len() == 1 || !is_over(row)).map(|row| row.id.clone()).collect();
        let mut screen = Screen { json, redraws: self.watch && stdout().is_terminal(), ..Screen::default() };
        let mut shown = Some(first);
        loop {
            if let Some(shown) = &shown {
                screen.show(shown);
                if self.wait
                    && let Some(end) = end(&waits_for, &shown.rows)
                {
                    return end;
                }
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                let timeout = self.timeout.map(|timeout| timeout.to_string()).unwrap_or_default();
                return Err(Failure::NotYet(format!("not over after {timeout}")));
            }
            thread::sleep(PAUSE);
            shown = match look() {
                Ok(Some(shown)) => Some(shown),
                Ok(None) => return Err(Failure::Message("weir: it was withdrawn: its file is gone\n".to_owned())),
                // A server that starts anew is there again in a moment.
                Err(failure) => {
                    screen.complain(&failure);
                    None
                }
            };
        }
    }
}

/// What was shown last.
#[derive(Default)]
struct Screen {
    json: bool,
    redraws: bool,
    text: String,
    keys: BTreeMap<String, String>,
    complaint: String,
}

impl Screen {
    fn show(&mut self, shown: &Shown) {
        self.complaint.clear();
        let text = if self.json { &shown.json } else { &shown.text };
        if self.json || self.redraws {
            if *text != self.text {
                print!("{}{text}", if self.json { "" } else { CLEAR });
                self.text.clone_from(text);
            }
            return;
        }
        let keys = shown.rows.iter().map(|row| (row.id.clone(), row.key.clone())).collect();
        let before = std::mem::replace(&mut self.keys, keys);
        for row in shown.rows.iter().filter(|row| before.get(&row.id) != Some(&row.key)) {
            println!("{:.0} {}", Timestamp::now(), row.line);
        }
        for id in before.keys().filter(|id| !self.keys.contains_key(*id)) {
            println!("{:.0} {id}: withdrawn", Timestamp::now());
        }
    }

    fn complain(&mut self, failure: &Failure) {
        let complaint = failure.text(false);
        if complaint != self.complaint {
            eprint!("{complaint}");
            self.complaint = complaint;
        }
    }
}

fn is_over(state: Lifecycle) -> bool {
    matches!(state, Lifecycle::Finished | Lifecycle::RolledBack | Lifecycle::Aborted)
}

/// How waiting ends, if it does: badly as soon as one is rolled back, aborted or withdrawn.
fn end(waits_for: &[String], rows: &[Row]) -> Option<Result<(), Failure>> {
    let mut is_finished = true;
    for id in waits_for {
        let Some(row) = rows.iter().find(|row| row.id == *id) else {
            return Some(Err(Failure::Message(format!("weir: {id} was withdrawn: its file is gone\n"))));
        };
        match row.state {
            Lifecycle::Finished => {}
            Lifecycle::RolledBack | Lifecycle::Aborted => {
                return Some(Err(Failure::Message(format!("weir: {id} was {}\n", spoken(&row.state)))));
            }
            Lifecycle::Queued | Lifecycle::Blocked | Lifecycle::Running => is_finished = false,
        }
    }
    is_finished.then_some(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_when_all_are_finished_or_one_is_not_to_be() {
        use Lifecycle::{Aborted, Finished, RolledBack, Running};
        let row = |(id, state): &(&str, Lifecycle)| Row {
            id: (*id).to_owned(),
            state: *state,
            key: String::new(),
            line: String::new(),
        };
        let waits_for = ["owl".to_owned(), "cat".to_owned()];
        for (rows, expected) in [
            (vec![("owl", Running), ("cat", Finished)], None),
            (vec![("owl", Finished), ("cat", Finished), ("dog", RolledBack)], Some(None)),
            (vec![("owl", Running), ("cat", RolledBack)], Some(Some("weir: cat was rolled back\n"))),
            (vec![("owl", Aborted), ("cat", Running)], Some(Some("weir: owl was aborted\n"))),
            (vec![("owl", Running)], Some(Some("weir: cat was withdrawn: its file is gone\n"))),
        ] {
            let rows: Vec<Row> = rows.iter().map(row).collect();
            let ended = end(&waits_for, &rows).map(|end| end.err().map(|failure| failure.text(false)));
            assert_eq!(ended, expected.map(|text| text.map(str::to_owned)));
        }
    }
}
