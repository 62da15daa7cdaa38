//! The journal: what happened to releases, one line each, and who did it. A public format: a line is one JSON object, as
//!
//! ```json
//! {"number":7,"at":"2026-12-01T01:00:00Z","by":{"user":"ann","host":"web-1"},"event":"paused","release":"owl-v21","why":"lunch"}
//! ```
//!
//! - `number` counts the lines of a journal from 1, none is left out; `at` is the server's clock, in UTC; `by` is the person who
//!   asked for it, and is absent where it happened by itself.
//! - `event` says what happened, and which fields follow: see [`Event`]. A field that has nothing to say is absent. Steps are
//!   counted from 0, durations are whole milliseconds in fields that end in `_ms`.
//! - `push` is the number of the policy's change that the event makes. Everything that changes the policy in one tick has one.
//!
//! Whoever reads it passes over events and fields that it does not know: later versions may add some. A file that is not the
//! first one begins with a line `kept`, in which all lines before it are folded.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weir_policy::Range;

use crate::judge::{Inputs, Verdict};

mod document;
pub(crate) mod ranges;
mod trouble;

pub use document::{Document, Format, Text};
pub use trouble::{Node, Trouble, Wait};

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// One more than that of the line before.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who asked for it; none if it happened by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// A person, as the machine on which the request was written knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The name of the account.
    pub user: String,
    /// The machine.
    pub host: String,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A journal began with nothing known: until all documents have been good once, what is seen first is paused.
    Began,
    /// All documents were good: what is seen first from now on starts by itself.
    Settled,
    /// A document was seen that no release in force or in the queue has the id of. It is in the queue now.
    Seen {
        /// Its id.
        release: String,
        /// The file.
        file: String,
        /// What stands in it.
        document: Text,
        /// Whether it waits for `resumed`, as in a journal that has just begun.
        #[serde(default, skip_serializing_if = "is_false")]
        paused: bool,
    },
    /// Its document means something else.
    Changed {
        /// The release.
        release: String,
        /// The file.
        file: String,
        /// What stands in it now.
        document: Text,
        /// The change of the policy, if it makes one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        push: Option<u64>,
    },
    /// Its file is gone, or is there again. Of a release in force nothing else changes.
    File {
        /// The release.
        release: String,
        /// The file; none while there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// It was in the queue, and its file is gone. Its id is free.
    Withdrawn {
        /// The release.
        release: String,
    },
    /// A file, or all of a folder, is not what counts: what counted before goes on.
    Bad {
        /// The file or the folder.
        file: String,
        /// The release that is meant, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        release: Option<String>,
        /// What is wrong.
        problems: Vec<Trouble>,
    },
    /// A file, or a folder, that was bad is good, or gone.
    Good {
        /// The file or the folder.
        file: String,
    },
    /// What it waits for is another than before; nothing where it waits no longer.
    Waits {
        /// The release.
        release: String,
        /// Each thing that it waits for.
        waits: Vec<Wait>,
    },
    /// It left the queue: it has slots, and Envoys learn its tags and routes. Nobody is dealt yet.
    Started {
        /// The release.
        release: String,
        /// What it owns of its unit's pool for as long as it is in force, each `[from, to]`, half open.
        #[serde(with = "ranges")]
        slots: Vec<Range>,
        /// The change of the policy.
        push: u64,
    },
    /// A step of it began.
    Begun {
        /// The release.
        release: String,
        /// The step.
        step: usize,
        /// What its arms without control get together, in parts per million.
        share: u32,
        /// Whether a person passed the suspicion for it.
        #[serde(default, skip_serializing_if = "is_false")]
        passed: bool,
        /// The change of the policy.
        push: u64,
    },
    /// What was judged of it says something else than before.
    Verdict {
        /// The release.
        release: String,
        /// What was judged.
        verdict: Box<Verdict>,
        /// Of what: anybody can judge it again.
        inputs: Box<Inputs>,
    },
    /// First nodes did not take its step: it is back at the step before and paused, or in the queue and paused if it had none. Where
    /// they did not take what its document came to say, what that said before counts again.
    HeldBack {
        /// The release.
        release: String,
        /// The step that it is back at; none before the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<usize>,
        /// Whether it is back in the queue.
        #[serde(default, skip_serializing_if = "is_false")]
        queued: bool,
        /// Whether the document that was in force before counts again.
        #[serde(default, skip_serializing_if = "is_false")]
        document: bool,
        /// What the nodes say.
        nodes: Vec<Node>,
        /// The change of the policy.
        push: u64,
    },
    /// It was rolled back: everybody is stable.
    RolledBack {
        /// The release.
        release: String,
        /// The change of the policy.
        push: u64,
    },
    /// It is over as it was meant to be: its layer is gone and its slots are free.
    Finished {
        /// The release.
        release: String,
        /// The change of the policy.
        push: u64,
    },
    /// It was rolled back or aborted, is acknowledged, and every Envoy has it off: its layer is gone.
    Cleared {
        /// The release.
        release: String,
        /// The change of the policy.
        push: u64,
    },
    /// Envoys that have not answered the change by which it went, other ones than before.
    Unreached {
        /// The release.
        release: String,
        /// Their nodes.
        nodes: Vec<String>,
    },
    /// Every Envoy that was seen in the last 24 hours has answered the change by which it went.
    Reached {
        /// The release.
        release: String,
    },
    /// The clock was set: it went further than time did. No step is longer or shorter by that.
    ClockJumped {
        /// By how much.
        by_ms: i64,
    },
    /// What some nodes had counted could not be told from what was counted already: nothing of it counts.
    Reset {
        /// The nodes.
        nodes: Vec<String>,
        /// The releases that ran: each may lack something.
        releases: Vec<String>,
    },
    /// Somebody approved a step.
    Approved {
        /// The request.
        request: String,
        /// The release.
        release: String,
        /// The step.
        step: usize,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody paused it.
    Paused {
        /// The request.
        request: String,
        /// The release.
        release: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody let it go on.
    Resumed {
        /// The request.
        request: String,
        /// The release.
        release: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody ended it: everybody is stable. It needs no acknowledgement.
    Aborted {
        /// The request.
        request: String,
        /// The release.
        release: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// The change of the policy; none if it was in the queue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        push: Option<u64>,
    },
    /// Somebody has seen that it was rolled back.
    Acknowledged {
        /// The request.
        request: String,
        /// The release.
        release: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody said that it may finish.
    Promoted {
        /// The request.
        request: String,
        /// The release.
        release: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody wants a step to begin at once.
    Stepped {
        /// The request.
        request: String,
        /// The release.
        release: String,
        /// The step that is to begin.
        step: usize,
        /// Why.
        why: String,
    },
    /// Somebody paused all releases.
    Frozen {
        /// The request.
        request: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody let all go on that are not paused by themselves.
    Thawed {
        /// The request.
        request: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// What somebody asked for was not done.
    Refused {
        /// The request.
        request: String,
        /// What it asked for.
        verb: String,
        /// The release that it names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        release: Option<String>,
        /// Why not.
        reason: Trouble,
    },
}

impl Event {
    /// The release that it happened to; none if it is no one's alone.
    pub fn release(&self) -> Option<&str> {
        match self {
            Event::Began
            | Event::Settled
            | Event::Good { .. }
            | Event::ClockJumped { .. }
            | Event::Reset { .. }
            | Event::Frozen { .. }
            | Event::Thawed { .. } => None,
            Event::Bad { release, .. } | Event::Refused { release, .. } => release.as_deref(),
            Event::Seen { release, .. }
            | Event::Changed { release, .. }
            | Event::File { release, .. }
            | Event::Withdrawn { release }
            | Event::Waits { release, .. }
            | Event::Started { release, .. }
            | Event::Begun { release, .. }
            | Event::Verdict { release, .. }
            | Event::HeldBack { release, .. }
            | Event::RolledBack { release, .. }
            | Event::Finished { release, .. }
            | Event::Cleared { release, .. }
            | Event::Unreached { release, .. }
            | Event::Reached { release }
            | Event::Approved { release, .. }
            | Event::Paused { release, .. }
            | Event::Resumed { release, .. }
            | Event::Aborted { release, .. }
            | Event::Acknowledged { release, .. }
            | Event::Promoted { release, .. }
            | Event::Stepped { release, .. } => Some(release),
        }
    }

    /// The number of the policy's change that it makes, if it makes one.
    pub fn push(&self) -> Option<u64> {
        match self {
            Event::Changed { push, .. } | Event::Aborted { push, .. } => *push,
            Event::Started { push, .. }
            | Event::Begun { push, .. }
            | Event::HeldBack { push, .. }
            | Event::RolledBack { push, .. }
            | Event::Finished { push, .. }
            | Event::Cleared { push, .. } => Some(*push),
            _ => None,
        }
    }

    /// The request that it answers, if it is one of a person.
    pub fn request(&self) -> Option<&str> {
        match self {
            Event::Approved { request, .. }
            | Event::Paused { request, .. }
            | Event::Resumed { request, .. }
            | Event::Aborted { request, .. }
            | Event::Acknowledged { request, .. }
            | Event::Promoted { request, .. }
            | Event::Stepped { request, .. }
            | Event::Frozen { request, .. }
            | Event::Thawed { request, .. }
            | Event::Refused { request, .. } => Some(request),
            _ => None,
        }
    }
}

fn is_false(is: &bool) -> bool {
    !*is
}

#[cfg(test)]
mod tests;
