//! The fold: what a line makes of the state. It judges nothing, so that every journal that was ever written folds to the same.

use super::{ANSWERED_MAX, Broken, End, Entry, Off, Over, Pause, Ramp, State};
use crate::journal::{Document, Event, Line, Text};

impl State {
    /// Takes in the next line.
    ///
    /// # Errors
    /// Where it does not follow from those before. The state is then of no use any more.
    pub fn apply(&mut self, line: &Line) -> Result<(), Broken> {
        if line.number != self.number.saturating_add(1) {
            return Err(Broken::Number(line.number));
        }
        self.number = line.number;
        self.push = self.push.max(line.event.push().unwrap_or_default());
        if let Some(request) = line.event.request() {
            self.answered.push_back(request.to_owned());
            while self.answered.len() > ANSWERED_MAX {
                self.answered.pop_front();
            }
        }
        match &line.event {
            Event::Began => self.is_new = true,
            Event::Settled => self.is_new = false,
            Event::Bad { file, problems, .. } => drop(self.bad.insert(file.clone(), problems.clone())),
            Event::Good { file } => drop(self.bad.remove(file)),
            Event::Frozen { why, .. } => self.frozen = Some(pause(line, why.clone())),
            Event::Thawed { .. } => self.frozen = None,
            Event::Seen { release, file, document, paused } => self.see(line, release, file, document, *paused)?,
            Event::Changed { release, file, document, push } => self.change(release, file, document, *push)?,
            Event::Withdrawn { release } => drop(self.entries.remove(release)),
            Event::RolledBack { release, push } => self.end(line, release, End::RolledBack, Some(*push))?,
            Event::Aborted { release, push, .. } => self.end(line, release, End::Aborted, *push)?,
            Event::Finished { release, push } => self.end(line, release, End::Finished, Some(*push))?,
            Event::Cleared { .. } | Event::Unreached { .. } | Event::Reached { .. } | Event::Acknowledged { .. } => {
                self.go(&line.event)?;
            }
            Event::ClockJumped { .. } | Event::Reset { .. } | Event::Refused { .. } => {}
            event => self.entry(event)?.happen(line),
        }
        Ok(())
    }

    fn see(&mut self, line: &Line, id: &str, file: &str, text: &Text, paused: bool) -> Result<(), Broken> {
        if self.entries.contains_key(id) || self.over.contains_key(id) {
            return Err(Broken::Release(format!("release {id} was seen before")));
        }
        let entry = Entry {
            document: read(text)?,
            file: Some(file.to_owned()),
            first_seen: line.number,
            paused: paused.then(|| pause(line, Some("the journal is new".to_owned()))),
            approved: Default::default(),
            waits: Vec::new(),
            refused: None,
            ramp: None,
        };
        self.entries.insert(id.to_owned(), entry);
        Ok(())
    }

    fn change(&mut self, id: &str, file: &str, text: &Text, push: Option<u64>) -> Result<(), Broken> {
        let entry = self.entries.get_mut(id).ok_or_else(|| unknown(id))?;
        let document = read(text)?;
        // What was approved is a step as it was.
        let (before, after) = (&entry.document.release.steps, &document.release.steps);
        let is_same = |step: &usize| before.get(*step).is_some() && before.get(*step) == after.get(*step);
        entry.approved.retain(is_same);
        let before = std::mem::replace(&mut entry.document, document);
        entry.file = Some(file.to_owned());
        if let (Some(ramp), Some(push)) = (&mut entry.ramp, push) {
            ramp.changed = push;
            ramp.former.get_or_insert(before);
        }
        entry.keep_alphas();
        Ok(())
    }

    fn end(&mut self, line: &Line, id: &str, end: End, push: Option<u64>) -> Result<(), Broken> {
        let entry = self.entries.remove(id).ok_or_else(|| unknown(id))?;
        let digest = entry.document.digest();
        let is_kept_off = entry.ramp.is_some() && end != End::Finished;
        let off = is_kept_off.then(|| Off { document: entry.document, acknowledged: end == End::Aborted });
        let over = Over { end, at: line.at, push, unreached: Vec::new(), off, digest };
        self.over.insert(id.to_owned(), over);
        Ok(())
    }

    /// Of one that is over.
    fn go(&mut self, event: &Event) -> Result<(), Broken> {
        let id = event.release().unwrap_or_default();
        let over = self.over.get_mut(id).ok_or_else(|| unknown(id))?;
        match event {
            Event::Cleared { .. } => over.off = None,
            Event::Unreached { nodes, .. } => over.unreached.clone_from(nodes),
            Event::Reached { .. } => (over.push, over.unreached) = (None, Vec::new()),
            Event::Acknowledged { .. } => {
                let off = over.off.as_mut().ok_or_else(|| Broken::Release(format!("release {id} is not kept off")))?;
                off.acknowledged = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn entry(&mut self, event: &Event) -> Result<&mut Entry, Broken> {
        let id = event.release().unwrap_or_default();
        let entry = self.entries.get_mut(id).ok_or_else(|| unknown(id))?;
        let needs_ramp = matches!(
            event,
            Event::Begun { .. }
                | Event::Verdict { .. }
                | Event::HeldBack { .. }
                | Event::Stepped { .. }
                | Event::Promoted { .. }
        );
        match (&entry.ramp, event) {
            (None, _) if needs_ramp => Err(Broken::Release(format!("release {id} does not run"))),
            (Some(_), Event::Started { .. }) => Err(Broken::Release(format!("release {id} runs already"))),
            _ => Ok(entry),
        }
    }
}

impl Entry {
    fn happen(&mut self, line: &Line) {
        match &line.event {
            Event::File { file, .. } => self.file.clone_from(file),
            Event::Waits { waits, .. } => self.waits.clone_from(waits),
            Event::Approved { step, .. } => drop(self.approved.insert(*step)),
            Event::Paused { why, .. } => self.paused = Some(pause(line, why.clone())),
            Event::Resumed { .. } => self.paused = None,
            Event::Started { slots, push, .. } => {
                self.waits = Vec::new();
                self.ramp = Some(Ramp {
                    slots: slots.clone(),
                    step: None,
                    begun: line.at,
                    push: *push,
                    changed: *push,
                    former: None,
                    passed: false,
                    wanted: None,
                    promoted: false,
                    inconclusive: None,
                    verdict: None,
                    alphas: self.document.release.guardrails.iter().map(|guardrail| guardrail.alpha).collect(),
                });
            }
            Event::HeldBack { step, queued, document, nodes, push, .. } => {
                let why =
                    nodes.iter().map(|node| format!("{}: {}", node.node, node.why)).collect::<Vec<_>>().join("; ");
                self.hold_back(line, *step, *queued, *document, *push, why);
            }
            _ => self.ramp.iter_mut().for_each(|ramp| ramp.happen(line)),
        }
        if let Event::Begun { step, .. } = &line.event {
            // A yes is for one step, once.
            self.approved.retain(|approved| approved > step);
            self.waits = Vec::new();
        }
    }
}

impl Entry {
    fn hold_back(&mut self, line: &Line, step: Option<usize>, queued: bool, document: bool, push: u64, why: String) {
        let Some(ramp) = &mut self.ramp else { return };
        ramp.changed = push;
        if let Some(former) = ramp.former.take_if(|_| document) {
            self.refused = Some(self.document.digest());
            self.document = former;
        }
        if queued {
            self.ramp = None;
        } else if ramp.step != step {
            ramp.begin(line, step, push);
        }
        let is_step = self.ramp.as_ref().is_none_or(|ramp| ramp.push == push);
        if is_step {
            self.paused = Some(pause(line, Some(why)));
        }
        self.keep_alphas();
    }
}

impl Ramp {
    fn happen(&mut self, line: &Line) {
        match &line.event {
            Event::Begun { step, passed, push, .. } => {
                self.begin(line, Some(*step), *push);
                self.passed = *passed;
            }
            Event::Stepped { step, .. } => self.wanted = Some(*step),
            Event::Promoted { .. } => self.promoted = true,
            Event::Verdict { verdict, .. } => {
                self.inconclusive = self.inconclusive.or(verdict.inconclusive);
                self.verdict = Some((**verdict).clone());
            }
            _ => {}
        }
    }

    fn begin(&mut self, line: &Line, step: Option<usize>, push: u64) {
        (self.step, self.begun, self.push, self.changed) = (step, line.at, push, push);
        self.former = None;
        (self.passed, self.wanted, self.promoted, self.inconclusive) = (false, None, false, None);
    }
}

fn pause(line: &Line, why: Option<String>) -> Pause {
    Pause { number: line.number, at: line.at, by: line.by.clone(), why }
}

fn read(text: &Text) -> Result<Document, Broken> {
    Document::try_from(text.clone()).map_err(Broken::Document)
}

fn unknown(id: &str) -> Broken {
    Broken::Release(format!("no release in the queue or in force is called {id}"))
}
