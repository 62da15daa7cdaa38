//! One tick: from the state, the documents, what people ask for and what was seen to the lines of the journal that come of it, in
//! their order. A pure function: after a kill between any two lines the fold and the same tick lead to the same state.
//!
//! ```text
//! documents → requests → steps that first nodes did not take → verdicts and rollbacks → ends → steps → the queue
//! ```
//!
//! What ends comes before what begins, so that slots which become free are taken in the same tick. All that changes the policy in
//! one tick is one push.

use std::collections::{BTreeMap, BTreeSet};

use weir_policy::SourceId;
use weir_policy::written::Policy;

use crate::journal::{Document, Line, Node, Trouble};
use crate::judge::Verdict;
use crate::request::Request;
use crate::state::State;
use crate::tick::Tick;

mod documents;
mod draft;
mod ends;
mod people;
mod starts;
mod steps;
mod verdicts;

use draft::Draft;

/// All that a tick decides by, beside the state.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The documents of releases, as they stand in their files now.
    pub look: &'a Look,
    /// What people wrote beside them.
    pub written: &'a Written<'a>,
    /// What people ask for. Those that were answered are passed over.
    pub requests: &'a [Request],
    /// What first nodes did not take, if a push of releases was held back.
    pub held: Option<&'a Held>,
    /// Releases whose tags steer routes that are not there.
    pub unrouted: &'a BTreeSet<String>,
    /// What was seen.
    pub tick: &'a Tick,
    /// Whether the journal takes lines. Where it does not nobody advances, and what only switches off is decided all the same:
    /// its lines are written first when there is room.
    pub has_room: bool,
}

/// What people wrote: the documents of the policy that releases are added to.
pub struct Written<'a> {
    /// The last good ones, kill switches of newer ones included.
    pub policies: &'a [Policy],
    /// Why newer ones are not these: they are bad, or clash with releases in force. All advances wait for that.
    pub problems: Vec<Trouble>,
    /// The text that problems of what releases add point to.
    pub source: SourceId,
    /// What is wrong with documents as a whole.
    pub check: &'a dyn Fn(&[Policy]) -> Vec<Trouble>,
}

/// A look at the documents of releases.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The folder, or the one file.
    pub name: String,
    /// The files of it, or why they cannot be looked at: then all stays as it was.
    pub files: Result<Vec<File>, Vec<Trouble>>,
}

/// A file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its document, good by itself, with the others and with the policy; or what is wrong.
    pub document: Result<Document, Bad>,
}

/// A document that is not good.
#[derive(Clone, Debug, PartialEq)]
pub struct Bad {
    /// The release that is meant, if that is known.
    pub release: Option<String>,
    /// What is wrong.
    pub problems: Vec<Trouble>,
}

/// A push that first nodes did not take, so that all have again what was before.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The number of the last change of the policy that everybody took.
    pub taken: u64,
    /// The number of the change that was held back, with all after `taken` in it.
    pub push: u64,
    /// What the nodes say.
    pub nodes: Vec<Node>,
}

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
    if inputs.has_room {
        draft.clock();
        documents::take_in(&mut draft);
        people::answer(&mut draft, |_| true);
        steps::hold_back(&mut draft);
    } else {
        people::answer(&mut draft, |verb| verb.only_reduces());
    }
    let verdicts = verdicts::judge_all(&mut draft);
    if inputs.has_room {
        ends::finish(&mut draft, &verdicts);
        ends::clear(&mut draft);
        steps::begin(&mut draft, &verdicts);
        starts::start(&mut draft);
    }
    Decided { lines: draft.into_lines(), verdicts }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
