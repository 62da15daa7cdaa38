//! Ends: releases that are finished, and layers that are no longer known to any Envoy.

use std::collections::BTreeMap;
use std::time::Duration;

use super::draft::Draft;
use crate::journal::Event;
use crate::judge::{Decision, Verdict};
use crate::state::End;

/// The least time until what stable does not need may be deleted.
const FINISHED_MIN: Duration = Duration::from_secs(600);

/// Those finish that a person promoted, or that do so by themselves.
pub fn finish(draft: &mut Draft<'_>, verdicts: &BTreeMap<String, Verdict>) {
    for id in draft.ids(|entry| entry.ramp.is_some()) {
        let ramp = draft.state.entries().get(&id).and_then(|entry| entry.ramp.as_ref());
        let is_promoted = ramp.is_some_and(|ramp| ramp.promoted);
        let is_over = verdicts.get(&id).is_some_and(|verdict| {
            let is_as_judged = ramp.is_some_and(|ramp| ramp.step == verdict.step);
            verdict.decision == Decision::Advance
                && verdict.to.is_none()
                && is_as_judged
                && draft.inputs.tick.poll.is_some()
        });
        if is_promoted || is_over {
            draft.add(Event::Finished { release: id, push: draft.push });
        }
    }
}

/// Layers that are kept off go once every Envoy has them off and a person has seen why.
pub fn clear(draft: &mut Draft<'_>) {
    let over: Vec<String> = draft.state.over().keys().cloned().collect();
    for id in over {
        reach(draft, &id);
        let is_done = draft
            .state
            .over()
            .get(&id)
            .is_some_and(|over| over.push.is_none() && over.off.as_ref().is_some_and(|off| off.acknowledged));
        if is_done {
            draft.add(Event::Cleared { release: id, push: draft.push });
        }
    }
}

fn reach(draft: &mut Draft<'_>, id: &str) {
    let Some(over) = draft.state.over().get(id) else { return };
    let Some(push) = over.push else { return };
    let memory = draft.memory;
    let nodes = memory.unreached(push);
    let least = if over.end == End::Finished { FINISHED_MIN } else { Duration::ZERO };
    // A push is answered after it was made, which the first tick after it sees.
    let is_old_enough = memory.since_end(id).is_some_and(|since| since > Duration::ZERO && since >= least);
    if nodes.is_empty() && is_old_enough {
        draft.add(Event::Reached { release: id.to_owned() });
    } else if nodes != over.unreached && memory.since_end(id).is_some_and(|since| since >= draft.inputs.tick.gap_max())
    {
        draft.add(Event::Unreached { release: id.to_owned(), nodes });
    }
}
