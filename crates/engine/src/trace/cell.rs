//! One cell of the table: what the live requests that fell on it left, as bytes that any worker can read.

use super::{TraceId, TraceTags};

/// Traces that a cell holds at a time.
const TRACES_MAX: usize = 8;
/// Where the length of tags would stand.
const CONFLICT: u32 = u32::MAX;

/// What the live requests of a cell left.
///
/// A trace that finds no room is counted as overflow. While there is any, no other trace gets in, so one trace is never in
/// both places: none of its requests can be overlooked, and none is answered by half of what the others brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceCell {
    traces: Vec<Live>,
    /// Live requests of traces that found no room.
    overflow: u32,
}

/// A trace with live requests.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Live {
    trace: TraceId,
    requests: u32,
    tags: TraceTags,
}

impl TraceCell {
    /// Reads what [`TraceCell::bytes`] wrote; anything else is an empty cell.
    pub fn read(bytes: &[u8]) -> TraceCell {
        TraceCell::parse(bytes).unwrap_or_default()
    }

    fn parse(bytes: &[u8]) -> Option<TraceCell> {
        let (overflow, mut rest) = number(bytes)?;
        let mut cell = TraceCell { traces: Vec::new(), overflow };
        while let Some((trace, behind)) = rest.split_first_chunk() {
            let (requests, behind) = number(behind)?;
            let (length, behind) = number(behind)?;
            let (tags, behind) = if length == CONFLICT {
                (TraceTags::Conflict, behind)
            } else {
                let (tags, behind) = behind.split_at_checked(usize::try_from(length).ok()?)?;
                (TraceTags::Tags(tags.to_vec()), behind)
            };
            cell.traces.push(Live { trace: TraceId(*trace), requests, tags });
            rest = behind;
        }
        rest.is_empty().then_some(cell)
    }

    /// The cell as bytes; none for an empty one.
    pub fn bytes(&self) -> Vec<u8> {
        if *self == TraceCell::default() {
            return Vec::new();
        }
        let mut bytes = self.overflow.to_le_bytes().to_vec();
        for live in &self.traces {
            bytes.extend(live.trace.0);
            bytes.extend(live.requests.to_le_bytes());
            match &live.tags {
                TraceTags::Conflict => bytes.extend(CONFLICT.to_le_bytes()),
                TraceTags::Tags(tags) => {
                    bytes.extend(u32::try_from(tags.len()).unwrap_or(CONFLICT).to_le_bytes());
                    bytes.extend(tags);
                }
            }
        }
        bytes
    }

    /// A request of this trace came in with these tags.
    pub fn enter(&mut self, trace: TraceId, tags: &[u8]) {
        if let Some(live) = self.traces.iter_mut().find(|live| live.trace == trace) {
            live.requests = live.requests.saturating_add(1);
            if !matches!(&live.tags, TraceTags::Tags(known) if known == tags) {
                live.tags = TraceTags::Conflict;
            }
        } else if self.overflow == 0 && self.traces.len() < TRACES_MAX {
            self.traces.push(Live { trace, requests: 1, tags: TraceTags::Tags(tags.to_vec()) });
        } else {
            self.overflow = self.overflow.saturating_add(1);
        }
    }

    /// A request of this trace that had come in is over.
    pub fn leave(&mut self, trace: TraceId) {
        let Some(live) = self.traces.iter_mut().find(|live| live.trace == trace) else {
            self.overflow = self.overflow.saturating_sub(1);
            return;
        };
        live.requests = live.requests.saturating_sub(1);
        self.traces.retain(|live| live.requests > 0);
    }

    /// What requests of one trace bring together that are alive at the same time; nothing without any.
    pub fn together<'a>(trace: TraceId, requests: impl IntoIterator<Item = &'a [u8]>) -> Option<TraceTags> {
        let mut cell = TraceCell::default();
        requests.into_iter().for_each(|tags| cell.enter(trace, tags));
        cell.tags_of(trace)
    }

    /// What the live requests of this trace brought, if the cell knows it.
    pub fn tags_of(self, trace: TraceId) -> Option<TraceTags> {
        self.traces.into_iter().find(|live| live.trace == trace).map(|live| live.tags)
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trace(id: u8) -> TraceId {
        TraceId([id; 16])
    }

    fn tags(text: &str) -> Option<TraceTags> {
        Some(TraceTags::Tags(text.as_bytes().to_vec()))
    }

    #[test]
    fn an_entry_lives_as_long_as_its_requests() {
        let mut cell = TraceCell::default();
        cell.enter(trace(1), b"owl-v21");
        cell.enter(trace(1), b"owl-v21");
        cell.leave(trace(1));
        assert_eq!(cell.clone().tags_of(trace(1)), tags("owl-v21"));
        assert_eq!(cell.clone().tags_of(trace(2)), None);
        cell.leave(trace(1));
        assert_eq!(cell.bytes(), b"");
    }

    #[test]
    fn requests_that_disagree_stay_a_conflict_until_all_are_over() {
        for other in [&b""[..], b"owl-v22"] {
            let mut cell = TraceCell::default();
            cell.enter(trace(1), b"owl-v21");
            cell.enter(trace(1), other);
            assert_eq!(cell.clone().tags_of(trace(1)), Some(TraceTags::Conflict));
            cell.leave(trace(1));
            assert_eq!(cell.clone().tags_of(trace(1)), Some(TraceTags::Conflict));
            cell.leave(trace(1));
            cell.enter(trace(1), other);
            assert_eq!(cell.tags_of(trace(1)), Some(TraceTags::Tags(other.to_vec())));
        }
    }

    #[test]
    fn a_full_cell_gives_nothing_to_the_overflow_but_all_to_those_inside() {
        let mut cell = TraceCell::default();
        for id in 0..9 {
            cell.enter(trace(id), &[b'a' + id]);
        }
        assert_eq!(cell.clone().tags_of(trace(7)), tags("h"));
        assert_eq!(cell.clone().tags_of(trace(8)), None);
        // There is room, but the overflow may be of this very trace.
        cell.leave(trace(7));
        cell.enter(trace(8), b"other");
        assert_eq!(cell.clone().tags_of(trace(8)), None);
        cell.leave(trace(8));
        cell.leave(trace(8));
        cell.enter(trace(8), b"i");
        assert_eq!(cell.tags_of(trace(8)), tags("i"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_cell(bytes: Vec<u8>) {
            TraceCell::read(&bytes);
        }

        /// Whatever comes and goes, through bytes each time: who gets tags gets those of every live request of the trace.
        #[test]
        fn tags_are_those_of_all_live_requests(moves in proptest::collection::vec((0..12_u8, 0..3_u8, any::<bool>()), 0..60)) {
            let mut cell = TraceCell::default();
            let mut live: Vec<(u8, Vec<u8>)> = Vec::new();
            for (id, tag, comes) in moves {
                let place = live.iter().position(|(known, _)| *known == id);
                match (comes, place) {
                    (false, Some(place)) => {
                        live.remove(place);
                        cell.leave(trace(id));
                    }
                    _ => {
                        let tags = vec![b'x'; usize::from(tag)];
                        cell.enter(trace(id), &tags);
                        live.push((id, tags));
                    }
                }
                cell = TraceCell::read(&cell.bytes());
                for id in 0..12 {
                    if let Some(TraceTags::Tags(tags)) = cell.clone().tags_of(trace(id)) {
                        let mut all = live.iter().filter(|(known, _)| *known == id).peekable();
                        prop_assert!(all.peek().is_some() && all.all(|(_, known)| *known == tags));
                    }
                }
            }
            for (id, _) in live {
                cell.leave(trace(id));
            }
            prop_assert_eq!(cell, TraceCell::default());
        }
    }
}
