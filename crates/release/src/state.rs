//! The state of releases: the fold of the journal, and beside it what is kept of the running ones between ticks, which is
//! recorded with the evidence.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::Known;
use crate::effective::{InForce, Stage};
use crate::journal::{By, Event, Line, Trouble, Wait};
use crate::judge::{Stand, Verdict};
use crate::tick::Tick;

mod answers;
mod entry;
mod fold;
mod kept;
mod memory;
mod refusal;

pub use entry::{End, Entry, Lifecycle, Off, Over, Pause, Ramp};
pub use memory::{AWAY_MAX, Memory};
pub(crate) use refusal::held_back;

/// Releases that run or are kept off together.
pub const IN_FORCE_MAX: usize = 64;
/// A running release waits for routes of its tags.
pub(crate) const ROUTES: &str = "routes";
/// A running release is kept off by a switch of the policy.
pub(crate) const SWITCHED_OFF: &str = "switched_off";
/// Requests of people that are known to be answered.
const ANSWERED_MAX: usize = 1_024;

/// The fold of all lines of a journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    number: u64,
    push: u64,
    /// Until all documents were good once, in a journal that began with nothing known.
    is_new: bool,
    frozen: Option<Pause>,
    /// Those in the queue and those that run, by id.
    entries: BTreeMap<String, Entry>,
    /// Those that are over, by id, for ever.
    over: BTreeMap<String, Over>,
    /// What is wrong with files that are bad, by their names.
    bad: BTreeMap<String, Vec<Trouble>>,
    /// The newest requests that were answered.
    answered: VecDeque<String>,
    /// Of no line.
    #[serde(skip)]
    memory: Memory,
}

/// Why a line does not follow from those before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It is no line.
    Unreadable(String),
    /// Its number is not the next one.
    Number(u64),
    /// It is about a release for which it makes no sense.
    Release(String),
    /// A document that was good cannot be read.
    Document(String),
}

impl State {
    /// The number of the last line.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The number of the last change that releases made to the policy.
    pub fn push(&self) -> u64 {
        self.push
    }

    /// The releases of which a change of the policy with this number is the last one.
    pub fn changed_by(&self, push: u64) -> Vec<&str> {
        let running =
            self.entries.iter().filter(|(_, entry)| entry.ramp.as_ref().is_some_and(|ramp| ramp.changed == push));
        let over = self.over.iter().filter(|(_, over)| over.push == Some(push));
        running.map(|(id, _)| id.as_str()).chain(over.map(|(id, _)| id.as_str())).collect()
    }

    /// What is in the queue or runs, by id.
    pub fn entries(&self) -> &BTreeMap<String, Entry> {
        &self.entries
    }

    /// What is over, by id. These ids are used.
    pub fn over(&self) -> &BTreeMap<String, Over> {
        &self.over
    }

    /// All ids, as a check of documents asks for them.
    pub fn known(&self) -> Known {
        Known { over: self.over.keys().cloned().collect(), others: self.entries.keys().cloned().collect() }
    }

    /// Since when, why and by whom nothing starts or advances.
    pub fn frozen(&self) -> Option<&Pause> {
        self.frozen.as_ref()
    }

    /// What is wrong with files, by their names.
    pub fn bad(&self) -> &BTreeMap<String, Vec<Trouble>> {
        &self.bad
    }

    /// Whether documents that are seen first are paused.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether a request was answered.
    pub fn has_answered(&self, request: &str) -> bool {
        self.answered.iter().any(|answered| answered == request)
    }

    /// What a release is; none if nobody knows its id.
    pub fn lifecycle(&self, id: &str) -> Option<Lifecycle> {
        let over = |over: &Over| match over.end {
            End::Finished => Lifecycle::Finished,
            End::RolledBack => Lifecycle::RolledBack,
            End::Aborted => Lifecycle::Aborted,
        };
        let Some(entry) = self.entries.get(id) else { return self.over.get(id).map(over) };
        Some(match entry.ramp {
            Some(_) => Lifecycle::Running,
            None if self.blockers(entry).is_empty() => Lifecycle::Queued,
            None => Lifecycle::Blocked,
        })
    }

    /// Those that must be finished before this one, and never will be.
    pub fn blockers(&self, entry: &Entry) -> Vec<String> {
        let never = |id: &&String| self.over.get(*id).is_some_and(|over| over.end != End::Finished);
        entry.document.release.after.iter().filter(never).cloned().collect()
    }

    /// What releases add to the policy: running ones and those that are kept off.
    pub fn in_force(&self) -> Vec<InForce<'_>> {
        let running = self.entries.values().filter_map(|entry| {
            let ramp = entry.ramp.as_ref()?;
            let stage = ramp.step.map_or(Stage::Announced, Stage::Step);
            Some(InForce { release: &entry.document.release, slots: &ramp.slots, stage })
        });
        let off = self.over.values().filter_map(|over| over.off.as_ref());
        let off = off.map(|off| InForce { release: &off.document.release, slots: &[], stage: Stage::Off });
        running.chain(off).collect()
    }

    /// Where a running release stands, as the judge asks for it.
    pub fn stand(&self, id: &str) -> Option<Stand> {
        let entry = self.entries.get(id)?;
        let ramp = entry.ramp.as_ref()?;
        let is_problem = |wait: &&Wait| ![ROUTES, SWITCHED_OFF].contains(&wait.code.as_str());
        Some(Stand {
            step: ramp.step,
            begun: ramp.begun,
            push: ramp.push,
            paused: entry.paused.is_some(),
            frozen: self.frozen.is_some(),
            approved: entry.approved.clone(),
            passed: ramp.passed,
            inconclusive: ramp.inconclusive,
            problem: entry.waits.iter().find(is_problem).map(|wait| format!("{}: {}", wait.code, wait.text)),
            waits_for_routes: entry.waits_for(ROUTES),
            switched_off: entry.waits_for(SWITCHED_OFF),
        })
    }

    /// Takes in what a tick saw, before it is decided by. Nothing of that is a line.
    pub fn observe(&mut self, tick: &Tick) {
        for (id, entry) in &self.entries {
            if let Some(ramp) = &entry.ramp {
                let running = self.memory.running.entry(id.clone()).or_default();
                running.observe(&entry.document.release, ramp.step, ramp.push, tick);
            }
        }
        let is_running = |id: &str| self.entries.get(id).is_some_and(|entry| entry.ramp.is_some());
        self.memory.running.retain(|id, _| is_running(id));
        let unreached = self.over.iter().filter(|(_, over)| over.push.is_some());
        self.memory.tick(tick, &unreached.map(|(id, _)| id.as_str()).collect());
    }

    /// Takes in what was judged in a tick, after all its lines.
    pub fn judged(&mut self, verdicts: &BTreeMap<String, Verdict>) {
        self.memory.judged(verdicts);
    }

    /// The same without what is of no line, which is larger than the rest.
    pub(crate) fn fold_alone(&self) -> State {
        State {
            number: self.number,
            push: self.push,
            is_new: self.is_new,
            frozen: self.frozen.clone(),
            entries: self.entries.clone(),
            over: self.over.clone(),
            bad: self.bad.clone(),
            answered: self.answered.clone(),
            memory: Memory::default(),
        }
    }

    /// What is kept between ticks: it is written down with the evidence.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Goes on from what was written down with the evidence.
    pub fn remember(&mut self, memory: Memory) {
        self.memory = memory;
    }

    /// The line that an event makes of this state's journal.
    pub fn line(&self, at: Timestamp, by: Option<By>, event: Event) -> Line {
        Line { number: self.number.saturating_add(1), at, by, event }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Unreadable(why) => write!(f, "not a line of a journal: {}", why.escape_debug()),
            Broken::Number(number) => write!(f, "line {number} does not follow the line before"),
            Broken::Release(why) => write!(f, "{why}"),
            Broken::Document(why) => write!(f, "a document that was good cannot be read: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
