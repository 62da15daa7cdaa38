//! Harm: what is wrong with an arm's requests.

/// Rates times these, requests that fail whoever makes them, and requests that do not arrive. Several at once come one upon the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Harm {
    /// 2 for twice as many errors.
    pub errors: f64,
    /// Likewise requests without a response.
    pub unanswered: f64,
    /// Likewise requests over each bound.
    pub slow: f64,
    /// The part of all other requests that are errors besides, from 0 to 1.
    pub more_errors: f64,
    /// Likewise requests without a response.
    pub more_unanswered: f64,
    /// Likewise requests that are over every bound.
    pub more_slow: f64,
    /// The part of requests that are not counted at all, because they do not get to the arm.
    pub lost: f64,
}

impl Harm {
    /// Nothing is wrong.
    pub const NONE: Harm = Harm {
        errors: 1.0,
        unanswered: 1.0,
        slow: 1.0,
        more_errors: 0.0,
        more_unanswered: 0.0,
        more_slow: 0.0,
        lost: 0.0,
    };

    /// The same where only this part of requests meets it, from 0 to 1, such as those that one of several gateways gets.
    #[must_use]
    pub fn of_part(self, part: f64) -> Harm {
        let times = |times: f64| 1.0 + (times - 1.0) * part;
        Harm {
            errors: times(self.errors),
            unanswered: times(self.unanswered),
            slow: times(self.slow),
            more_errors: self.more_errors * part,
            more_unanswered: self.more_unanswered * part,
            more_slow: self.more_slow * part,
            lost: self.lost * part,
        }
    }

    /// Both.
    #[must_use]
    pub(crate) fn and(self, other: Harm) -> Harm {
        let either = |one: f64, other: f64| 1.0 - (1.0 - one) * (1.0 - other);
        Harm {
            errors: self.errors * other.errors,
            unanswered: self.unanswered * other.unanswered,
            slow: self.slow * other.slow,
            more_errors: either(self.more_errors, other.more_errors),
            more_unanswered: either(self.more_unanswered, other.more_unanswered),
            more_slow: either(self.more_slow, other.more_slow),
            lost: either(self.lost, other.lost),
        }
    }
}
