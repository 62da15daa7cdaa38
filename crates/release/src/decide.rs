//! One tick: from the state, the documents, what people ask for and what was seen to the lines of the journal that come of it, in
//! their order. A pure function: after a kill between any two lines the fold and the same tick lead to the same state.
//!
//! ```text
//! requests → verdicts and rollbacks → steps that first nodes did not take → documents → ends → steps → the queue
//! ```
//!
//! What was counted is judged by the step in which it was counted, so steps are taken back after that, and documents are held against
//! what is then in force; where they change something, it is judged again. What ends comes before what begins, so that slots which
//! become free are taken in the same tick. All that changes the policy in one tick is one push.

use std::collections::BTreeMap;

use crate::journal::Line;
use crate::judge::Verdict;
use crate::state::State;

mod documents;
mod draft;
mod ends;
mod inputs;
mod people;
mod starts;
mod steps;
mod verdicts;

use draft::Draft;
pub use inputs::{Bad, File, Held, Inputs, Look, Written};

/// What a tick comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decided {
    /// The lines, in order. Each is written before the state takes it in.
    pub lines: Vec<Line>,
    /// What was judged of each running release, by id: for [`State::judged`] once all lines are taken in.
    pub verdicts: BTreeMap<String, Verdict>,
}

/// Decides a tick, which the state has observed.
pub fn decide(state: &State, inputs: &Inputs<'_>) -> Decided {
    let mut draft = Draft::of(state, inputs);
    draft.resets();
    if inputs.has_room {
        draft.clock();
        people::answer(&mut draft, |_| true);
    } else {
        people::answer(&mut draft, |verb| verb.only_reduces());
    }
    let mut verdicts = verdicts::judge_all(&mut draft);
    if inputs.has_room {
        steps::hold_back(&mut draft);
        documents::take_in(&mut draft);
        verdicts.extend(verdicts::judge_changed(&mut draft));
        ends::finish(&mut draft, &verdicts);
        ends::clear(&mut draft);
        steps::begin(&mut draft, &verdicts);
        starts::start(&mut draft);
    }
    Decided { lines: draft.into_lines(), verdicts }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
