//! What a tick has decided so far: lines, and the state that they make.

use std::collections::BTreeSet;

use super::inputs::Inputs;
use crate::effective::{effective, missing_holdouts};
use crate::journal::{By, Event, Line, Trouble, Wait};
use crate::state::{Entry, Memory, State};

pub struct Draft<'a> {
    pub inputs: &'a Inputs<'a>,
    before: &'a State,
    /// The fold with all lines so far.
    pub state: State,
    /// What was observed.
    pub memory: &'a Memory,
    /// The number of the change of the policy, if this tick makes one.
    pub push: u64,
    /// The releases whose document means something else in this tick.
    pub changed: BTreeSet<String>,
    lines: Vec<Line>,
}

impl<'a> Draft<'a> {
    pub fn of(state: &'a State, inputs: &'a Inputs<'a>) -> Draft<'a> {
        Draft {
            inputs,
            before: state,
            push: state.push().saturating_add(1),
            state: state.fold_alone(),
            memory: state.memory(),
            changed: BTreeSet::new(),
            lines: Vec::new(),
        }
    }

    /// Something happens by itself.
    pub fn add(&mut self, event: Event) {
        self.add_by(None, event);
    }

    /// Something happens because a person asked for it.
    pub fn add_by(&mut self, by: Option<By>, event: Event) {
        let line = self.state.line(self.inputs.tick.now, by, event);
        // A line that did not follow would be one that the fold refuses at the next start: better it never is.
        if self.state.apply(&line).is_err() {
            self.state = self.before.fold_alone();
            self.lines.iter().for_each(|line| drop(self.state.apply(line)));
            return;
        }
        if let Event::Changed { release, .. } | Event::HeldBack { release, document: true, .. } = &line.event {
            self.changed.insert(release.clone());
        }
        self.lines.push(line);
    }

    /// The clock was set since the tick before.
    pub fn clock(&mut self) {
        if let Some(by_ms) = self.memory.jumped_ms() {
            self.add(Event::ClockJumped { by_ms });
        }
    }

    /// Numbers of nodes fell since the tick before, so that what runs may lack something.
    pub fn resets(&mut self) {
        let (nodes, releases) = (self.inputs.tick.resets.clone(), self.ids(|entry| entry.ramp.is_some()));
        if !nodes.is_empty() && !releases.is_empty() {
            self.add(Event::Reset { nodes, releases });
        }
    }

    /// What is wrong with the policy if this happened. Nothing may be added while people's own files are not in force.
    pub fn problems_with(&self, event: Event) -> Vec<Trouble> {
        let written = self.inputs.written;
        if !written.problems.is_empty() {
            let text = written.problems.iter().map(|problem| problem.text.as_str()).collect::<Vec<_>>().join("; ");
            return vec![Trouble::new("policy", format!("the policy's files are not in force: {text}"))];
        }
        let mut after = self.state.clone();
        let line = after.line(self.inputs.tick.now, None, event);
        if let Err(broken) = after.apply(&line) {
            return vec![Trouble::new("broken", broken.to_string())];
        }
        let in_force = after.in_force();
        let mut problems = missing_holdouts(written.policies, &in_force);
        problems.extend((written.check)(&effective(written.policies, &in_force, written.source)));
        problems
    }

    /// It waits for something else than before, or no longer.
    pub fn waits(&mut self, id: &str, waits: Vec<Wait>) {
        if self.state.entries().get(id).is_some_and(|entry| entry.waits != waits) {
            self.add(Event::Waits { release: id.to_owned(), waits });
        }
    }

    /// The ids of those that run, or of those in the queue.
    pub fn ids(&self, is: impl Fn(&Entry) -> bool) -> Vec<String> {
        self.state.entries().iter().filter(|(_, entry)| is(entry)).map(|(id, _)| id.clone()).collect()
    }

    pub fn into_lines(self) -> Vec<Line> {
        self.lines
    }
}

/// Problems as something to wait for.
pub fn as_waits(problems: Vec<Trouble>) -> Vec<Wait> {
    problems.into_iter().map(|problem| Wait::new(&problem.code, problem.text)).collect()
}
