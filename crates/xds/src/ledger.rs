//! One stream's book of which responses await the client's answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use envoy_types::pb::google::rpc::Status;

use crate::{Event, Kind};

#[derive(Default)]
pub(crate) struct Ledger {
    issued: u64,
    /// What has not been answered yet: a few at most.
    open: Vec<Issued>,
    unserved: BTreeSet<String>,
}

struct Issued {
    kind: Kind,
    nonce: u64,
    label: Arc<str>,
}

/// Types that are not served, of one stream: more are not reported, so that a client cannot fill our memory with names.
const UNSERVED_MAX: usize = 16;

impl Ledger {
    /// A nonce for a response, unique in the stream.
    pub(crate) fn issue(&mut self, kind: Kind, label: &Arc<str>) -> String {
        self.issued += 1;
        self.open.push(Issued { kind, nonce: self.issued, label: label.clone() });
        self.issued.to_string()
    }

    /// Books the client's answer. A nonce is reported once: later requests that repeat it only change a subscription.
    pub(crate) fn settle(&mut self, kind: Kind, nonce: &str, error: Option<Status>) -> Option<Event> {
        let nonce: u64 = nonce.parse().ok()?;
        let place = self.open.iter().position(|issued| (issued.kind, issued.nonce) == (kind, nonce))?;
        let revision = self.open.swap_remove(place).label;
        Some(match error {
            None => Event::Acked { kind, revision },
            Some(Status { message: error, .. }) => Event::Rejected { kind, revision, error },
        })
    }

    /// How many responses have not been answered.
    pub(crate) fn unanswered(&self) -> usize {
        self.open.len()
    }

    /// What to report on a type that is not served: once per stream.
    pub(crate) fn refuse(&mut self, type_url: String) -> Option<Event> {
        let new = self.unserved.len() < UNSERVED_MAX && self.unserved.insert(type_url.clone());
        new.then_some(Event::Unserved { type_url })
    }
}
