//! What was found by one rule.

use super::verdict::{Code, Phase, Reason};

/// A reason and what it does.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub reason: Reason,
    pub does: Does,
}

/// What a reason does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    RollsBack,
    /// The release does not advance, in this phase.
    Holds(Phase),
    /// It is told.
    Nothing,
}

impl Found {
    pub fn holds(phase: Phase, code: Code) -> Found {
        Found { reason: Reason::of(code), does: Does::Holds(phase) }
    }

    #[must_use]
    pub fn by(mut self, guardrail: &str) -> Found {
        self.reason.guardrail = Some(guardrail.to_owned());
        self
    }

    #[must_use]
    pub fn in_arm(mut self, arm: &str) -> Found {
        self.reason.arm = Some(arm.to_owned());
        self
    }
}
