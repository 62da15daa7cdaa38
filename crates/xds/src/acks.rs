//! The acks of one stream: which responses are unanswered, and what each answer is to be reported as.

use std::collections::BTreeSet;
use std::sync::Arc;

use envoy_types::pb::google::rpc::Status;

use crate::{Event, ResourceKind};

#[derive(Default)]
pub(crate) struct Acks {
    /// The last nonce.
    issued: u64,
    /// Responses without an answer: a few at most.
    unanswered: Vec<Issued>,
    /// Types that were reported as unknown.
    unknown: BTreeSet<String>,
}

struct Issued {
    kind: ResourceKind,
    nonce: u64,
    label: Arc<str>,
}

/// Unknown types that are reported of one stream; more are not, so that a client cannot fill our memory with names.
const UNKNOWN_MAX: usize = 16;

/// Bytes of a client's text that are kept and reported.
const TEXT_BYTES_MAX: usize = 4 << 10;

impl Acks {
    /// The nonce of a new response, unique in the stream.
    pub(crate) fn issue(&mut self, kind: ResourceKind, label: &Arc<str>) -> String {
        self.issued += 1;
        self.unanswered.push(Issued { kind, nonce: self.issued, label: label.clone() });
        self.issued.to_string()
    }

    /// Takes in the client's answer. A nonce is reported once: later requests that repeat it only change a subscription.
    pub(crate) fn acknowledge(&mut self, kind: ResourceKind, nonce: &str, error: Option<Status>) -> Option<Event> {
        let nonce: u64 = nonce.parse().ok()?;
        let index = self.unanswered.iter().position(|issued| (issued.kind, issued.nonce) == (kind, nonce))?;
        let label = self.unanswered.swap_remove(index).label;
        Some(match error {
            None => Event::Acked { kind, label },
            Some(Status { message, .. }) => Event::Rejected { kind, label, error: cut(message) },
        })
    }

    /// How many responses are unanswered.
    pub(crate) fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// The event of a type that is not served: once per stream.
    pub(crate) fn unsupported(&mut self, type_url: String) -> Option<Event> {
        let type_url = cut(type_url);
        let new = self.unknown.len() < UNKNOWN_MAX && self.unknown.insert(type_url.clone());
        new.then_some(Event::UnknownType { type_url })
    }
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
        text.push('…');
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_text_is_cut() {
        let fits = "x".repeat(TEXT_BYTES_MAX);
        assert_eq!(cut(fits.clone()), fits);
        assert_eq!(cut(fits.clone() + "y"), fits + "…");
        let wide = "é".repeat(TEXT_BYTES_MAX);
        assert_eq!(cut("x".to_owned() + &wide).chars().count(), TEXT_BYTES_MAX / 2 + 1);
    }
}
