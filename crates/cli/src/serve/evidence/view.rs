//! What is known of evidence, for people and their tools.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use weir_release::evidence::{Counts, Evidence, Ledger, Refusal};

use super::edges::{Missing, Seen};
use crate::serve::fleet::Moment;

/// The evidence for all that look at it.
pub type SharedEvidence = Arc<watch::Sender<EvidenceView>>;

/// The evidence as `/evidence` answers it.
#[derive(Default, Serialize)]
pub struct EvidenceView {
    /// Why no evidence is gathered: the record cannot be read.
    not_read: Option<String>,
    /// The last poll; none before the first one, and where nothing is counted any more.
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
    /// 1 is the first since the server started.
    number: u64,
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
    /// The nodes of which more Envoys are connected than were read.
    twice: Vec<String>,
    /// What it gave out.
    evidence: Vec<Evidence>,
}

impl PollView {
    /// The poll of what was seen at this moment, before which all were asked in so long, with what it gave out.
    pub fn new(at: Moment, took: Duration, seen: &Seen, evidence: Vec<Evidence>) -> PollView {
        let Seen { poll, missing, twice } = seen;
        let refusal = poll.refusal();
        PollView {
            number: 0,
            at: at.text(),
            accepted: refusal.is_none(),
            reason: refusal.map(Refusal::code),
            why: refusal.map(|refusal| refusal.to_string()),
            edges: poll.edges,
            read: poll.read,
            seconds: took.as_secs_f64(),
            missing: missing.clone(),
            twice: twice.clone(),
            evidence,
        }
    }
}

impl EvidenceView {
    /// Why no evidence is gathered.
    pub fn not_read(&self) -> Option<&str> {
        self.not_read.as_deref()
    }

    /// Takes in why there is no ledger.
    pub fn take_in_failure(&mut self, why: String) {
        self.not_read = Some(why);
    }

    /// Takes in a poll, if there was one, and what the ledger says behind it.
    pub fn take_in(&mut self, poll: Option<PollView>, ledger: &Ledger) {
        self.poll = poll.map(|poll| {
            *(if poll.accepted { &mut self.accepted } else { &mut self.refused }) += 1;
            PollView { number: self.accepted + self.refused, ..poll }
        });
        self.not_read = None;
        (self.totals, self.waiting, self.resets) =
            (ledger.totals().clone(), ledger.waiting().to_vec(), ledger.resets());
    }

    /// All metrics in the text format: those of a poll where there is one; none where nothing was ever counted.
    pub fn metrics(&self) -> String {
        let poll = self.poll.iter().flat_map(|poll| {
            [
                ("gauge", "edges", "Edges that were connected at the last poll of evidence.", poll.edges as f64),
                ("gauge", "edges_read", "Of those, were read within three ticks.", poll.read as f64),
                ("gauge", "accepted", "Whether the last poll was accepted.", u8::from(poll.accepted).into()),
                ("gauge", "seconds", "How long it took to ask all edges before it.", poll.seconds),
            ]
        });
        let others = [
            (
                "gauge",
                "not_read",
                "Whether the record cannot be read, so that none is gathered.",
                f64::from(u8::from(self.not_read.is_some())),
            ),
            ("counter", "polls_accepted_total", "Polls that were accepted.", self.accepted as f64),
            ("counter", "polls_refused_total", "Polls that were not.", self.refused as f64),
            ("counter", "resets_total", "Readings of which nothing could be counted.", self.resets as f64),
        ];
        let mut text = String::new();
        let is_quiet = self.not_read.is_none() && self.accepted + self.refused + self.resets == 0;
        for (kind, name, help, value) in poll.chain(others).filter(|_| !is_quiet) {
            let name = format!("weir_serve_evidence_{name}");
            // Writing to memory cannot fail.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::evidence::edges::Edges;

    fn poll() -> PollView {
        let now = Moment::now();
        PollView::new(now, Duration::ZERO, &Edges::default().seen(now.steady), Vec::new())
    }

    fn values(view: &EvidenceView) -> Vec<String> {
        view.metrics().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[test]
    fn polls_have_numbers_and_where_there_is_none_any_more_it_is_not_shown() {
        let (mut view, ledger) = (EvidenceView::default(), Ledger::default());
        view.take_in(None, &ledger);
        assert_eq!(view.metrics(), "");
        for number in 1..4 {
            view.take_in(Some(poll()), &ledger);
            assert_eq!(view.poll.as_ref().unwrap().number, number);
        }
        assert!(values(&view).contains(&"weir_serve_evidence_accepted 0".to_owned()), "{:?}", values(&view));
        view.take_in(None, &ledger);
        assert_eq!(
            values(&view),
            ["not_read 0", "polls_accepted_total 0", "polls_refused_total 3", "resets_total 0"]
                .map(|value| format!("weir_serve_evidence_{value}"))
        );
    }

    #[test]
    fn that_the_record_cannot_be_read_is_shown_until_it_can_be() {
        let mut view = EvidenceView::default();
        view.take_in_failure("evidence.json: broken".into());
        assert_eq!(values(&view)[0], "weir_serve_evidence_not_read 1");
        view.take_in(None, &Ledger::default());
        assert_eq!((view.metrics().as_str(), view.not_read), ("", None));
    }
}
