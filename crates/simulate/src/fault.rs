//! Faults: what is wrong with an arm, or with the world, for some time.

use std::ops::Range;

/// A fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Whom it meets.
    pub meets: Meets,
    /// The looks during which it does, the first of a release being 0.
    pub looks: Range<usize>,
    /// How bad it is.
    pub harm: Harm,
}

/// Whom a fault meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meets {
    /// One arm, such as a bad version.
    Arm(usize),
    /// Every arm, such as a database that is down.
    All,
}

/// Rates times these, and requests that do not arrive. Several at once multiply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Harm {
    /// 2 for twice as many errors.
    pub errors: f64,
    /// Likewise requests without a response.
    pub unanswered: f64,
    /// Likewise requests over each bound.
    pub slow: f64,
    /// The part of requests that are not counted at all, because they do not get to the arm.
    pub lost: f64,
}

impl Harm {
    /// Nothing is wrong.
    pub const NONE: Harm = Harm { errors: 1.0, unanswered: 1.0, slow: 1.0, lost: 0.0 };

    fn and(self, other: Harm) -> Harm {
        Harm {
            errors: self.errors * other.errors,
            unanswered: self.unanswered * other.unanswered,
            slow: self.slow * other.slow,
            lost: 1.0 - (1.0 - self.lost) * (1.0 - other.lost),
        }
    }
}

impl Fault {
    /// The canary has it from its first request to its last.
    pub fn of_canary(harm: Harm) -> Fault {
        Fault { meets: Meets::Arm(0), looks: 0..usize::MAX, harm }
    }
}

/// What an arm suffers at a look from all of these.
pub(crate) fn harm(faults: &[Fault], arm: usize, look: usize) -> Harm {
    let met = faults
        .iter()
        .filter(|fault| fault.looks.contains(&look) && (fault.meets == Meets::All || fault.meets == Meets::Arm(arm)));
    met.fold(Harm::NONE, |all, fault| all.and(fault.harm))
}
