//! The queue moves: those start that can, in its order, and each other waits for what it now waits for.

use super::draft::{Draft, as_waits};
use crate::journal::Event;
use crate::queue::{Turn, order, turn};
use crate::release::Release;

pub fn start(draft: &mut Draft<'_>) {
    let mut ahead: Vec<Release> = Vec::new();
    for id in order(&draft.state) {
        let Some(entry) = draft.state.entries().get(&id) else { continue };
        let before: Vec<&Release> = ahead.iter().collect();
        match turn(&draft.state, entry, &before, draft.inputs.written.policies, draft.inputs.tick.now) {
            Turn::Starts(slots) => {
                let event = Event::Started { release: id.clone(), slots, push: draft.push };
                let problems = draft.problems_with(event.clone());
                if problems.is_empty() {
                    draft.add(event);
                } else {
                    draft.waits(&id, as_waits(problems));
                }
            }
            Turn::First(waits) => {
                ahead.push(entry.document.release.clone());
                draft.waits(&id, waits);
            }
            Turn::Aside(waits) => draft.waits(&id, waits),
        }
    }
}
