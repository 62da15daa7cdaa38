//! Ids that never change, of the kinds that people use. `vectors/record.py` makes the same ones.

/// A way in which a site numbers its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `0`, `1`, `2` …
    Sequential,
    /// `0000000000`, `0000000001` …
    Padded,
    /// The form of a version 4 UUID.
    Uuid,
    /// `anna.0@mail.example`, `bo.1@mail.example` …
    Email,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Sequential, Kind::Padded, Kind::Uuid, Kind::Email];

    /// The id with a number.
    pub fn id(self, number: u64) -> String {
        match self {
            Kind::Sequential => number.to_string(),
            Kind::Padded => format!("{number:010}"),
            Kind::Uuid => uuid(number),
            Kind::Email => format!("{}.{number}@mail.example", ["anna", "bo", "chi", "dewi"][(number % 4) as usize]),
        }
    }
}

fn uuid(number: u64) -> String {
    let digits = format!("{:016x}{:016x}", mix(2 * number), mix(2 * number + 1));
    format!("{}-{}-4{}-a{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}

/// SplitMix64, whose output for the seeds 0, 1, 2 … stands for randomness that never changes.
fn mix(number: u64) -> u64 {
    let z = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
