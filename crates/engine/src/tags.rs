//! The env tags that arrive: which count, which are passed on unknown, which are dropped and why.

use std::collections::BTreeSet;

use weir_policy::is_tag;

use crate::blank;

/// Unknown tags that are passed on.
const UNKNOWN_MAX: usize = 16;
/// Bytes of unknown tags that are passed on, with the commas between them.
const UNKNOWN_BYTES_MAX: usize = 1_024;

/// A tag that arrived and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrived<'a, T> {
    /// Not of this policy; it goes on in its place.
    Unknown(&'a [u8]),
    /// The first tag of its layer.
    Known {
        /// The tag itself.
        tag: &'a [u8],
        /// Its layer.
        layer: usize,
        /// What the lookup said about it.
        entry: T,
    },
}

/// What came of the tags that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival<'a, T> {
    /// In the order of arrival; empty exactly if nothing that arrived was a tag.
    pub(crate) tags: Vec<Arrived<'a, T>>,
    /// What is not among them.
    pub(crate) dropped: Dropped,
}

/// Arrived tags that were dropped, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The same tag arrived before.
    pub duplicate: u32,
    /// Not a tag.
    pub malformed: u32,
    /// Another tag of its layer arrived before.
    pub superseded: u32,
    /// Unknown, and more than is passed on.
    pub overflow: u32,
    /// Baggage that was too large to be read.
    pub baggage_too_large: u32,
    /// The live inbound requests of the trace brought different tags.
    pub join_conflict: u32,
}

impl Dropped {
    /// Each cause by its name, and how often.
    pub fn by_cause(self) -> [(&'static str, u32); 6] {
        [
            ("duplicate", self.duplicate),
            ("malformed", self.malformed),
            ("superseded", self.superseded),
            ("overflow", self.overflow),
            ("baggage_too_large", self.baggage_too_large),
            ("join_conflict", self.join_conflict),
        ]
    }

    /// Both together.
    pub(crate) fn plus(self, other: Dropped) -> Dropped {
        Dropped {
            duplicate: self.duplicate.saturating_add(other.duplicate),
            malformed: self.malformed.saturating_add(other.malformed),
            superseded: self.superseded.saturating_add(other.superseded),
            overflow: self.overflow.saturating_add(other.overflow),
            baggage_too_large: self.baggage_too_large.saturating_add(other.baggage_too_large),
            join_conflict: self.join_conflict.saturating_add(other.join_conflict),
        }
    }
}

/// Reads the lines of the tag header, or the one decoded value of the baggage member.
///
/// `known` says which layer a tag belongs to, and anything more about it; it is asked once for each different tag.
pub(crate) fn read<'a, T>(
    lines: impl IntoIterator<Item = &'a [u8]>,
    mut known: impl FnMut(&[u8]) -> Option<(usize, T)>,
) -> Arrival<'a, T> {
    let mut tags = Vec::new();
    let mut dropped = Dropped::default();
    // Ordered sets: a header full of different tags must not cost quadratic time, nor depend on a hasher's seed.
    let mut seen = BTreeSet::new();
    let mut layers = BTreeSet::new();
    let mut allowance = Allowance { tags: UNKNOWN_MAX, bytes: UNKNOWN_BYTES_MAX };
    let pieces = lines.into_iter().flat_map(|line| line.split(|byte| *byte == b',')).map(blank::trim);
    for tag in pieces.filter(|piece| !piece.is_empty()) {
        if !is_tag(tag) {
            count(&mut dropped.malformed);
        } else if !seen.insert(tag) {
            count(&mut dropped.duplicate);
        } else if let Some((layer, entry)) = known(tag) {
            if layers.insert(layer) {
                tags.push(Arrived::Known { tag, layer, entry });
            } else {
                count(&mut dropped.superseded);
            }
        } else if allowance.admits(tag) {
            tags.push(Arrived::Unknown(tag));
        } else {
            count(&mut dropped.overflow);
        }
    }
    Arrival { tags, dropped }
}

fn count(cause: &mut u32) {
    *cause = cause.saturating_add(1);
}

/// What is left for unknown tags.
struct Allowance {
    tags: usize,
    bytes: usize,
}

impl Allowance {
    fn admits(&mut self, tag: &[u8]) -> bool {
        let comma = usize::from(self.tags < UNKNOWN_MAX);
        let left = (self.tags.checked_sub(1), self.bytes.checked_sub(tag.len().saturating_add(comma)));
        if let (Some(tags), Some(bytes)) = left {
            *self = Allowance { tags, bytes };
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests;
