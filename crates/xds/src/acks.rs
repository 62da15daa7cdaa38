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

/// So much of a client's words is kept and told.
const WORDS_BYTES_MAX: usize = 4 << 10;

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
            Some(Status { message, .. }) => Event::Rejected { kind, revision, error: cut(message) },
        })
    }

    /// How many responses have not been answered.
    pub(crate) fn unanswered(&self) -> usize {
        self.open.len()
    }

    /// What to report on a type that is not served: once per stream.
    pub(crate) fn refuse(&mut self, type_url: String) -> Option<Event> {
        let type_url = cut(type_url);
        let new = self.unserved.len() < UNSERVED_MAX && self.unserved.insert(type_url.clone());
        new.then_some(Event::Unserved { type_url })
    }
}

fn cut(mut words: String) -> String {
    if words.len() > WORDS_BYTES_MAX {
        words.truncate(words.floor_char_boundary(WORDS_BYTES_MAX));
        words.push('…');
        words.shrink_to_fit();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_words_are_cut() {
        let fits = "x".repeat(WORDS_BYTES_MAX);
        assert_eq!(cut(fits.clone()), fits);
        assert_eq!(cut(fits.clone() + "y"), fits + "…");
        let wide = "é".repeat(WORDS_BYTES_MAX);
        assert_eq!(cut("x".to_owned() + &wide).chars().count(), WORDS_BYTES_MAX / 2 + 1);
    }
}
