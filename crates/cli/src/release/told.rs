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
    /// The number of the last line that is only known as folded.
    folded: u64,
}

#[derive(Clone, Debug, Default)]
struct OfRelease {
    since: Option<Timestamp>,
    document: Option<Document>,
    step: Option<usize>,
    begun: BTreeMap<usize, Timestamp>,
    verdict: Option<Verdict>,
    events: VecDeque<EventView>,
    /// The number of the last event that is kept no more.
    forgotten: u64,
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

    /// All lines up to this one are folded: what they told is not known.
    pub fn fold(&mut self, number: u64) {
        *self = Told { releases: BTreeMap::new(), folded: number };
    }

    /// The number of the last line that may tell something of it and is not among its events; none if all are.
    pub fn left_out(&self, id: &str) -> Option<u64> {
        let of = self.releases.get(id);
        let is_whole = of.is_some_and(|of| of.since.is_some());
        let folded = if is_whole { 0 } else { self.folded };
        Some(of.map_or(0, |of| of.forgotten).max(folded)).filter(|number| *number > 0)
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
        if self.events.len() > EVENTS_MAX
            && let Some(event) = self.events.pop_front()
        {
            self.forgotten = event.number;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_long_ago_is_forgotten_and_that_is_known() {
        let mut told = Told::default();
        let happens = |told: &mut Told, number: u64| {
            let event = Event::Paused { request: "r".into(), release: "owl".into(), why: None };
            told.take(&Line { number, at: Timestamp::UNIX_EPOCH, by: None, event });
        };
        (1..=100).for_each(|number| happens(&mut told, number));
        assert_eq!((told.events("owl").len(), told.left_out("owl")), (EVENTS_MAX, None));
        happens(&mut told, 105);
        assert_eq!((told.events("owl").len(), told.left_out("owl")), (EVENTS_MAX, Some(1)));
        told.fold(200);
        happens(&mut told, 201);
        assert_eq!((told.events("owl").len(), told.left_out("owl")), (1, Some(200)));
    }
}
