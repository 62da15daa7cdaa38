//! Ranges in JSON: each `[from, to]`, as people write them in a policy.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use weir_policy::Range;

pub fn serialize<S: Serializer>(ranges: &[Range], to: S) -> Result<S::Ok, S::Error> {
    ranges.iter().map(|range| (range.start, range.end)).collect::<Vec<_>>().serialize(to)
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Range>, D::Error> {
    let pairs = Vec::<(i64, i64)>::deserialize(from)?;
    let range = |(start, end)| Range::new(start, end).ok_or_else(|| D::Error::custom("no range of a line"));
    pairs.into_iter().map(range).collect()
}
