//! Who met what: users and requests that had an arm, and those that had it while something was wrong there.

use std::ops::Range;

use super::arm::ArmNow;
use super::trouble::Trouble;
use crate::crowd::User;
use crate::traffic::Traffic;

/// How many met something, as is to be expected of a crowd that asks as it does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Met {
    /// Requests.
    pub requests: f64,
    /// Users who made at least one of them.
    pub users: f64,
}

/// A time in which nothing changed.
pub struct Stretch {
    /// Requests of the whole crowd in it.
    pub requests: f64,
    /// What each arm without control owned, and what was wrong with it.
    arms: Vec<(Vec<Range<f64>>, Vec<Trouble>)>,
}

impl Stretch {
    /// A time that begins, with these arms.
    pub fn new(arms: &[ArmNow]) -> Stretch {
        let arms = arms.iter().filter(|arm| !arm.is_control());
        let arms = arms.map(|arm| (arm.owned.clone(), arm.troubles.clone())).collect();
        Stretch { requests: 0.0, arms }
    }

    /// Requests of a user that met an arm, and those of them that met trouble.
    fn of(&self, user: &User) -> (f64, f64) {
        let owns =
            |(owned, _): &&(Vec<Range<f64>>, Vec<Trouble>)| owned.iter().any(|range| range.contains(&user.place));
        let Some((_, troubles)) = self.arms.iter().find(owns) else { return (0.0, 0.0) };
        let requests = user.volume * self.requests;
        let spared = troubles.iter().filter(|trouble| trouble.meets(user));
        let spared: f64 = spared.map(|trouble| 1.0 - trouble.requests).product();
        (requests, requests * (1.0 - spared))
    }
}

/// Who met an arm in any of these times, and who met trouble in one.
pub fn all(stretches: &[Stretch], traffic: &Traffic) -> (Met, Met) {
    let (mut any, mut troubled) = (Met::default(), Met::default());
    for user in traffic.users_in(&(0.0..1.0)) {
        let of_user = stretches.iter().map(|stretch| stretch.of(user));
        let (requests, bad) = of_user.fold((0.0, 0.0), |(all, bad), (more, of_them)| (all + more, bad + of_them));
        any.add(requests);
        troubled.add(bad);
    }
    (any, troubled)
}

impl Met {
    /// A user of whom so many requests are expected.
    fn add(&mut self, requests: f64) {
        if requests > 0.0 {
            self.requests += requests;
            self.users += 1.0 - libm::exp(-requests);
        }
    }
}
