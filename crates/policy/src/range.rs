//! Ranges of slots: what experiments own of a line, and variants of an experiment's own.

/// Slots of a line; shares are parts per million of it.
pub const SLOTS: u32 = 1_000_000;

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
    fn ranges_merge_when_they_touch() {
        let range = |start, end| Range { start, end };
        assert_eq!(merge(vec![range(5, 9), range(0, 3), range(3, 5), range(20, 30)]), [range(0, 9), range(20, 30)]);
        assert_eq!(Range::new(0, 1_000_000), Some(Range::ALL));
        for (start, end) in [(0, 0), (5, 4), (-1, 5), (0, 1_000_001)] {
            assert_eq!(Range::new(start, end), None, "{start}..{end}");
        }
    }
}
