//! One line as two sides divide it, from border to border.

use std::collections::BTreeMap;

use weir_policy::{Range, SLOTS};

/// Parts of a line with their owners, sorted and disjoint.
pub(crate) type Owned<'a> = Vec<(Range, &'a str)>;

/// The number of slots of each pair of owners, before and after.
pub(crate) type Cells<'a> = BTreeMap<(Option<&'a str>, Option<&'a str>), u32>;

/// Counts the slots of each pair of owners; together they are the whole line.
pub(crate) fn joint<'a>(before: &Owned<'a>, after: &Owned<'a>) -> Cells<'a> {
    let mut cells = Cells::new();
    let (mut before, mut after) = (Cursor(before), Cursor(after));
    let mut slot = 0;
    while slot < SLOTS {
        let ((old, old_end), (new, new_end)) = (before.at(slot), after.at(slot));
        let end = old_end.min(new_end);
        let count = cells.entry((old, new)).or_insert(0_u32);
        *count = count.saturating_add(end.saturating_sub(slot));
        slot = end;
    }
    cells
}

/// The number of slots that ranges have together.
pub(crate) fn size(ranges: &[Range]) -> u32 {
    ranges.iter().map(|range| range.end.saturating_sub(range.start)).fold(0, u32::saturating_add)
}

/// What is ahead of a slot that only rises.
struct Cursor<'a, 'o>(&'o [(Range, &'a str)]);

impl<'a> Cursor<'a, '_> {
    /// The owner of a slot, and the first slot behind it that may have another one.
    fn at(&mut self, slot: u32) -> (Option<&'a str>, u32) {
        while let [(range, _), rest @ ..] = self.0
            && range.end <= slot
        {
            self.0 = rest;
        }
        match self.0 {
            [(range, owner), ..] if range.start <= slot => (Some(owner), range.end),
            [(range, _), ..] => (None, range.start),
            [] => (None, SLOTS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_counted_once() {
        let owned = |parts: &[(u32, u32, &'static str)]| -> Owned<'static> {
            parts.iter().map(|(start, end, owner)| (Range { start: *start, end: *end }, *owner)).collect()
        };
        let (a, b, none) = (Some("a"), Some("b"), None);
        for (before, after, expected) in [
            (&[][..], &[][..], &[((none, none), 1_000_000)][..]),
            (&[(0, 1_000_000, "a")], &[(0, 1_000_000, "a")], &[((a, a), 1_000_000)]),
            (
                &[(0, 10, "a")],
                &[(5, 20, "b")],
                &[((none, none), 999_980), ((none, b), 10), ((a, none), 5), ((a, b), 5)],
            ),
            (
                &[(0, 10, "a"), (10, 20, "b"), (999_999, 1_000_000, "a")],
                &[(2, 3, "a"), (4, 15, "b")],
                &[((none, none), 999_979), ((a, none), 4), ((a, a), 1), ((a, b), 6), ((b, none), 5), ((b, b), 5)],
            ),
        ] {
            let cells = joint(&owned(before), &owned(after));
            assert_eq!(cells.into_iter().collect::<Vec<_>>(), expected, "{before:?} {after:?}");
        }
    }
}
