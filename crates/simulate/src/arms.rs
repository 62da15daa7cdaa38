//! Arms: who meets what. A user meets the arm in whose range its place lies, and ranges grow from one end each, so nobody moves
//! when a share grows.

use std::ops::Range;

/// Who a release is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// As many users as the canary has, or all others once it has more than half.
    Equal,
    /// All others.
    Rest,
}

/// The arms of one step: their parts of all users, control's the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Arms {
    ranges: Vec<Range<f64>>,
}

impl Arms {
    /// The canary from the left, control from the right. At a share of 1 control is empty.
    pub fn of_release(share: f64, control: Control) -> Arms {
        let share = share.clamp(0.0, 1.0);
        let rest = 1.0 - share;
        let controls = if control == Control::Equal { share.min(rest) } else { rest };
        // Rounding must not put anybody into both.
        Arms { ranges: vec![0.0..share, (1.0 - controls).max(share)..1.0] }
    }

    /// A test's arms, which together get `share`, each from the start of its own n-th of all users; control, the last, gets as much
    /// as one of them. At most an n-th each.
    pub fn of_test(arms: usize, share: f64) -> Arms {
        let each = 1.0 / (arms + 1) as f64;
        let width = (share / arms.max(1) as f64).clamp(0.0, each);
        Arms { ranges: (0..=arms).map(|arm| arm as f64 * each..arm as f64 * each + width).collect() }
    }

    /// Each arm's part of all users, control's the last.
    pub fn ranges(&self) -> &[Range<f64>] {
        &self.ranges
    }

    /// How much of an arm and of control together is planned to be the arm's.
    pub fn part_of_arm(&self, arm: usize) -> f64 {
        let width = |range: Option<&Range<f64>>| range.map_or(0.0, |range| range.end - range.start);
        let (arm, control) = (width(self.ranges.get(arm)), width(self.ranges.last()));
        if arm + control > 0.0 { arm / (arm + control) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: usize = 200;

    fn contains(range: &Range<f64>, other: &Range<f64>) -> bool {
        range.start <= other.start && range.end >= other.end
    }

    #[test]
    fn nobody_moves_when_a_share_grows() {
        for control in [Control::Equal, Control::Rest] {
            for step in 0..SHARES {
                let [now, later] = [step, step + 1].map(|step| Arms::of_release(step as f64 / SHARES as f64, control));
                assert!(contains(&later.ranges()[0], &now.ranges()[0]), "the canary keeps its users");
                let keeps = control == Control::Equal && later.ranges()[0].end <= 0.5;
                assert!(!keeps || contains(&later.ranges()[1], &now.ranges()[1]), "so does an equal control");
                assert!(later.ranges()[0].end <= later.ranges()[1].start, "nobody is in both");
            }
        }
        for arms in 1..=15 {
            for step in 0..SHARES {
                let [now, later] = [step, step + 1].map(|step| Arms::of_test(arms, step as f64 / SHARES as f64));
                assert_eq!(now.ranges().len(), arms + 1);
                assert!(later.ranges().iter().zip(now.ranges()).all(|(later, now)| contains(later, now)));
                let apart = later.ranges().windows(2).all(|two| two[0].end <= two[1].start + 1e-12);
                assert!(apart, "{arms}: {later:?}");
            }
        }
    }

    #[test]
    fn an_arm_has_its_part_of_both() {
        let part = |share, control| Arms::of_release(share, control).part_of_arm(0);
        assert!((part(0.05, Control::Equal) - 0.5).abs() < 1e-12);
        assert!((part(0.05, Control::Rest) - 0.05).abs() < 1e-12);
        assert!((part(0.95, Control::Equal) - 0.95).abs() < 1e-12);
        assert_eq!(part(1.0, Control::Equal), 1.0, "control is empty");
        assert!((Arms::of_test(3, 0.6).part_of_arm(2) - 0.5).abs() < 1e-12);
    }
}
