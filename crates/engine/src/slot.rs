//! The hash and the slots of a line. A public format, frozen by its vectors: a change is a new version beside this one.

use crate::murmur::Murmur;

/// Slots of a line; shares are parts per million of it.
pub const SLOTS: u32 = 1_000_000;

/// What a salt is for: the first letter of the text that is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A layer's line, which says which experiment owns a unit.
    Line,
    /// An experiment's own line, which says which variant.
    Experiment,
    /// A holdout.
    Holdout,
    /// A sticky header.
    Weight,
}

/// `TAG:ID:EPOCH:`, everything of a hashed text that is known before the request comes, hashed already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salt(Murmur);

impl Salt {
    /// The salt of a line, an experiment (with its epoch), a holdout or a sticky header (epoch 0).
    pub fn new(usage: Use, id: &str, epoch: u32) -> Salt {
        let tag = match usage {
            Use::Line => 'L',
            Use::Experiment => 'E',
            Use::Holdout => 'H',
            Use::Weight => 'W',
        };
        Salt(Murmur::default().then(format!("{tag}:{id}:{epoch}:").as_bytes()))
    }

    /// The slot of a unit, `0..1_000_000`. The unit's bytes are hashed as they are.
    pub fn slot(&self, unit: &[u8]) -> u32 {
        slot_of(self.hash(unit))
    }

    fn hash(&self, unit: &[u8]) -> u64 {
        self.0.then(unit).first_half()
    }
}

/// The first 8 bytes, little endian, of MurmurHash3_x64_128 (seed 0) of `salt` followed by `unit`.
pub fn hash(salt: &[u8], unit: &[u8]) -> u64 {
    Murmur::default().then(salt).then(unit).first_half()
}

/// `((h >> 32) * 1_000_000) >> 32`: the upper half scaled to the line, in integers.
pub fn slot_of(hash: u64) -> u32 {
    // Both factors are below 2^32, so the product fits, and the shift leaves less than 1,000,000.
    ((hash >> 32).wrapping_mul(u64::from(SLOTS)) >> 32) as u32
}

/// Slots from `start` up to, not including, `end`; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The first slot.
    pub start: u32,
    /// The first slot that is not in it, at most 1,000,000.
    pub end: u32,
}

impl Range {
    /// The whole line.
    pub const ALL: Range = Range { start: 0, end: SLOTS };

    /// A range, if it is not empty and lies on a line.
    pub fn new(start: i64, end: i64) -> Option<Range> {
        let range = Range { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? };
        (range.start < range.end && range.end <= SLOTS).then_some(range)
    }
}

/// Sorts ranges and joins those that touch.
pub(crate) fn merge(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_unstable();
    let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values_of_the_design() {
        for (salt, unit, h, slot) in [
            (Salt::new(Use::Line, "checkout", 0), "user-1", 0x6ae3_3540_9fec_02af, 417_529),
            (Salt::new(Use::Line, "checkout", 0), "用户1", 0x98dc_543d_f4bf_95ee, 597_111),
            (Salt::new(Use::Experiment, "banner", 0), "user-1", 0x3aa4_8131_1b4c_beca, 229_072),
            (Salt::new(Use::Line, "checkout", 1), "user-1", 0x249a_d15b_4d31_7c0b, 142_987),
        ] {
            assert_eq!(salt.hash(unit.as_bytes()), h);
            assert_eq!(salt.slot(unit.as_bytes()), slot);
        }
    }

    #[test]
    fn slots_stay_on_the_line() {
        assert_eq!(slot_of(0), 0);
        assert_eq!(slot_of(u64::MAX), SLOTS - 1);
    }

    #[test]
    fn ranges_merge_when_they_touch() {
        let range = |start, end| Range { start, end };
        assert_eq!(merge(vec![range(5, 9), range(0, 3), range(3, 5), range(20, 30)]), [range(0, 9), range(20, 30)]);
        assert_eq!(Range::new(0, 1_000_000), Some(Range::ALL));
        for (start, end) in [(0, 0), (5, 4), (-1, 5), (0, 1_000_001)] {
            assert_eq!(Range::new(start, end), None, "{start}..{end}");
        }
    }
}
