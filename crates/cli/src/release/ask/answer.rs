//! A request on its way: from who makes it to what the server says of it.

use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use weir_release::journal::{By, Event, Line};
use weir_release::request::{Request, Verb};
use weir_release::state::State;

use super::how::How;
use crate::problems::Failure;
use crate::release::happened::happened;
use crate::release::source;
use crate::state_dir::{Answer, StateDir};

/// The time between two looks at what became of a request.
const PAUSE: Duration = Duration::from_millis(50);
/// The most bytes of a reason.
const WHY_BYTES_MAX: usize = 1_024;

/// What is asked for.
pub struct Asked<'a> {
    /// What is to be done.
    pub verb: Verb,
    /// Of which release; none where it is for all.
    pub release: Option<String>,
    /// The step; where it is none the one that is next by the journal.
    pub step: Option<usize>,
    /// Why.
    pub why: Option<String>,
    /// How it is asked.
    pub how: &'a How,
}

/// What became of it.
#[derive(Debug)]
pub enum Outcome {
    /// It is done, by this line.
    Done(Option<Box<Line>>),
    /// It is not.
    Refused(String),
    /// Nobody has answered, though a server runs.
    NoAnswer,
    /// No server runs.
    NoServer,
}

impl Asked<'_> {
    /// Leaves the request, waits for an answer, and prints it.
    pub fn run(self) -> Result<Outcome, Failure> {
        let folder = StateDir::existing(&self.how.state)?;
        let (state, _) = source::read(&self.how.state)?;
        let request = self.request(&state)?;
        // One that makes no sense by what is known is not left lying about for a server of tomorrow.
        let is_served = folder.is_served()?;
        let refused = state.answer(&request, 0).err().filter(|_| !is_served);
        let (id, outcome) = match refused {
            Some(refused) => (None, Outcome::Refused(refused.text)),
            None => {
                let id = folder.ask(&request)?;
                let outcome = self.follow(&folder, &id)?;
                (Some(id), outcome)
            }
        };
        self.tell(id.as_deref(), &outcome)?;
        Ok(outcome)
    }

    fn request(&self, state: &State) -> Result<Request, Failure> {
        if let Some(id) = &self.release
            && state.lifecycle(id).is_none()
        {
            let known = state.entries().keys().chain(state.over().keys());
            return Err(source::unknown(id, known.map(String::as_str)));
        }
        if let Some(why) = &self.why
            && (why.trim().is_empty() || why.len() > WHY_BYTES_MAX)
        {
            let found = why.len();
            return Err(Failure::Usage(format!(
                "--why: found {found} bytes; words that say why would do, at most {WHY_BYTES_MAX} bytes"
            )));
        }
        let entry = self.release.as_ref().and_then(|id| state.entries().get(id));
        // What the person saw: where it is another step by then, nothing is done.
        let next = entry.and_then(|entry| match self.verb {
            Verb::Approve | Verb::StepNext => entry.next_step(),
            Verb::StepFull => entry.document.release.steps.len().checked_sub(1),
            _ => None,
        });
        Ok(Request {
            id: String::new(),
            verb: self.verb,
            release: self.release.clone(),
            step: self.step.or(next),
            journal: state.number(),
            at: Timestamp::now(),
            by: who(),
            why: self.why.clone(),
        })
    }

    /// Looks until it is answered, or until it has taken too long.
    fn follow(&self, folder: &StateDir, id: &str) -> Result<Outcome, Failure> {
        let deadline = Instant::now() + *self.how.wait;
        loop {
            match folder.answer_to(id)? {
                Answer::Refused(why) => return Ok(Outcome::Refused(why)),
                Answer::Applied => return self.line(id).map(|line| Outcome::Done(line.map(Box::new))),
                Answer::None if !folder.is_served()? => return Ok(Outcome::NoServer),
                Answer::None if Instant::now() >= deadline => return Ok(Outcome::NoAnswer),
                Answer::None => thread::sleep(PAUSE),
            }
        }
    }

    /// The line of the journal that answers a request.
    fn line(&self, id: &str) -> Result<Option<Line>, Failure> {
        let (mut state, mut found) = (State::default(), None);
        StateDir::existing(&self.how.state)?.read_journal(|text| {
            let line = state.read_line(text).map_err(|broken| broken.to_string())?;
            found = line.filter(|line| line.event.request() == Some(id)).or(found.take());
            Ok(())
        })?;
        Ok(found)
    }

    fn tell(&self, id: Option<&str>, outcome: &Outcome) -> Result<(), Failure> {
        let what = match &self.release {
            Some(release) => format!("{} {release}", spoken(self.verb)),
            None => spoken(self.verb),
        };
        let folder = self.how.state.display();
        let refusal = |line: &Line| match &line.event {
            Event::Refused { reason, .. } => Some(reason.text.clone()),
            _ => None,
        };
        let (answer, reason, line) = match outcome {
            Outcome::Done(line) => {
                let refused = line.as_ref().and_then(|line| refusal(line));
                (if refused.is_some() { "refused" } else { "done" }, refused, line.as_ref().map(|line| line.number))
            }
            Outcome::Refused(why) => ("refused", Some(why.clone()), None),
            Outcome::NoAnswer | Outcome::NoServer => ("none", None, None),
        };
        if self.how.json {
            println!("{}", json!({"request": id, "answer": answer, "reason": reason, "line": line}));
        }
        if let Some(reason) = reason {
            let text = format!("weir: {what}: refused: {}\n", reason.escape_debug());
            return Err(if self.how.json { Failure::AlreadyPrinted } else { Failure::Message(text) });
        }
        match outcome {
            Outcome::Done(_) if self.how.json => {}
            Outcome::Done(Some(line)) => {
                println!("{what}: done, line {} of the journal: {}", line.number, happened(line))
            }
            Outcome::Done(None) | Outcome::Refused(_) => println!("{what}: done"),
            Outcome::NoServer => {
                return Err(Failure::NotYet(format!(
                    "{what}: asked for; no weir serve runs on {folder}, and the next one that starts does it"
                )));
            }
            Outcome::NoAnswer => {
                return Err(Failure::NotYet(format!(
                    "{what}: asked for; the server of {folder} has not answered within {}, and its log may say why",
                    self.how.wait
                )));
            }
        }
        Ok(())
    }
}

fn spoken(verb: Verb) -> String {
    verb.name().replace('_', " ")
}

/// Who asks, as this machine knows them; of somebody who acts as root by sudo their own name.
fn who() -> By {
    let account = || whoami::username().unwrap_or_else(|_| format!("uid {}", rustix::process::getuid().as_raw()));
    let is_root = rustix::process::getuid().is_root();
    let user = std::env::var("SUDO_USER").ok().filter(|user| is_root && !user.is_empty()).unwrap_or_else(account);
    By { user, host: whoami::hostname().unwrap_or_else(|_| "unknown".to_owned()) }
}
