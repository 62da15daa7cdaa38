//! Who starts when, and who waits for whom. The queue is the one of `weir serve`: a copy of its state is led through time, from one
//! moment at which something ends or may begin to the next.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use weir_policy::Range;
use weir_policy::written::Policy;
use weir_release::journal::{Event, Text, Wait};
use weir_release::queue::{self, Turn};
use weir_release::state::{Broken, State};
use weir_release::{Release, Step};

use crate::times::{self, Times};

/// How long a step of a release takes at least.
pub type Takes<'a> = dyn Fn(&Release, &Step) -> Duration + 'a;

/// What comes of a release.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scheduled {
    /// What it waits for at first; nothing if it runs or starts at once.
    pub waits: Vec<Wait>,
    /// When it starts, or started; none if it never does by itself.
    pub starts: Option<Timestamp>,
    /// What it owns of its unit's pool once it has started.
    pub slots: Vec<Range>,
    /// Its steps.
    pub times: Times,
}

/// All releases in the queue and in force, by id, from a moment on.
///
/// # Errors
/// Where the state is of no use.
pub fn schedule(
    state: &State,
    written: &[Policy],
    now: Timestamp,
    takes: &Takes<'_>,
) -> Result<BTreeMap<String, Scheduled>, Broken> {
    let mut going = Going {
        state: state.clone(),
        written,
        takes,
        scheduled: BTreeMap::new(),
        ends: BTreeMap::new(),
        freed: HashSet::new(),
        waiting: HashMap::new(),
    };
    going.take_over(now);
    let mut at = now;
    loop {
        going.start(at)?;
        let Some(next) = going.next(at) else { break };
        at = next;
        going.end(at)?;
    }
    Ok(going.scheduled)
}

/// A state that knows these documents too, as a server would that finds them now: new ones are in the queue, and of those that wait there
/// what stands in them now counts. What is in force or over stays as it is.
///
/// # Errors
/// Where a document does not follow.
pub fn seen(state: &State, now: Timestamp, documents: impl IntoIterator<Item = Found>) -> Result<State, Broken> {
    let mut state = state.clone();
    for Found { id: release, file, document } in documents {
        let event = match state.entries().get(&release) {
            None if state.over().contains_key(&release) => continue,
            None => Event::Seen { release, file, document, paused: false },
            Some(entry) if entry.ramp.is_some() || *entry.document.text() == document => continue,
            Some(_) => Event::Changed { release, file, document, push: None },
        };
        let line = state.line(now, None, event);
        state.apply(&line)?;
    }
    Ok(state)
}

/// A good document of a release.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// The file that it stands in.
    pub file: String,
    /// What stands there.
    pub document: Text,
}

struct Going<'a> {
    state: State,
    written: &'a [Policy],
    takes: &'a Takes<'a>,
    scheduled: BTreeMap<String, Scheduled>,
    /// Who ends when.
    ends: BTreeMap<Timestamp, Vec<String>>,
    /// Services of what has just ended.
    freed: HashSet<String>,
    /// What each in the queue waits for by now.
    waiting: HashMap<String, Vec<Wait>>,
}

impl Going<'_> {
    /// Those that run already. What is paused stays where it is.
    fn take_over(&mut self, now: Timestamp) {
        for (id, entry) in self.state.entries() {
            let Some(ramp) = &entry.ramp else { continue };
            let release = &entry.document.release;
            let stays = entry.paused.is_some() || self.state.frozen().is_some();
            let takes = |step: &Step| (self.takes)(release, step);
            let times = times::running(release, ramp.step, ramp.begun, now, &takes);
            let times = if stays { Times::default() } else { times };
            if let Some(end) = times.end {
                self.ends.entry(end).or_default().push(id.clone());
            }
            let waits = entry.waits.clone();
            let one = Scheduled { waits, starts: Some(ramp.begun), slots: ramp.slots.clone(), times };
            self.scheduled.insert(id.clone(), one);
        }
    }

    /// The next moment at which something changes.
    fn next(&self, at: Timestamp) -> Option<Timestamp> {
        let queued = self.state.entries().values().filter(|entry| entry.ramp.is_none());
        let begin = queued.filter_map(|entry| entry.document.release.not_before).filter(|begin| *begin > at).min();
        let end = self.ends.keys().next().copied();
        begin.into_iter().chain(end).min()
    }

    fn end(&mut self, at: Timestamp) -> Result<(), Broken> {
        while let Some(first) = self.ends.first_entry().filter(|first| *first.key() <= at) {
            for release in first.remove() {
                let services = self.state.entries().get(&release).map(|entry| &entry.document.release.services);
                self.freed.extend(services.into_iter().flatten().cloned());
                let push = self.state.push();
                self.happens(at, Event::Finished { release, push })?;
            }
        }
        Ok(())
    }

    /// Those start that can. Whose turn cannot have changed is not asked again.
    fn start(&mut self, at: Timestamp) -> Result<(), Broken> {
        let freed = std::mem::take(&mut self.freed);
        let mut ahead: Vec<Release> = Vec::new();
        let mut taken: HashSet<String> = HashSet::new();
        let mut refused: Option<usize> = None;
        for id in queue::order(&self.state) {
            let Some(entry) = self.state.entries().get(&id) else { continue };
            let release = &entry.document.release;
            let before = self.waiting.get(&id).map(Vec::as_slice);
            let stands = Stands { release, at, state: &self.state, freed: &freed, taken: &taken, refused };
            if before.is_some_and(|waits| stands.as_before(waits)) {
                if before.is_some_and(is_first) {
                    taken.extend(release.services.iter().cloned());
                    ahead.push(release.clone());
                }
                continue;
            }
            let conflicting: Vec<&Release> = if release.services.iter().any(|service| taken.contains(service)) {
                ahead.iter().collect()
            } else {
                Vec::new()
            };
            match queue::turn(&self.state, entry, &conflicting, self.written, at) {
                Turn::Starts(slots) => self.starts(at, id, slots)?,
                Turn::First(waits) => {
                    taken.extend(release.services.iter().cloned());
                    ahead.push(release.clone());
                    self.waits(id, waits);
                }
                Turn::Aside(waits) => {
                    if is_for_a_limit(&waits) {
                        refused = Some(refused.unwrap_or(usize::MAX).min(variants(release)));
                    }
                    self.waits(id, waits);
                }
            }
        }
        Ok(())
    }

    fn starts(&mut self, at: Timestamp, id: String, slots: Vec<Range>) -> Result<(), Broken> {
        let Some(entry) = self.state.entries().get(&id) else { return Ok(()) };
        let release = &entry.document.release;
        let times = times::starting(release, at, &|step| (self.takes)(release, step));
        if let Some(end) = times.end {
            self.ends.entry(end).or_default().push(id.clone());
        }
        let one = self.scheduled.entry(id.clone()).or_default();
        (one.starts, one.slots, one.times) = (Some(at), slots.clone(), times);
        let push = self.state.push().saturating_add(1);
        self.happens(at, Event::Started { release: id, slots, push })
    }

    /// What it waits for is told as it was at first; what it waits for then is another matter.
    fn waits(&mut self, id: String, waits: Vec<Wait>) {
        self.waiting.insert(id.clone(), waits.clone());
        self.scheduled.entry(id).or_insert_with(|| Scheduled { waits, ..Scheduled::default() });
    }

    fn happens(&mut self, at: Timestamp, event: Event) -> Result<(), Broken> {
        let line = self.state.line(at, None, event);
        self.state.apply(&line)
    }
}

/// What decides whether the turn of one is as it was.
struct Stands<'a> {
    release: &'a Release,
    at: Timestamp,
    state: &'a State,
    freed: &'a HashSet<String>,
    taken: &'a HashSet<String>,
    /// The fewest variants for which there was no room at this moment.
    refused: Option<usize>,
}

impl Stands<'_> {
    /// Whether it waits for what it waited for before, by what has happened since.
    fn as_before(&self, waits: &[Wait]) -> bool {
        !waits.is_empty() && waits.iter().any(|wait| self.still(wait))
    }

    fn still(&self, wait: &Wait) -> bool {
        let touches =
            |services: &HashSet<String>| self.release.services.iter().any(|service| services.contains(service));
        match wait.code.as_str() {
            "blocked" | "paused" | "frozen" | "rollback" => true,
            "not_before" => self.release.not_before.is_some_and(|begin| begin > self.at),
            "after" => self.release.after.iter().any(|id| self.state.entries().contains_key(id)),
            "behind" => touches(self.taken),
            "slots" => !touches(self.freed),
            LIMIT | EVIDENCE_FULL => self.refused.is_some_and(|fewest| variants(self.release) >= fewest),
            _ => false,
        }
    }
}

const LIMIT: &str = "limit";
const EVIDENCE_FULL: &str = "evidence_full";

/// Whether those that touch a service of one that waits for this wait behind it.
fn is_first(waits: &[Wait]) -> bool {
    waits.iter().any(|wait| matches!(wait.code.as_str(), "behind" | "slots"))
}

fn is_for_a_limit(waits: &[Wait]) -> bool {
    waits.iter().any(|wait| matches!(wait.code.as_str(), LIMIT | EVIDENCE_FULL))
}

fn variants(release: &Release) -> usize {
    release.arms.len() + usize::from(release.has_control)
}

#[cfg(test)]
mod tests;
