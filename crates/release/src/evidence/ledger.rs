//! The ledger: what was counted so far, each request once, however often Envoys are read, restarted or silent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::experiments::Experiments;
use super::reading::Reading;

/// Processes of Envoys whose last reading is kept; those that were read longest ago are forgotten.
pub const PROCESSES_MAX: usize = 2_048;

/// Nodes of which it is known on its own what was forgotten.
const NODES_FORGOTTEN_MAX: usize = 2_048;
/// Marks for which something waits at the same time.
pub const MARKS_MAX: usize = 64;

/// The last reading of each process of each node, and what came of them all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// By node, most recently read last: one, unless Envoys were started anew or several use one name.
    processes: BTreeMap<String, Vec<Process>>,
    /// The readings that were ever taken in.
    readings: u64,
    /// The newest start of a process that was forgotten, by node; of the nodes with the oldest such starts together. A machine
    /// whose clock is ahead so makes no new process of others look like an old one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    forgotten_of: BTreeMap<String, String>,
    forgotten: Option<String>,
    /// What waits for a poll that is accepted.
    waiting: Vec<Evidence>,
    totals: Counts,
    resets: u64,
}

/// The last reading of a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Process {
    start: String,
    mark: String,
    /// Its number among all readings.
    number: u64,
    counts: Counts,
}

/// What was counted since the readings before, where these have one mark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was in force when the nodes were read before; none if they had never been read, or if [`MARKS_MAX`] newer marks wait.
    pub mark: Option<String>,
    /// The differences.
    pub counts: Counts,
}

impl Ledger {
    /// A ledger that knows of nothing before a moment: the first reading of a process that started by then is what later ones are
    /// held against, and nothing of it is counted.
    pub fn behind(moment: Timestamp) -> Ledger {
        Ledger { forgotten: Some(format!("{moment:.3}")), ..Ledger::default() }
    }

    /// Takes in a reading of a node; `mark` says what was in force when it was begun. Whether it is a reset: what it says cannot
    /// be told from what was counted already, so nothing of it is counted and it is what later ones are held against.
    pub fn count(&mut self, node: &str, reading: Reading, mark: &str) -> bool {
        let Reading { start, took_over, counts } = reading;
        let processes = self.processes.entry(node.to_owned()).or_default();
        let mark_before = processes.last().map(|process| process.mark.clone());
        let before = processes.iter().position(|process| process.start == start).map(|at| processes.remove(at));
        let forgotten = [self.forgotten.as_ref(), self.forgotten_of.get(node)];
        let is_old = forgotten.into_iter().flatten().any(|forgotten| start <= *forgotten);
        let (came, mark_before) = match &before {
            Some(before) => (counts.since(&before.counts), Some(before.mark.clone())),
            // Its first numbers are in the last reading of the process before, as far as that was read.
            None if is_old || took_over && mark_before.is_some() => {
                // Where nothing was counted nothing is lost.
                (counts.are_none().then(Counts::default), mark_before)
            }
            None => (counts.since(&Counts::default()), mark_before),
        };
        let mut all = before.map(|before| before.counts).unwrap_or_default();
        all.replace(counts);
        processes.push(Process { start, mark: mark.to_owned(), number: self.readings, counts: all });
        self.readings = self.readings.saturating_add(1);
        self.forget_oldest();
        let is_reset = came.is_none();
        match came {
            Some(came) => self.wait(mark_before, came),
            None => self.resets = self.resets.saturating_add(1),
        }
        is_reset
    }

    /// Gives out what was counted since the last poll that was accepted, as this one is.
    pub fn accept(&mut self) -> Vec<Evidence> {
        let accepted = std::mem::take(&mut self.waiting);
        accepted.iter().for_each(|evidence| self.totals.add(&evidence.counts));
        accepted
    }

    /// Forgets all other experiments and variants: should one of them come again, it is counted from 0. Whether there were any.
    pub fn keep(&mut self, experiments: &Experiments) -> bool {
        let waiting = self.waiting.iter_mut().map(|evidence| &mut evidence.counts);
        let processes = self.processes.values_mut().flatten().map(|process| &mut process.counts);
        let each = waiting.chain(processes).chain([&mut self.totals]);
        let has_forgotten = each.map(|counts| counts.keep(experiments)).max() == Some(true);
        self.waiting.retain(|evidence| !evidence.counts.are_none());
        has_forgotten
    }

    /// Whether anything was counted of this experiment.
    pub fn knows(&self, experiment: &str) -> bool {
        let waiting = self.waiting.iter().map(|evidence| &evidence.counts);
        waiting.chain([&self.totals]).any(|counts| counts.has(experiment))
    }

    /// All that was given out.
    pub fn totals(&self) -> &Counts {
        &self.totals
    }

    /// What waits for a poll that is accepted.
    pub fn waiting(&self) -> &[Evidence] {
        &self.waiting
    }

    /// The resets so far.
    pub fn resets(&self) -> u64 {
        self.resets
    }

    fn wait(&mut self, mark: Option<String>, came: Counts) {
        if came.are_none() {
            return;
        }
        match self.waiting.iter_mut().find(|evidence| evidence.mark == mark) {
            Some(evidence) => evidence.counts.add(&came),
            None => self.waiting.push(Evidence { mark, counts: came }),
        }
        if self.waiting.len() > MARKS_MAX
            && let Some(oldest) = self.waiting.iter().position(|evidence| evidence.mark.is_some())
        {
            let Evidence { counts, .. } = self.waiting.remove(oldest);
            self.wait(None, counts);
        }
    }

    fn forget_oldest(&mut self) {
        while self.processes.values().map(Vec::len).fold(0, usize::saturating_add) > PROCESSES_MAX {
            let first = |processes: &Vec<Process>| processes.first().map(|process| process.number);
            let oldest = self.processes.iter().min_by_key(|(_, processes)| first(processes).unwrap_or(u64::MAX));
            let Some(node) = oldest.map(|(node, _)| node.clone()) else { return };
            let Some(processes) = self.processes.get_mut(&node).filter(|processes| !processes.is_empty()) else {
                return;
            };
            let start = processes.remove(0).start;
            if processes.is_empty() {
                self.processes.remove(&node);
            }
            self.forget(node, start);
        }
    }

    fn forget(&mut self, node: String, start: String) {
        let newest = self.forgotten_of.remove(&node).into_iter().chain([start]).max().unwrap_or_default();
        self.forgotten_of.insert(node, newest);
        if self.forgotten_of.len() > NODES_FORGOTTEN_MAX
            && let Some(oldest) = self.forgotten_of.iter().min_by_key(|(_, start)| *start).map(|(node, _)| node.clone())
        {
            self.forgotten = self.forgotten.take().max(self.forgotten_of.remove(&oldest));
        }
    }
}

#[cfg(test)]
mod tests;
