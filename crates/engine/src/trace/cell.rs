//! One slot of the table: what the live requests that fell on it left, as bytes that any worker can read.

use super::{Joined, TraceId};

/// Traces that a slot holds at a time.
const TRACES_MAX: usize = 8;
/// Where the length of tags would stand.
const CONFLICT: u32 = u32::MAX;

/// What the live requests of a slot left.
///
/// A trace that finds no room is in the crowd. While there is a crowd no other trace gets in, so one trace is never in both
/// places: none of its requests can be overlooked, and none is answered by half of what the others brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinSlot {
    traces: Vec<Live>,
    /// Live requests of traces that found no room.
    crowd: u32,
}

/// A trace with live requests.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Live {
    trace: TraceId,
    requests: u32,
    joined: Joined,
}

impl JoinSlot {
    /// Reads what [`JoinSlot::bytes`] wrote; anything else is an empty slot.
    pub fn read(bytes: &[u8]) -> JoinSlot {
        JoinSlot::parse(bytes).unwrap_or_default()
    }

    fn parse(bytes: &[u8]) -> Option<JoinSlot> {
        let (crowd, mut rest) = number(bytes)?;
        let mut slot = JoinSlot { traces: Vec::new(), crowd };
        while let Some((trace, behind)) = rest.split_first_chunk() {
            let (requests, behind) = number(behind)?;
            let (length, behind) = number(behind)?;
            let (joined, behind) = if length == CONFLICT {
                (Joined::Conflict, behind)
            } else {
                let (tags, behind) = behind.split_at_checked(usize::try_from(length).ok()?)?;
                (Joined::Tags(tags.to_vec()), behind)
            };
            slot.traces.push(Live { trace: TraceId(*trace), requests, joined });
            rest = behind;
        }
        rest.is_empty().then_some(slot)
    }

    /// The slot as bytes; none for an empty one.
    pub fn bytes(&self) -> Vec<u8> {
        if *self == JoinSlot::default() {
            return Vec::new();
        }
        let mut bytes = self.crowd.to_le_bytes().to_vec();
        for live in &self.traces {
            bytes.extend(live.trace.0);
            bytes.extend(live.requests.to_le_bytes());
            match &live.joined {
                Joined::Conflict => bytes.extend(CONFLICT.to_le_bytes()),
                Joined::Tags(tags) => {
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
            if !matches!(&live.joined, Joined::Tags(known) if known == tags) {
                live.joined = Joined::Conflict;
            }
        } else if self.crowd == 0 && self.traces.len() < TRACES_MAX {
            self.traces.push(Live { trace, requests: 1, joined: Joined::Tags(tags.to_vec()) });
        } else {
            self.crowd = self.crowd.saturating_add(1);
        }
    }

    /// A request of this trace that had come in is over.
    pub fn leave(&mut self, trace: TraceId) {
        let Some(live) = self.traces.iter_mut().find(|live| live.trace == trace) else {
            self.crowd = self.crowd.saturating_sub(1);
            return;
        };
        live.requests = live.requests.saturating_sub(1);
        self.traces.retain(|live| live.requests > 0);
    }

    /// What requests of one trace bring together that are alive at the same time; nothing without any.
    pub fn together<'a>(trace: TraceId, requests: impl IntoIterator<Item = &'a [u8]>) -> Option<Joined> {
        let mut slot = JoinSlot::default();
        requests.into_iter().for_each(|tags| slot.enter(trace, tags));
        slot.joined(trace)
    }

    /// What the live requests of this trace brought, if the slot knows it.
    pub fn joined(self, trace: TraceId) -> Option<Joined> {
        self.traces.into_iter().find(|live| live.trace == trace).map(|live| live.joined)
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

    fn tags(text: &str) -> Option<Joined> {
        Some(Joined::Tags(text.as_bytes().to_vec()))
    }

    #[test]
    fn an_entry_lives_as_long_as_its_requests() {
        let mut slot = JoinSlot::default();
        slot.enter(trace(1), b"owl-v21");
        slot.enter(trace(1), b"owl-v21");
        slot.leave(trace(1));
        assert_eq!(slot.clone().joined(trace(1)), tags("owl-v21"));
        assert_eq!(slot.clone().joined(trace(2)), None);
        slot.leave(trace(1));
        assert_eq!(slot.bytes(), b"");
    }

    #[test]
    fn requests_that_disagree_stay_a_conflict_until_all_are_over() {
        for other in [&b""[..], b"owl-v22"] {
            let mut slot = JoinSlot::default();
            slot.enter(trace(1), b"owl-v21");
            slot.enter(trace(1), other);
            assert_eq!(slot.clone().joined(trace(1)), Some(Joined::Conflict));
            slot.leave(trace(1));
            assert_eq!(slot.clone().joined(trace(1)), Some(Joined::Conflict));
            slot.leave(trace(1));
            slot.enter(trace(1), other);
            assert_eq!(slot.joined(trace(1)), Some(Joined::Tags(other.to_vec())));
        }
    }

    #[test]
    fn a_full_slot_gives_nothing_to_the_crowd_but_all_to_those_inside() {
        let mut slot = JoinSlot::default();
        for id in 0..9 {
            slot.enter(trace(id), &[b'a' + id]);
        }
        assert_eq!(slot.clone().joined(trace(7)), tags("h"));
        assert_eq!(slot.clone().joined(trace(8)), None);
        // There is room, but the crowd may be of this very trace.
        slot.leave(trace(7));
        slot.enter(trace(8), b"other");
        assert_eq!(slot.clone().joined(trace(8)), None);
        slot.leave(trace(8));
        slot.leave(trace(8));
        slot.enter(trace(8), b"i");
        assert_eq!(slot.joined(trace(8)), tags("i"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_slot(bytes: Vec<u8>) {
            JoinSlot::read(&bytes);
        }

        /// Whatever comes and goes, through bytes each time: who gets tags gets those of every live request of the trace.
        #[test]
        fn tags_are_those_of_all_live_requests(moves in proptest::collection::vec((0..12_u8, 0..3_u8, any::<bool>()), 0..60)) {
            let mut slot = JoinSlot::default();
            let mut live: Vec<(u8, Vec<u8>)> = Vec::new();
            for (id, tag, comes) in moves {
                let place = live.iter().position(|(known, _)| *known == id);
                match (comes, place) {
                    (false, Some(place)) => {
                        live.remove(place);
                        slot.leave(trace(id));
                    }
                    _ => {
                        let tags = vec![b'x'; usize::from(tag)];
                        slot.enter(trace(id), &tags);
                        live.push((id, tags));
                    }
                }
                slot = JoinSlot::read(&slot.bytes());
                for id in 0..12 {
                    if let Some(Joined::Tags(tags)) = slot.clone().joined(trace(id)) {
                        let mut all = live.iter().filter(|(known, _)| *known == id).peekable();
                        prop_assert!(all.peek().is_some() && all.all(|(_, known)| *known == tags));
                    }
                }
            }
            for (id, _) in live {
                slot.leave(trace(id));
            }
            prop_assert_eq!(slot, JoinSlot::default());
        }
    }
}
