//! What becomes of each running release: verdicts, and rollbacks at once.

use std::collections::{BTreeMap, BTreeSet};

use weir_policy::written::Policy;

use super::draft::{Draft, as_waits};
use super::steps::begun;
use crate::journal::{Event, Wait};
use crate::judge::{Decision, Inputs, Verdict, judge};
use crate::running::Running;
use crate::state::{Entry, ROUTES, Ramp, SWITCHED_OFF};

/// Of all that run.
pub fn judge_all(draft: &mut Draft<'_>) -> BTreeMap<String, Verdict> {
    let running = draft.ids(|entry| entry.ramp.is_some());
    judge_each(draft, running)
}

/// Of those whose document changed in this tick. One whose step was taken back in it is paused, and judged by that step only once it
/// was seen in it.
pub fn judge_changed(draft: &mut Draft<'_>) -> BTreeMap<String, Verdict> {
    let is_judged = |entry: &Entry| entry.ramp.as_ref().is_some_and(|ramp| ramp.push < draft.push);
    let changed = draft.ids(is_judged).into_iter().filter(|id| draft.changed.contains(id)).collect();
    judge_each(draft, changed)
}

fn judge_each(draft: &mut Draft<'_>, ids: Vec<String>) -> BTreeMap<String, Verdict> {
    let mut verdicts = BTreeMap::new();
    for id in ids {
        if draft.inputs.has_room {
            let waits = waits(draft, &id);
            draft.waits(&id, waits);
        }
        let Some(entry) = draft.state.entries().get(&id) else { continue };
        let (Some(ramp), Some(stand)) = (&entry.ramp, draft.state.stand(&id)) else { continue };
        let running = draft.memory.running.get(&id).cloned().unwrap_or_else(Running::default);
        let now = draft.inputs.tick.now;
        let verdict = judge(&entry.document.release, &stand, &running, now);
        let is_told = ramp.verdict.as_ref().is_some_and(|before| before.says_as(&verdict));
        if !is_told && (draft.inputs.has_room || verdict.decision == Decision::Rollback) {
            let inputs = Inputs { revision: entry.document.digest(), stand, running, now };
            let (verdict, inputs) = (Box::new(verdict.clone()), Box::new(inputs));
            draft.add(Event::Verdict { release: id.clone(), verdict, inputs });
        }
        if verdict.decision == Decision::Rollback {
            draft.add(Event::RolledBack { release: id.clone(), push: draft.push });
        }
        verdicts.insert(id, verdict);
    }
    verdicts
}

/// What keeps a running release from its next step beside evidence and people.
fn waits(draft: &Draft<'_>, id: &str) -> Vec<Wait> {
    let Some(entry) = draft.state.entries().get(id) else { return Vec::new() };
    let Some(ramp) = &entry.ramp else { return Vec::new() };
    let mut waits = Vec::new();
    if is_off(draft.inputs.written.policies) {
        waits.push(Wait::new(SWITCHED_OFF, "the policy is switched off"));
    }
    if waits_for_routes(id, entry, ramp, draft.inputs.unrouted) {
        waits.push(Wait::new(ROUTES, "no route is there for its tags; `weir release approve` goes without"));
    }
    let was_bad = entry.waits.iter().any(|wait| ![SWITCHED_OFF, ROUTES].contains(&wait.code.as_str()));
    let next = ramp.wanted.or(entry.next_step());
    if let Some(next) = next.filter(|_| was_bad) {
        waits.extend(as_waits(draft.problems_with(begun(draft, id, entry, next))));
    }
    waits
}

fn is_off(policies: &[Policy]) -> bool {
    policies.iter().any(|policy| policy.enabled == Some(false))
}

fn waits_for_routes(id: &str, entry: &Entry, ramp: &Ramp, unrouted: &BTreeSet<String>) -> bool {
    ramp.step.is_none() && unrouted.contains(id) && !entry.approved.contains(&0)
}
