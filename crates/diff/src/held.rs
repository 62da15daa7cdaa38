//! Who is held out of a layer before and after.

use weir_policy::SLOTS;
use weir_policy::model::Holdout;

use crate::side::Pair;

/// Parts of all units. They are sums of products of what is not negative, so that nothing is 0 but what cannot be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Held {
    pub(crate) neither: f64,
    /// Held out before, and not after.
    pub(crate) before: f64,
    /// Held out after, and not before.
    pub(crate) after: f64,
    pub(crate) both: f64,
}

/// Who is held out by all holdouts of a layer: each has its own line, and these are independent.
pub(crate) fn held(pair: &Pair<'_>) -> Held {
    let after: Vec<&Holdout> = pair.after.holdouts().collect();
    let before: Vec<&Holdout> = pair.before.holdouts().collect();
    let is_same =
        |one: &Holdout, other: &Holdout| one.id == other.id && one.epoch == other.epoch && one.unit == other.unit;
    let share_in =
        |all: &[&Holdout], one: &Holdout| all.iter().find(|other| is_same(one, other)).map_or(0, |other| other.share);
    let known = before.iter().map(|one| Held::on_line(one.share, share_in(&after, one)));
    let new = after.iter().filter(|one| !before.iter().any(|other| is_same(one, other)));
    known.chain(new.map(|one| Held::on_line(0, one.share))).fold(Held::on_line(0, 0), Held::or)
}

impl Held {
    /// By one holdout with these shares.
    fn on_line(before: u32, after: u32) -> Held {
        let part = |slots: u32| f64::from(slots) / f64::from(SLOTS);
        Held {
            neither: part(SLOTS.saturating_sub(before.max(after))),
            before: part(before.saturating_sub(after)),
            after: part(after.saturating_sub(before)),
            both: part(before.min(after)),
        }
    }

    /// By one or the other.
    fn or(self, other: Held) -> Held {
        Held {
            neither: self.neither * other.neither,
            before: self.before * (other.neither + other.before) + self.neither * other.before,
            after: self.after * (other.neither + other.after) + self.neither * other.after,
            both: self.both
                + (self.neither + self.before + self.after) * other.both
                + self.before * other.after
                + self.after * other.before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holdouts_add_up_to_everybody() {
        for (one, other, expected) in [
            ((0, 0), (0, 0), [1.0, 0.0, 0.0, 0.0]),
            ((10_000, 20_000), (0, 0), [0.98, 0.0, 0.01, 0.01]),
            ((20_000, 10_000), (0, 0), [0.98, 0.01, 0.0, 0.01]),
            ((500_000, 500_000), (500_000, 500_000), [0.25, 0.0, 0.0, 0.75]),
            ((500_000, 0), (0, 500_000), [0.25, 0.25, 0.25, 0.25]),
            ((1_000_000, 0), (0, 1_000_000), [0.0, 0.0, 0.0, 1.0]),
        ] {
            let held = Held::on_line(one.0, one.1).or(Held::on_line(other.0, other.1));
            let found = [held.neither, held.before, held.after, held.both];
            let is_near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12);
            assert!(is_near, "{one:?} {other:?}: {found:?}");
        }
    }
}
