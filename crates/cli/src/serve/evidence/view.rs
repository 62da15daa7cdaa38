//! What is known of evidence, for people and their tools.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use weir_release::evidence::{Counts, Evidence, Ledger, Poll, Refusal};

use super::edges::Missing;
use crate::serve::fleet::Moment;

/// The evidence for all that look at it.
pub type SharedEvidence = Arc<watch::Sender<EvidenceView>>;

/// The evidence as `/evidence` answers it.
#[derive(Default, Serialize)]
pub struct EvidenceView {
    /// The last poll; none before the first one.
    poll: Option<PollView>,
    /// What was accepted so far.
    totals: Counts,
    /// What waits for a poll that is accepted.
    waiting: Vec<Evidence>,
    /// The readings of which nothing could be counted.
    resets: u64,
    #[serde(skip)]
    accepted: u64,
    #[serde(skip)]
    refused: u64,
}

/// A poll.
#[derive(Serialize)]
pub struct PollView {
    /// RFC 3339, in UTC.
    at: String,
    accepted: bool,
    /// Why it is not, as a code and in words.
    reason: Option<&'static str>,
    why: Option<String>,
    edges: usize,
    read: usize,
    /// How long it took to ask them all.
    seconds: f64,
    /// The edges that were not read.
    missing: Vec<Missing>,
    /// What it gave out.
    evidence: Vec<Evidence>,
}

impl PollView {
    /// A poll at this moment, before which all were asked in so long, with what it gave out.
    pub fn new(at: Moment, took: Duration, poll: &Poll, missing: Vec<Missing>, evidence: Vec<Evidence>) -> PollView {
        let refusal = poll.refusal();
        PollView {
            at: at.text(),
            accepted: refusal.is_none(),
            reason: refusal.map(Refusal::code),
            why: refusal.map(|refusal| refusal.to_string()),
            edges: poll.edges,
            read: poll.read,
            seconds: took.as_secs_f64(),
            missing,
            evidence,
        }
    }
}

impl EvidenceView {
    /// The code of why the last poll was not accepted.
    pub fn reason(&self) -> Option<&'static str> {
        self.poll.as_ref()?.reason
    }

    /// Takes in a poll, and what the ledger says behind it.
    pub fn take_in(&mut self, poll: PollView, ledger: &Ledger) {
        *(if poll.accepted { &mut self.accepted } else { &mut self.refused }) += 1;
        self.poll = Some(poll);
        (self.totals, self.waiting, self.resets) =
            (ledger.totals().clone(), ledger.waiting().to_vec(), ledger.resets());
    }

    /// All metrics in the text format; none before the first poll.
    pub fn metrics(&self) -> String {
        let Some(poll) = &self.poll else { return String::new() };
        let metrics = [
            ("gauge", "edges", "Edges that were connected at the last poll of evidence.", poll.edges as f64),
            ("gauge", "edges_read", "Of those, were read within three ticks.", poll.read as f64),
            ("gauge", "accepted", "Whether the last poll was accepted.", u8::from(poll.accepted).into()),
            ("gauge", "seconds", "How long it took to ask all edges before it.", poll.seconds),
            ("counter", "polls_accepted_total", "Polls that were accepted.", self.accepted as f64),
            ("counter", "polls_refused_total", "Polls that were not.", self.refused as f64),
            ("counter", "resets_total", "Readings of which nothing could be counted.", self.resets as f64),
        ];
        let mut text = String::new();
        for (kind, name, help, value) in metrics {
            let name = format!("weir_serve_evidence_{name}");
            // Writing to memory cannot fail.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
        text
    }
}
