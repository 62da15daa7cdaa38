//! Answers to requests of people: what happens by one, or why it does not.

use super::{End, Entry, Over, ROUTES, Ramp, State};
use crate::journal::{Event, Trouble};
use crate::judge::Verdict;
use crate::request::{Request, Verb};

impl State {
    /// What a request makes happen; `push` is the number of the policy's change if that is one.
    ///
    /// # Errors
    /// Why nothing happens: what it is about is over, or something newer than what the person saw.
    pub fn answer(&self, request: &Request, push: u64) -> Result<Event, Trouble> {
        if request.journal > self.number {
            let text = format!("it was made at number {} of another journal", request.journal);
            return Err(Trouble::new("other_journal", text));
        }
        let (request_id, why) = (request.id.clone(), request.why.clone());
        match request.verb {
            Verb::Freeze if self.frozen.is_some() => Err(done("all releases are frozen already")),
            Verb::Freeze => Ok(Event::Frozen { request: request_id, why }),
            Verb::Thaw => match &self.frozen {
                None => Err(done("nothing is frozen")),
                Some(frozen) if frozen.number > request.journal => Err(newer("the freeze", frozen.number)),
                Some(_) => Ok(Event::Thawed { request: request_id, why }),
            },
            _ => {
                let Some(id) = &request.release else { return Err(Trouble::new("no_release", "it names no release")) };
                match (self.entries.get(id), self.over.get(id)) {
                    (Some(entry), _) => self.answer_of(entry, request, id.clone(), push),
                    (None, Some(over)) => over.answer(request, id.clone()),
                    (None, None) => Err(Trouble::new("unknown", format!("no release is called {id}"))),
                }
            }
        }
    }

    fn answer_of(&self, entry: &Entry, request: &Request, release: String, push: u64) -> Result<Event, Trouble> {
        let (request_id, why) = (request.id.clone(), request.why.clone());
        match request.verb {
            Verb::Approve => {
                let step = entry.approvable(request, &release)?;
                Ok(Event::Approved { request: request_id, release, step, why })
            }
            Verb::Pause if entry.paused.is_some() => Err(done(format!("{release} is paused already"))),
            Verb::Pause => Ok(Event::Paused { request: request_id, release, why }),
            Verb::Resume => match &entry.paused {
                None => Err(done(format!("{release} is not paused"))),
                Some(paused) if paused.number > request.journal => Err(newer("the pause", paused.number)),
                Some(_) => Ok(Event::Resumed { request: request_id, release, why }),
            },
            Verb::Abort => {
                let push = entry.ramp.is_some().then_some(push);
                Ok(Event::Aborted { request: request_id, release, why, push })
            }
            Verb::Acknowledge => Err(done(format!("{release} was not rolled back"))),
            Verb::Promote | Verb::StepNext | Verb::StepFull if self.frozen.is_some() => {
                Err(Trouble::new("frozen", "all releases are frozen; `weir release thaw` comes first"))
            }
            Verb::Promote => {
                entry.promotable(request, &release)?;
                Ok(Event::Promoted { request: request_id, release, why })
            }
            Verb::StepNext | Verb::StepFull => {
                let step = entry.steppable(request, &release)?;
                let Some(why) = why else { return Err(Trouble::new("no_why", "it does not say why")) };
                Ok(Event::Stepped { request: request_id, release, step, why })
            }
            Verb::Freeze | Verb::Thaw => Err(Trouble::new("no_release", "it is for all releases")),
        }
    }
}

impl Entry {
    fn approvable(&self, request: &Request, id: &str) -> Result<usize, Trouble> {
        let step = request.step.or_else(|| self.next_step());
        let step = step.filter(|step| *step < self.document.release.steps.len());
        let Some(step) = step else { return Err(Trouble::new("no_step", format!("{id} has no such step"))) };
        if self.has_begun(step) {
            return Err(over(format!("{} of {id} has begun", named(step))));
        }
        if self.approved.contains(&step) {
            return Err(done(format!("{} of {id} is approved already", named(step))));
        }
        Ok(step)
    }

    fn steppable(&self, request: &Request, id: &str) -> Result<usize, Trouble> {
        let Some(ramp) = &self.ramp else {
            return Err(Trouble::new("not_running", format!("{id} has not started")));
        };
        // Else the step would begin whenever the harm is gone, long after somebody wanted it.
        if ramp.verdict.as_ref().is_some_and(Verdict::shows_harm) {
            return Err(Trouble::new("harm", format!("{id} shows harm, which nobody steps past")));
        }
        if self.waits_for(ROUTES) && !self.approved.contains(&0) {
            let text = format!("{id} waits for routes of its tags: `weir release approve` says that they are there");
            return Err(Trouble::new("routes", text));
        }
        let Some(next) = self.next_step() else {
            return Err(over(format!("{id} is at its last step; `weir release promote` finishes it")));
        };
        let last = self.document.release.steps.len().saturating_sub(1);
        let step = if request.verb == Verb::StepFull { last } else { next };
        match request.step {
            Some(seen) if seen != step => Err(over(format!("{id} has moved: {} is the one to begin now", named(step)))),
            _ => Ok(step),
        }
    }

    fn promotable(&self, request: &Request, id: &str) -> Result<(), Trouble> {
        let at_last = self.ramp.as_ref().filter(|_| self.next_step().is_none());
        match at_last {
            Some(Ramp { promoted: true, .. }) => Err(done(format!("{id} is promoted already"))),
            Some(ramp) if request.step.is_some() && request.step != ramp.step => {
                Err(over(format!("{id} has moved: it is at its last step now")))
            }
            Some(ramp) if ramp.has_minimum() => Ok(()),
            _ => {
                Err(Trouble::new("not_waiting", format!("{id} does not wait for promotion: its last step is not over")))
            }
        }
    }
}

impl Over {
    fn answer(&self, request: &Request, release: String) -> Result<Event, Trouble> {
        let is_unseen = self.off.as_ref().is_some_and(|off| !off.acknowledged);
        match request.verb {
            Verb::Acknowledge if is_unseen => {
                Ok(Event::Acknowledged { request: request.id.clone(), release, why: request.why.clone() })
            }
            Verb::Acknowledge if self.end == End::RolledBack => Err(done(format!("{release} is acknowledged already"))),
            _ => {
                let end = match self.end {
                    End::Finished => "finished",
                    End::RolledBack => "rolled back",
                    End::Aborted => "aborted",
                };
                Err(over(format!("{release} is {end}")))
            }
        }
    }
}

/// A step as people count: from 1.
fn named(step: usize) -> String {
    format!("step {}", step.saturating_add(1))
}

fn done(text: impl Into<String>) -> Trouble {
    Trouble::new("done", text)
}

fn over(text: impl Into<String>) -> Trouble {
    Trouble::new("over", text)
}

fn newer(what: &str, number: u64) -> Trouble {
    Trouble::new("newer", format!("{what} of line {number} is newer than what was seen"))
}
