//! A poll of the edges: whether enough of them were read for what was counted to be judged. It is accepted or not as a whole.

use std::fmt;
use std::time::Duration;

/// The time between two polls.
pub const TICK: Duration = Duration::from_secs(10);
/// The most edges of a fleet that is judged.
pub const EDGES_MAX: usize = 1_000;
/// The part of the connected edges that must have been read.
pub const READ_PERCENT_MIN: usize = 90;
/// The age up to which a reading counts as one: three ticks.
const AGE_MAX: Duration = Duration::from_secs(30);

/// The connected edges at one moment, and of how many there is a reading that is not too old.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Poll {
    /// The connected edges.
    pub edges: usize,
    /// Those of them that were read.
    pub read: usize,
}

/// Why a poll is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No edge is connected.
    NoEdges,
    /// More edges are connected than are judged.
    TooManyEdges(usize),
    /// Too few of them were read.
    TooFewRead(usize, usize),
}

impl Poll {
    /// The poll of these edges, each by the age of its last reading if there is one.
    pub fn of(edges: impl IntoIterator<Item = Option<Duration>>) -> Poll {
        edges.into_iter().fold(Poll::default(), |Poll { edges, read }, age| Poll {
            edges: edges.saturating_add(1),
            read: read.saturating_add(usize::from(Poll::is_recent(age))),
        })
    }

    /// Whether a reading of this age counts.
    pub fn is_recent(age: Option<Duration>) -> bool {
        age.is_some_and(|age| age <= AGE_MAX)
    }

    /// Why it is not accepted; none if it is.
    pub fn refusal(&self) -> Option<Refusal> {
        let Poll { edges, read } = *self;
        match edges {
            0 => Some(Refusal::NoEdges),
            _ if edges > EDGES_MAX => Some(Refusal::TooManyEdges(edges)),
            _ if read.saturating_mul(100) < edges.saturating_mul(READ_PERCENT_MIN) => {
                Some(Refusal::TooFewRead(read, edges))
            }
            _ => None,
        }
    }
}

impl Refusal {
    /// The code, which is public.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::NoEdges => "no_edges",
            Refusal::TooManyEdges(_) => "too_many_edges",
            Refusal::TooFewRead(..) => "too_few_read",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoEdges => f.write_str("no edge is connected"),
            Refusal::TooManyEdges(edges) => {
                write!(f, "{edges} edges are connected, and fleets of up to {EDGES_MAX} are judged")
            }
            Refusal::TooFewRead(read, edges) => write!(
                f,
                "{read} of {edges} connected edges were read within {} s, and {READ_PERCENT_MIN}% must be",
                AGE_MAX.as_secs()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_of_three_ticks_counts_and_an_older_one_does_not() {
        assert_eq!(AGE_MAX, TICK * 3);
        let ages = [None, Some(Duration::ZERO), Some(AGE_MAX), Some(AGE_MAX + Duration::from_millis(1))];
        assert_eq!(Poll::of(ages), Poll { edges: 4, read: 2 });
    }

    #[test]
    fn a_poll_is_accepted_with_nine_of_ten_edges_of_a_thousand_at_most() {
        for (edges, read, code) in [
            (0, 0, Some("no_edges")),
            (1, 1, None),
            (1, 0, Some("too_few_read")),
            (2, 1, Some("too_few_read")),
            (10, 9, None),
            (10, 8, Some("too_few_read")),
            (11, 10, None),
            (11, 9, Some("too_few_read")),
            (1_000, 900, None),
            (1_000, 899, Some("too_few_read")),
            (1_001, 1_001, Some("too_many_edges")),
        ] {
            assert_eq!(Poll { edges, read }.refusal().map(Refusal::code), code, "{read} of {edges}");
        }
    }
}
