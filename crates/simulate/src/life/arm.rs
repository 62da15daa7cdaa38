//! An arm as it is for some time: what it owns, what is wrong with it, and what is expected of it.

use std::ops::Range;

use weir_policy::{Range as Slots, SLOTS};
use weir_release::CONTROL;

use super::trouble::Trouble;
use crate::counts::Parts;
use crate::crowd::User;
use crate::expected::Expected;
use crate::harm::Harm;
use crate::traffic::Traffic;

/// An arm between two changes of anything.
pub struct ArmNow {
    pub id: String,
    /// Of the release's own line, from 0 to 1.
    pub owned: Vec<Range<f64>>,
    /// What is wrong with it.
    pub troubles: Vec<Trouble>,
    /// Of a poll.
    pub expected: Expected,
}

impl ArmNow {
    /// The arm of this id, which owns this, where there are these troubles, and so many requests of the whole crowd in a poll.
    pub fn new<'t>(
        id: &str,
        owned: &[Slots],
        troubles: impl Iterator<Item = &'t Trouble>,
        requests: f64,
        traffic: &Traffic,
    ) -> ArmNow {
        let of_all = |slot: u32| f64::from(slot) / f64::from(SLOTS);
        let owned: Vec<Range<f64>> = owned.iter().map(|range| of_all(range.start)..of_all(range.end)).collect();
        let meets = |trouble: &&Trouble| trouble.arm.as_deref().is_none_or(|arm| arm == id);
        let troubles: Vec<Trouble> = troubles.filter(meets).cloned().collect();
        let harm = |user: &User| {
            let met = troubles.iter().filter(|trouble| trouble.meets(user));
            met.fold(Harm::NONE, |all, trouble| all.and(trouble.harm.of_part(trouble.requests)))
        };
        let of_ranges = owned.iter().map(|range| traffic.expected_of(range, harm));
        let expected = of_ranges.fold(Parts::default(), |mut sum, parts| {
            sum.iter_mut().zip(&parts).for_each(|(sum, part)| *sum = sum.and(part));
            sum
        });
        ArmNow { id: id.to_owned(), owned, troubles, expected: Expected::new(&expected, requests) }
    }

    /// Whether it is compared with others, and nothing that a release changes.
    pub fn is_control(&self) -> bool {
        self.id == CONTROL
    }
}
