//! The queue: who of those that wait is ready, in which order they are looked at, and what each waits for.

use std::cmp::Reverse;

use jiff::Timestamp;
use weir_policy::Range;
use weir_policy::evidence::COUNTERS_OF_VARIANT;
use weir_policy::limits::EVIDENCE_COUNTERS_MAX;
use weir_policy::written::{Layer, Policy};

use crate::journal::Wait;
use crate::pool::{self, NoPlace, Owner};
use crate::release::{AfterRollback, Release};
use crate::state::{End, Entry, IN_FORCE_MAX, Lifecycle, State};

/// What comes of one in the queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// There is a place for it.
    Starts(Vec<Range>),
    /// It waits, and those that conflict with it wait behind it.
    First(Vec<Wait>),
    /// It waits, and is in nobody's way.
    Aside(Vec<Wait>),
}

/// Those in the queue, as they are looked at: by priority, then by when they were seen first, then by id.
pub fn order(state: &State) -> Vec<String> {
    let queued = state.entries().iter().filter(|(_, entry)| entry.ramp.is_none());
    let mut queued: Vec<_> = queued.collect();
    queued.sort_by_key(|(id, entry)| (Reverse(entry.document.release.priority), entry.first_seen, (*id).clone()));
    queued.into_iter().map(|(id, _)| id.clone()).collect()
}

/// What comes of one in the queue, beside what people wrote. `ahead` are those before it that are ready and wait.
pub fn turn(state: &State, entry: &Entry, ahead: &[&Release], written: &[Policy], now: Timestamp) -> Turn {
    let release = &entry.document.release;
    let unready = unready(state, entry, now);
    if !unready.is_empty() {
        return Turn::Aside(unready);
    }
    if let Some(full) = full(state, release, written) {
        return Turn::Aside(vec![full]);
    }
    let behind = ahead.iter().filter(|other| pool::conflict(&other.services, &release.services));
    let behind: Vec<String> = behind.map(|other| other.id.clone()).collect();
    if !behind.is_empty() {
        return Turn::First(vec![Wait::new("behind", "these are before it and touch a service of it").of(behind)]);
    }
    let line = pool::line(&release.unit);
    let owners = owners(state, release, written, &line);
    match pool::place(&line, &release.id, release.traffic, owners.iter().flat_map(|owner| &owner.slots)) {
        Ok(slots) => Turn::Starts(slots),
        Err(NoPlace::TooFew(free)) => {
            let text =
                format!("{free} of the {} slots that it takes are free of what touches its services", release.traffic);
            Turn::First(vec![Wait::new("slots", text).of(owners.into_iter().map(|owner| owner.id).collect())])
        }
        Err(NoPlace::Fragmented(ranges)) => {
            let text = format!("the free slots lie in {ranges} ranges, more than it may own");
            Turn::Aside(vec![Wait::new("fragmented", text)])
        }
    }
}

/// Whose slots a release cannot have: those of running releases and of people's experiments on the line that touch a service of it.
pub fn owners(state: &State, release: &Release, written: &[Policy], line: &str) -> Vec<Owner> {
    let running = state.entries().values().filter_map(|entry| {
        let (other, ramp) = (&entry.document.release, entry.ramp.as_ref()?);
        let owner = Owner { id: other.id.clone(), services: other.services.clone(), slots: ramp.slots.clone() };
        (other.unit == release.unit).then_some(owner)
    });
    let all = running.chain(pool::owners(written, line));
    all.filter(|owner| pool::conflict(&owner.services, &release.services)).collect()
}

/// What keeps it from being ready.
fn unready(state: &State, entry: &Entry, now: Timestamp) -> Vec<Wait> {
    let release = &entry.document.release;
    let mut waits = Vec::new();
    let blockers = state.blockers(entry);
    let after =
        release.after.iter().filter(|id| state.lifecycle(id) != Some(Lifecycle::Finished) && !blockers.contains(id));
    let after: Vec<String> = after.cloned().collect();
    if !blockers.is_empty() {
        waits.push(Wait::new("blocked", "it starts after what never finishes: these were ended before").of(blockers));
    }
    if !after.is_empty() {
        waits.push(Wait::new("after", "it starts when these are finished").of(after));
    }
    if let Some(begin) = release.not_before.filter(|begin| now < *begin) {
        waits.push(Wait::new("not_before", format!("it starts at {begin} at the earliest")));
    }
    if entry.paused.is_some() {
        waits.push(Wait::new("paused", "it is paused"));
    }
    if state.frozen().is_some() {
        waits.push(Wait::new("frozen", "all releases are frozen"));
    }
    let rolled_back = rolled_back(state, release);
    if !rolled_back.is_empty() {
        let text = "these touch a service of it, were rolled back, and nobody has acknowledged that";
        waits.push(Wait::new("rollback", text).of(rolled_back));
    }
    waits
}

fn rolled_back(state: &State, release: &Release) -> Vec<String> {
    let unseen = state.over().iter().filter_map(|(id, over)| {
        let off = over.off.as_ref().filter(|off| over.end == End::RolledBack && !off.acknowledged)?;
        let other = &off.document.release;
        let holds = other.on.rollback == AfterRollback::HoldQueue && pool::conflict(&other.services, &release.services);
        holds.then(|| id.clone())
    });
    unseen.collect()
}

/// The limit that one more release would pass.
fn full(state: &State, release: &Release, written: &[Policy]) -> Option<Wait> {
    let in_force = state.in_force();
    if in_force.len() >= IN_FORCE_MAX {
        let text = format!("{} releases run or are kept off, as many as can be", in_force.len());
        return Some(Wait::new("limit", text));
    }
    let variants = |release: &Release| release.arms.len().saturating_add(usize::from(release.has_control));
    let running = state.entries().values().filter(|entry| entry.ramp.is_some());
    let running = running.map(|entry| variants(&entry.document.release)).fold(0, usize::saturating_add);
    let all = counted(written).saturating_add(running).saturating_add(variants(release));
    let counters = all.saturating_mul(COUNTERS_OF_VARIANT);
    (counters > EVIDENCE_COUNTERS_MAX).then(|| {
        let text =
            format!("edges would keep {counters} counters for evidence, and {EVIDENCE_COUNTERS_MAX} are allowed");
        Wait::new("evidence_full", text)
    })
}

/// Variants of people's own experiments on the lines of pools, for each of which edges keep counters.
fn counted(written: &[Policy]) -> usize {
    let is_on = |enabled: Option<bool>| enabled != Some(false);
    let is_on_pool = |layer: &&Layer| {
        let line = layer.line.as_deref().or(layer.id.as_deref());
        is_on(layer.enabled) && line.is_some_and(|line| line.starts_with(weir_policy::evidence::POOL))
    };
    let layers = written.iter().flat_map(|policy| &policy.layers).filter(is_on_pool);
    let experiments = layers.flat_map(|layer| &layer.experiments).filter(|experiment| is_on(experiment.enabled));
    experiments.map(|experiment| experiment.variants.len()).fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests;
