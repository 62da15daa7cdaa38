//! What was told of polls: each thing once, and who is not read again when that changes.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::edges::Seen;
use crate::serve::notice::Notice;

/// The time between two notices of edges that are not read.
const PAUSE: Duration = Duration::from_secs(60);

/// What was told so far.
#[derive(Default)]
pub struct Told {
    /// Why polls are refused.
    reason: Option<&'static str>,
    missing: Names,
    twice: Names,
}

/// The nodes that were told, and when.
#[derive(Default)]
struct Names {
    names: BTreeSet<String>,
    at: Option<Instant>,
}

impl Told {
    /// What is to be told of what was seen now.
    pub fn of(&mut self, seen: &Seen, now: Instant) -> Vec<Notice> {
        let Seen { poll, missing, twice } = seen;
        let refusal = poll.refusal();
        let reason = refusal.map(|refusal| refusal.code());
        let names = missing.iter().map(|one| one.node.clone()).collect();
        let missing = || missing.iter().map(|one| format!("{}: {}", one.node, one.why)).collect();
        let mut notices = Vec::new();
        match refusal {
            Some(refusal) if self.reason != reason => {
                notices.push(Notice::PollRefused { refusal, missing: missing() });
                self.missing.take(names, now);
            }
            _ => {
                if self.reason.is_some() && reason.is_none() {
                    notices.push(Notice::PollAccepted { edges: poll.edges, read: poll.read });
                }
                if self.missing.is_due(&names, now) {
                    notices.push(Notice::EdgesNotRead { missing: missing() });
                    self.missing.take(names, now);
                }
            }
        }
        self.reason = reason;
        let twice = twice.iter().cloned().collect();
        if self.twice.is_due(&twice, now) {
            notices.push(Notice::EdgesTwice { nodes: twice.iter().cloned().collect() });
            self.twice.take(twice, now);
        }
        notices
    }
}

impl Names {
    fn is_due(&self, names: &BTreeSet<String>, now: Instant) -> bool {
        *names != self.names && self.at.is_none_or(|at| now.saturating_duration_since(at) >= PAUSE)
    }

    fn take(&mut self, names: BTreeSet<String>, now: Instant) {
        *self = Names { names, at: Some(now) };
    }
}

#[cfg(test)]
mod tests {
    use weir_release::evidence::Poll;

    use super::*;
    use crate::serve::evidence::edges::Missing;

    #[test]
    fn polls_are_told_of_when_their_state_changes_and_silent_edges_once_a_minute_at_most() {
        let (mut told, start) = (Told::default(), Instant::now());
        let second = Duration::from_secs(1);
        for (at, silent, read, expected) in [
            (0, &[][..], 20, &[][..]),
            (10, &["a"], 19, &["edges_not_read a: silent"]),
            (20, &["a"], 19, &[]),
            (30, &["a", "b"], 18, &[]),
            (69, &["a", "b"], 18, &[]),
            (70, &["a", "b"], 18, &["edges_not_read a: silent, b: silent"]),
            (80, &["a", "b", "c"], 17, &["poll_refused a: silent, b: silent, c: silent"]),
            (90, &["a", "b", "c"], 17, &[]),
            (139, &["a", "b", "d"], 17, &[]),
            (140, &["a", "b", "d"], 17, &["edges_not_read a: silent, b: silent, d: silent"]),
            (150, &["a"], 19, &["poll_accepted "]),
            (200, &[], 20, &["edges_not_read "]),
        ] {
            let missing: Vec<Missing> =
                silent.iter().map(|node| Missing { node: (*node).into(), why: "silent".into() }).collect();
            let seen = Seen { poll: Poll { edges: 20, read }, missing, twice: Vec::new() };
            let notices = told.of(&seen, start + second * at);
            let shown = |notice: Notice| {
                let event = notice.event();
                let fields = notice.fields();
                let missing = fields.iter().find(|(name, _)| *name == "missing").map_or("", |(_, nodes)| nodes);
                format!("{event} {missing}")
            };
            assert_eq!(notices.into_iter().map(shown).collect::<Vec<_>>(), expected, "{at}");
        }
    }

    #[test]
    fn who_is_there_twice_is_told_once() {
        let (mut told, now) = (Told::default(), Instant::now());
        let seen = Seen { poll: Poll { edges: 1, read: 1 }, missing: Vec::new(), twice: vec!["a".to_owned()] };
        assert_eq!(told.of(&seen, now).len(), 1);
        assert_eq!(told.of(&seen, now + PAUSE * 2).len(), 0);
    }
}
