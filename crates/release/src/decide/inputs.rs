//! All that a tick is decided by, beside the state.

use std::collections::BTreeSet;

use weir_policy::SourceId;
use weir_policy::written::Policy;

use crate::journal::{Document, Node, Trouble};
use crate::request::Request;
use crate::tick::Tick;

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
    /// What is wrong; nothing while nobody knows, since others are still asked. Then it is neither taken in nor told.
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
