//! Steps: those that are due begin, and those that first nodes did not take are taken back.

use std::collections::BTreeMap;

use super::documents;
use super::draft::{Draft, as_waits};
use crate::journal::Event;
use crate::judge::{Decision, Verdict};
use crate::state::{Entry, ROUTES, SWITCHED_OFF};

/// Releases whose last change was held back are at the step before again, and paused.
pub fn hold_back(draft: &mut Draft<'_>) {
    let Some(held) = draft.inputs.held else { return };
    for id in draft.ids(|entry| entry.ramp.is_some()) {
        let Some(ramp) = draft.state.entries().get(&id).and_then(|entry| entry.ramp.as_ref()) else { continue };
        let is_held = |push: u64| held.taken < push && push <= held.push;
        if !is_held(ramp.changed) {
            continue;
        }
        let document = ramp.former.is_some() && ramp.changed != ramp.push;
        let (step, queued) = match ramp.step {
            step if !is_held(ramp.push) => (step, false),
            Some(step) => (step.checked_sub(1), false),
            None => (None, true),
        };
        let nodes = held.nodes.clone();
        draft.add(Event::HeldBack { release: id.clone(), step, queued, document, nodes, push: draft.push });
        if document {
            documents::refuse(draft, &id);
        }
    }
}

/// Steps that are due begin, in a tick with a poll that was accepted, where the policy is good with them.
pub fn begin(draft: &mut Draft<'_>, verdicts: &BTreeMap<String, Verdict>) {
    if draft.inputs.tick.poll.is_none() {
        return;
    }
    for (id, verdict) in verdicts {
        let Some(entry) = draft.state.entries().get(id) else { continue };
        let Some(step) = due(draft, entry, verdict) else { continue };
        let event = begun(draft, id, entry, step);
        let problems = draft.problems_with(event.clone());
        if problems.is_empty() {
            draft.add(event);
        } else {
            draft.waits(id, as_waits(problems));
        }
    }
}

/// What the beginning of a step is.
pub fn begun(draft: &Draft<'_>, id: &str, entry: &Entry, step: usize) -> Event {
    let share = entry.document.release.steps.get(step).map_or(0, |step| step.share);
    let passed = entry.ramp.as_ref().is_some_and(|ramp| ramp.wanted == Some(step));
    Event::Begun { release: id.to_owned(), step, share, passed, push: draft.push }
}

/// The step that a person wants to begin at once, never past a harm; else the one that the verdict is for.
fn due(draft: &Draft<'_>, entry: &Entry, verdict: &Verdict) -> Option<usize> {
    let ramp = entry.ramp.as_ref()?;
    let may_be_forced = verdict.decision != Decision::Rollback
        && !verdict.shows_harm()
        && draft.state.frozen().is_none()
        && !entry.waits_for(SWITCHED_OFF)
        && !entry.waits_for(ROUTES)
        && (ramp.step.is_some() || draft.inputs.tick.known() >= ramp.push);
    let forced = ramp.wanted.filter(|step| may_be_forced && !entry.has_begun(*step));
    // One that was taken back since it was judged is paused.
    let is_as_judged = entry.paused.is_none() && ramp.step == verdict.step;
    forced.or_else(|| verdict.to.filter(|_| verdict.decision == Decision::Advance && is_as_judged))
}
