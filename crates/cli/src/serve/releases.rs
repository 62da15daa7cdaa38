//! Releases on the server: the journal is read, and at each tick what was seen, what people ask for and what files say becomes
//! lines of it. What is decided, and what lines come to, is pure and stands in `weir_release`; here are the clock and the disk.
//!
//! ```text
//! edges ─evidence→ Observed ┐
//! fleet ─reach→    Reach    ├→ Tick ─State::observe, decide→ lines ─journal, State::apply→ Additions → effective policy
//! files ─look→     Look     ┘
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use weir_release::decide::{Decided, Held, Inputs, Look, Written, decide};
use weir_release::evidence::{Evidence, Ledger, Refusal};
use weir_release::journal::{Event, Line};
use weir_release::judge::Verdict;
use weir_release::request::Request;
use weir_release::state::{Memory, State};
use weir_release::{Queries, Tick};

use super::log::Log;
use super::notice::Notice;
use super::questions::Questions;
use crate::problems::Failure;
use crate::release::told::Told;
use crate::state_dir::{JournalFile, StateDir, Waiting};

mod look;
mod reach;
mod recent;
mod routes;
mod shown;

pub use look::look;
pub use reach::Reach;
pub use recent::Recent;
pub use routes::unrouted;
pub use shown::{SharedReleases, Shown};

/// The releases of a server.
pub struct Releases {
    name: String,
    state: State,
    journal: JournalFile,
    folder: StateDir,
    log: Log,
    /// The time from one tick that reads edges to the next.
    every: Duration,
    /// When the last tick was.
    ticked: Option<Instant>,
    /// Why the journal takes no lines.
    no_room: Option<String>,
    /// Where all look that want to know.
    shown: SharedReleases,
    /// The newest lines, for who tells them on.
    recent: Recent,
    questions: Questions,
}

/// What a tick knows of edges; nothing, where it is for people who do not like to wait.
#[derive(Default)]
pub struct Observed {
    /// What a poll gave out that was accepted.
    pub poll: Option<Vec<Evidence>>,
    /// Why one was not.
    pub refusal: Option<Refusal>,
    /// Nodes of which what they had counted could not be told from what was counted already.
    pub resets: BTreeSet<String>,
    /// What guardrails' queries were answered.
    pub queries: Queries,
}

/// What else a tick is decided by.
pub struct Around<'a> {
    /// The documents of releases.
    pub look: &'a Look,
    /// What people wrote beside them.
    pub written: &'a Written<'a>,
    /// What first nodes did not take.
    pub held: Option<Held>,
    /// Releases whose tags steer routes that are not there.
    pub unrouted: BTreeSet<String>,
    /// How far Envoys are.
    pub reach: Reach,
}

/// What came of a tick.
pub struct Ticked {
    /// What is kept beside the journal, to be recorded with the evidence.
    pub memory: Memory,
    /// Whether that should be at once: a step began, or its warm-up ended.
    pub is_news: bool,
}

impl Releases {
    /// Opens the journal of a folder. Without one there is nothing to go by, unless a new one is asked for.
    pub fn start(
        folder: StateDir,
        path: &Path,
        is_new: bool,
        every: Duration,
        shown: SharedReleases,
        questions: Questions,
        log: Log,
    ) -> Result<Releases, Failure> {
        let mut state = State::default();
        let mut told = Told::default();
        let opened = folder.open_journal(|text| {
            let line = state.read_line(text).map_err(|broken| broken.to_string())?;
            match line {
                Some(line) => told.take(&line),
                None => told.fold(state.number()),
            }
            Ok(())
        });
        let journal = match opened {
            Ok(Some(opened)) => {
                if is_new {
                    log.tell(&Notice::JournalStays);
                }
                if opened.cut_off > 0 {
                    log.tell(&Notice::JournalCutOff { bytes: opened.cut_off });
                }
                state.remember(folder.evidence().ok().flatten().map(|(_, memory)| memory).unwrap_or_default());
                opened.journal
            }
            Ok(None) | Err(_) if is_new => {
                (state, told) = (State::default(), Told::default());
                begin(&folder, &mut state, log)?
            }
            Ok(None) => {
                return Err(Failure::Usage(format!(
                    "--releases {}: no journal says what became of them; begin one by --new-journal: all of them are queued \
                     and paused then, and go on by weir release resume",
                    path.display()
                )));
            }
            Err(failure) => return Err(failure),
        };
        let name = path.display().to_string();
        let recent = Recent::behind(folder.clone(), state.number());
        let releases = Releases {
            name,
            state,
            journal,
            folder,
            log,
            every,
            ticked: None,
            no_room: None,
            shown,
            recent,
            questions,
        };
        releases.show(told, BTreeMap::new());
        Ok(releases)
    }

    /// Whether a server may do without releases here: none is in force, or what edges have of it would go at once, and nobody
    /// had decided that.
    pub fn may_be_absent(folder: &StateDir) -> Result<(), Failure> {
        let state = folder.releases()?;
        let in_force: Vec<&str> = state.in_force().iter().map(|one| one.release.id.as_str()).collect();
        if in_force.is_empty() {
            return Ok(());
        }
        let in_force = in_force.join(", ");
        Err(Failure::Usage(format!(
            "by the journal of releases in --state these are in force, running or kept off until every Envoy knows: {in_force}; \
             serve with --releases, and end what runs by weir release promote or abort first"
        )))
    }

    /// What its folder of documents, or the one file, is called.
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// What the journal's lines come to.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is asked of a Prometheus for them.
    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    /// The newest lines of the journal, and those after them.
    pub fn recent(&self) -> Recent {
        self.recent.clone()
    }

    /// What people ask for, of which something is asked that nobody can tell.
    pub fn requests(&self) -> Vec<Request> {
        let waiting = self.folder.requests::<Request>().unwrap_or_else(|failure| {
            self.log.tell(&Notice::NotSaved { why: failure.text(false) });
            Vec::new()
        });
        let mut requests = Vec::with_capacity(waiting.len());
        for Waiting { id, request } in waiting {
            match request {
                Ok(request) => requests.push(Request { id, ..request }),
                Err(why) => self.answer(&id, Some(&why)),
            }
        }
        requests
    }

    /// Whether anybody asks for anything.
    pub fn is_asked(folder: &StateDir) -> bool {
        folder.requests::<Request>().is_ok_and(|requests| !requests.is_empty())
    }

    /// A tick: takes in what was seen, decides, and writes down what comes of it before it takes effect.
    pub fn tick(&mut self, observed: Observed, around: Around<'_>) -> Ticked {
        let tick = self.observe(observed, around.reach);
        let requests = self.requests();
        let inputs = |has_room| Inputs {
            look: around.look,
            written: around.written,
            requests: &requests,
            held: around.held.as_ref(),
            unrouted: &around.unrouted,
            tick: &tick,
            has_room,
        };
        let found = self.journal.has_room();
        self.tell_room(found.err().map(|error| error.to_string()));
        let mut decided = decide(&self.state, &inputs(self.no_room.is_none()));
        if self.no_room.is_none()
            && let Err(why) = self.write(&decided.lines)
        {
            self.tell_room(Some(why));
            // What switches off is not held up.
            decided = decide(&self.state, &inputs(false));
        }
        if self.no_room.is_some() {
            self.journal.owe(decided.lines.iter().map(text));
        }
        let is_news = decided.lines.iter().any(|line| is_news(&line.event));
        self.take_in(&decided);
        for request in requests.iter().filter(|request| self.state.has_answered(&request.id)) {
            let line = decided.lines.iter().find(|line| line.event.request() == Some(&request.id));
            let refused = line.and_then(|line| match &line.event {
                Event::Refused { reason, .. } => Some(reason.text.as_str()),
                _ => None,
            });
            self.answer(&request.id, refused);
        }
        Ticked { memory: self.state.memory().clone(), is_news }
    }

    fn observe(&mut self, observed: Observed, reach: Reach) -> Tick {
        let now = Instant::now();
        let since = self.ticked.replace(now).map(|before| now.saturating_duration_since(before));
        let Observed { poll, refusal, resets, queries } = observed;
        let resets = resets.into_iter().collect();
        let Reach { answered, behind, nodes } = reach;
        let (every, now) = (self.every, Timestamp::now());
        let tick = Tick { every, now, since, poll, refusal, answered, behind, nodes, resets, queries };
        self.state.observe(&tick);
        tick
    }

    fn write(&mut self, lines: &[Line]) -> Result<(), String> {
        if lines.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> = lines.iter().map(text).collect();
        let (state, now) = (&self.state, Timestamp::now());
        self.journal.append(&texts, || state.kept(now).ok()).map_err(|error| error.to_string())
    }

    fn take_in(&mut self, decided: &Decided) {
        for line in &decided.lines {
            if let Err(broken) = self.state.apply(line) {
                self.log.tell(&Notice::NotSaved { why: broken.to_string() });
            }
            self.log.tell(&Notice::Release(Box::new(line.clone())));
        }
        self.recent.take(decided.lines.iter().map(|line| (line.number, text(line))));
        self.state.judged(&decided.verdicts);
        let mut told = Told::default();
        self.shown.send_modify(|shown| std::mem::swap(&mut shown.told, &mut told));
        decided.lines.iter().for_each(|line| told.take(line));
        self.show(told, decided.verdicts.clone());
    }

    fn show(&self, told: Told, verdicts: BTreeMap<String, Verdict>) {
        let (state, judged) = (self.state.clone(), Some(Timestamp::now()));
        self.shown.send_replace(Shown { state, told, verdicts, judged });
    }

    fn answer(&self, id: &str, refused: Option<&str>) {
        if let Err(failure) = self.folder.answered(id, refused) {
            self.log.tell(&Notice::NotSaved { why: failure.text(false) });
        }
    }

    /// Tells once that there is no room, and that there is some again.
    fn tell_room(&mut self, no_room: Option<String>) {
        match (&self.no_room, &no_room) {
            (None, Some(why)) => self.log.tell(&Notice::JournalFull { why: why.clone() }),
            (Some(_), None) => self.log.tell(&Notice::JournalWritten),
            _ => {}
        }
        self.no_room = no_room;
    }
}

/// Begins a journal that knows nothing, and evidence for which what Envoys have counted so far is no news.
fn begin(folder: &StateDir, state: &mut State, log: Log) -> Result<JournalFile, Failure> {
    let now = Timestamp::now();
    let line = state.line(now, None, Event::Began);
    state.apply(&line).map_err(|broken| Failure::Usage(broken.to_string()))?;
    // Its numbers begin anew, and so does what was told of them.
    folder.forget_told()?;
    let (journal, aside) = folder.begin_journal(&text(&line))?;
    if let Some(aside) = aside {
        log.tell(&Notice::JournalAside { path: aside });
    }
    folder.save_evidence(&Ledger::behind(now), &Memory::default())?;
    Ok(journal)
}

fn text(line: &Line) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

/// Whether what was counted is to be recorded with it: else a kill would have the step judged by evidence of the one before.
fn is_news(event: &Event) -> bool {
    matches!(event, Event::Started { .. } | Event::Begun { .. } | Event::HeldBack { .. } | Event::Verdict { .. })
}
