//! What the arms of a release own of its own line at a share.

use weir_policy::written::Kind;
use weir_policy::{Range, SLOTS};

use crate::release::{CONTROL, Release};

impl Release {
    /// What each arm owns of the release's own line where all arms without control have `share` together, in parts per million: by
    /// id, control last where there is one. An arm that owns nothing has no range.
    ///
    /// One arm grows up from 0 and control down from the end. Of several each grows up from where its equal part of the line begins.
    pub fn shares(&self, share: u32) -> Vec<(&str, Vec<Range>)> {
        let share = share.min(SLOTS);
        let ids = self.arms.iter().map(|arm| arm.id.as_str()).chain(self.has_control.then_some(CONTROL));
        if self.arms.len() <= 1 {
            let control = share.min(SLOTS.saturating_sub(share));
            let ranges = [(0, share), (SLOTS.saturating_sub(control), SLOTS)];
            return ids.zip(ranges).map(|(id, (start, end))| (id, range(start, end))).collect();
        }
        let each = share.checked_div(count(self.arms.len())).unwrap_or(0);
        let range = |i: usize| {
            let start = self.part(i);
            // Wherever the check is good this changes nothing: nobody may have what is another's.
            range(start, start.saturating_add(each).min(self.part(i.saturating_add(1))))
        };
        ids.enumerate().map(|(i, id)| (id, range(i))).collect()
    }

    /// The planned part of all traffic that each arm has at a share, in parts per million: by id, control last.
    pub fn planned(&self, share: u32) -> Vec<(&str, u32)> {
        let size = |ranges: Vec<Range>| {
            ranges.iter().map(|range| range.end.saturating_sub(range.start)).fold(0, u32::saturating_add)
        };
        self.shares(share).into_iter().map(|(id, ranges)| (id, size(ranges))).collect()
    }

    /// Whether arms are compared at a share: not at 0%, not where nobody is left for control, and not without one.
    pub fn is_compared(&self, share: u32) -> bool {
        self.has_control && self.planned(share).iter().all(|(_, planned)| *planned > 0)
    }

    /// The most that all arms without control can have together: everything for one arm of a release, and what leaves control
    /// as much as each arm of a test.
    pub fn share_max(&self) -> u32 {
        share_max(self.kind, self.arms.len(), self.has_control)
    }

    /// Where the part of the line begins in which an arm of a test grows.
    fn part(&self, i: usize) -> u32 {
        let arms = self.arms.len().saturating_add(usize::from(self.has_control));
        scaled(i, arms)
    }
}

/// The most that this many arms without control can have together.
pub(crate) fn share_max(kind: Kind, arms: usize, has_control: bool) -> u32 {
    match kind {
        Kind::Release => SLOTS,
        Kind::Test => scaled(arms, arms.saturating_add(usize::from(has_control))),
    }
}

/// ⌊part · 10⁶ / whole⌋, at most 10⁶.
fn scaled(part: usize, whole: usize) -> u32 {
    let scaled = u64::from(count(part)).saturating_mul(u64::from(SLOTS)).checked_div(u64::from(count(whole)));
    scaled.and_then(|slot| u32::try_from(slot).ok()).unwrap_or(0).min(SLOTS)
}

fn count(arms: usize) -> u32 {
    u32::try_from(arms).unwrap_or(u32::MAX)
}

fn range(start: u32, end: u32) -> Vec<Range> {
    Range::new(i64::from(start), i64::from(end)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn owned(release: &Release, share: u32) -> Vec<(String, u32, u32)> {
        let shares = release.shares(share);
        shares.iter().flat_map(|(id, ranges)| ranges.iter().map(|r| ((*id).to_owned(), r.start, r.end))).collect()
    }

    fn named(owned: &[(&str, u32, u32)]) -> Vec<(String, u32, u32)> {
        owned.iter().map(|(id, start, end)| ((*id).to_owned(), *start, *end)).collect()
    }

    #[test]
    fn one_arm_grows_from_the_start_and_control_from_the_end() {
        let with = testing::release(Kind::Release, 1, true);
        for (share, expected) in [
            (0, &[][..]),
            (1, &[("canary", 0, 1), ("control", 999_999, 1_000_000)]),
            (50_000, &[("canary", 0, 50_000), ("control", 950_000, 1_000_000)]),
            (500_000, &[("canary", 0, 500_000), ("control", 500_000, 1_000_000)]),
            (950_000, &[("canary", 0, 950_000), ("control", 950_000, 1_000_000)]),
            (1_000_000, &[("canary", 0, 1_000_000)]),
        ] {
            assert_eq!(owned(&with, share), named(expected), "{share}");
            assert_eq!(with.is_compared(share), expected.len() == 2, "{share}");
        }
        let without = testing::release(Kind::Release, 1, false);
        assert_eq!(owned(&without, 50_000), named(&[("canary", 0, 50_000)]));
        assert!(!without.is_compared(50_000));
        assert_eq!(with.share_max(), 1_000_000);
        assert_eq!(testing::release(Kind::Test, 1, true).share_max(), 500_000);
    }

    #[test]
    fn each_of_several_arms_grows_in_its_own_part_and_control_is_the_last() {
        let two = testing::release(Kind::Test, 2, true);
        assert_eq!(two.share_max(), 666_666);
        let all = [("a0", 0, 333_333), ("a1", 333_333, 666_666), ("control", 666_666, 999_999)];
        assert_eq!(owned(&two, two.share_max()), named(&all));
        let some = [("a0", 0, 50_000), ("a1", 333_333, 383_333), ("control", 666_666, 716_666)];
        assert_eq!(owned(&two, 100_000), named(&some));
        assert_eq!(two.planned(100_001), [("a0", 50_000), ("a1", 50_000), ("control", 50_000)]);
        let without = testing::release(Kind::Test, 2, false);
        assert_eq!(owned(&without, 1_000_000), named(&[("a0", 0, 500_000), ("a1", 500_000, 1_000_000)]));
        assert!(!without.is_compared(1_000_000));
        // A millionth cannot be halved.
        assert_eq!(owned(&two, 1), named(&[]));
    }

    proptest! {
        #[test]
        fn a_unit_keeps_its_arm_and_only_control_gives_away(
            (arms, is_test, has_control) in (1..=15_usize, any::<bool>(), any::<bool>()),
            shares in proptest::collection::vec(0..=1_000_000_u32, 1..6),
            slots in proptest::collection::vec(0..1_000_000_u32, 20),
        ) {
            let kind = if is_test { Kind::Test } else { Kind::Release };
            let release = testing::release(kind, if is_test { arms } else { 1 }, has_control);
            let mut shares: Vec<u32> = shares.into_iter().map(|share| share.min(release.share_max())).collect();
            shares.sort_unstable();
            shares.push(release.share_max());
            let mut borders: Vec<u32> = slots;
            let mut before: BTreeMap<u32, String> = BTreeMap::new();
            borders.extend(shares.iter().flat_map(|share| owned(&release, *share)).flat_map(|(_, start, end)| [start, end - 1]));
            for share in shares {
                let owned = owned(&release, share);
                prop_assert!(owned.iter().all(|(_, start, end)| start < end && *end <= SLOTS));
                for slot in &borders {
                    let owners: Vec<&String> =
                        owned.iter().filter(|(_, start, end)| (start..end).contains(&slot)).map(|(id, ..)| id).collect();
                    prop_assert!(owners.len() <= 1, "{slot}: {owners:?}");
                    let now = owners.first().map(|id| (*id).clone());
                    if let Some(arm) = before.get(slot) {
                        let is_kept = now.as_ref() == Some(arm);
                        let is_taken = arm == CONTROL && now.as_deref() == Some("canary") && kind == Kind::Release;
                        prop_assert!(is_kept || is_taken, "{slot} goes from {arm} to {now:?}");
                    }
                    if let Some(arm) = now {
                        before.insert(*slot, arm);
                    }
                }
            }
        }
    }
}
