//! What lines of a journal tell beyond what they fold to: what happened lately to each release, when its steps began, and its
//! last verdict.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use weir_release::Release;
use weir_release::journal::{Document, Event, Line};
use weir_release::judge::Verdict;

use super::happened::happened;
use super::view::EventView;

/// The most events that are kept of a release.
const EVENTS_MAX: usize = 100;

/// What the lines so far tell, by release.
#[derive(Clone, Debug, Default)]
pub struct Told {
    releases: BTreeMap<String, OfRelease>,
}

#[derive(Clone, Debug, Default)]
struct OfRelease {
    since: Option<Timestamp>,
    document: Option<Document>,
    step: Option<usize>,
    begun: BTreeMap<usize, Timestamp>,
    verdict: Option<Verdict>,
    events: VecDeque<EventView>,
}

impl Told {
    /// Takes in a line.
    pub fn take(&mut self, line: &Line) {
        if let Event::Reset { releases, .. } = &line.event {
            releases.iter().for_each(|id| self.releases.entry(id.clone()).or_default().happened(line));
        }
        let Some(id) = line.event.release() else { return };
        if let Event::Withdrawn { .. } = line.event {
            // Its id is free: what comes by the same is another one.
            self.releases.remove(id);
            return;
        }
        let of = self.releases.entry(id.to_owned()).or_default();
        match &line.event {
            Event::Seen { document, .. } => {
                of.since = Some(line.at);
                of.document = Document::read(document.clone()).ok();
            }
            Event::Changed { document, .. } => of.document = Document::read(document.clone()).ok(),
            Event::Begun { step, .. } => {
                of.step = Some(*step);
                of.begun.insert(*step, line.at);
            }
            Event::HeldBack { step, .. } => of.step = *step,
            Event::Verdict { verdict, .. } => of.verdict = Some((**verdict).clone()),
            _ => {}
        }
        of.happened(line);
    }

    /// When it was seen first.
    pub fn since(&self, id: &str) -> Option<Timestamp> {
        self.releases.get(id)?.since
    }

    /// What its last good document means.
    pub fn release(&self, id: &str) -> Option<&Release> {
        self.releases.get(id)?.document.as_ref().map(|document| &document.release)
    }

    /// The last step that began.
    pub fn step(&self, id: &str) -> Option<usize> {
        self.releases.get(id)?.step
    }

    /// When a step began last.
    pub fn begun(&self, id: &str, step: usize) -> Option<Timestamp> {
        self.releases.get(id)?.begun.get(&step).copied()
    }

    /// The last verdict that was written down.
    pub fn verdict(&self, id: &str) -> Option<&Verdict> {
        self.releases.get(id)?.verdict.as_ref()
    }

    /// The newest events of it, oldest first.
    pub fn events(&self, id: &str) -> Vec<EventView> {
        self.releases.get(id).map(|of| of.events.iter().cloned().collect()).unwrap_or_default()
    }
}

impl OfRelease {
    fn happened(&mut self, line: &Line) {
        self.events.push_back(event(line));
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
        }
    }
}

/// What a line says. Documents and what verdicts were made of stand in the journal, and are large.
fn event(line: &Line) -> EventView {
    let mut event = match json!(line.event) {
        Value::Object(event) => event,
        _ => Map::new(),
    };
    if event.get("document").is_some_and(Value::is_object) {
        event.remove("document");
    }
    event.remove("inputs");
    if let Some(Value::Object(verdict)) = event.get_mut("verdict") {
        verdict.remove("numbers");
    }
    EventView { number: line.number, at: line.at, by: line.by.clone(), text: happened(line), event }
}
