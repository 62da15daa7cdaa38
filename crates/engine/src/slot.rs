//! The hash and the slots of a line. A public format, frozen by its vectors: a change is a new version beside this one.

use weir_policy::SLOTS;
use weir_policy::evidence::PARTS;

use crate::murmur::Murmur;

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
    /// The salt of a line, an experiment or a holdout (with its epoch), or of a sticky header (epoch 0).
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

    pub(crate) fn hash(&self, unit: &[u8]) -> u64 {
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

/// `h & 15`: of the half that the slot has nothing of.
pub fn part_of(hash: u64) -> u8 {
    const { assert!(PARTS == 16) };
    (hash & 15) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values_of_the_design() {
        for (salt, unit, h, slot, part) in [
            (Salt::new(Use::Line, "checkout", 0), "user-1", 0x6ae3_3540_9fec_02af, 417_529, 15),
            (Salt::new(Use::Line, "checkout", 0), "用户1", 0x98dc_543d_f4bf_95ee, 597_111, 14),
            (Salt::new(Use::Experiment, "banner", 0), "user-1", 0x3aa4_8131_1b4c_beca, 229_072, 10),
            (Salt::new(Use::Line, "checkout", 1), "user-1", 0x249a_d15b_4d31_7c0b, 142_987, 11),
        ] {
            assert_eq!(salt.hash(unit.as_bytes()), h);
            assert_eq!(salt.slot(unit.as_bytes()), slot);
            assert_eq!(part_of(h), part);
        }
    }

    #[test]
    fn slots_stay_on_the_line() {
        assert_eq!(slot_of(0), 0);
        assert_eq!(slot_of(u64::MAX), SLOTS - 1);
    }
}
