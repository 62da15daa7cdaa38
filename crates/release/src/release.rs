//! A release that has been checked: what its document means.

use std::time::Duration;

use jiff::Timestamp;
use weir_policy::written::{Condition, Kind, Override, RouteTarget, Rule};

use crate::window::Window;

/// The one arm of a release.
pub const CANARY: &str = "canary";
/// The arm that gets the version of everybody else and is compared with.
pub const CONTROL: &str = "control";

/// The meaning of a release document. Defaults are filled in, what has no order is sorted.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// One namespace with experiments, layers and env tags of the policy.
    pub id: String,
    /// A change of services, or a comparison of ideas.
    pub kind: Kind,
    /// A unit of the policy.
    pub unit: String,
    /// The arms without control, by id: of a release `canary` alone.
    pub arms: Vec<Arm>,
    /// Whether there is an arm `control`, as large as one other.
    pub has_control: bool,
    /// Services that it routes or says that it changes, sorted, each once.
    pub services: Vec<String>,
    /// The part of the pool that it takes, in parts per million.
    pub traffic: u32,
    /// Who may be dealt; `None` means everybody.
    pub targeting: Option<Condition>,
    /// Conditions that force a variant, first match.
    pub rules: Vec<Rule>,
    /// Units that force a variant.
    pub overrides: Vec<Override>,
    /// Ids of holdouts of the policy that its layer is kept from, sorted.
    pub holdouts: Vec<String>,
    /// From -9 to 9, higher first.
    pub priority: i8,
    /// Ids of releases that must be finished before it starts, sorted.
    pub after: Vec<String>,
    /// It does not start before.
    pub not_before: Option<Timestamp>,
    /// 1 to 20, shares ascending.
    pub steps: Vec<Step>,
    /// The time from the push of a step whose evidence counts for suspicion only.
    pub warmup: Duration,
    /// At most 32, in the order of the document; names unique.
    pub guardrails: Vec<Guardrail>,
    /// Steps begin inside one of them only; none means at any time.
    pub windows: Vec<Window>,
    /// The longest time in phase `holding` beyond a step's `hold`.
    pub max_hold: Duration,
    /// How much less requests count than independent ones where no parts tell; at least 1.
    pub design_effect: u32,
    /// Who finishes it.
    pub promote: Promote,
    /// What a test does after its last step.
    pub end: End,
    /// What happens in the cases that people may decide on beforehand.
    pub on: On,
}

/// An arm without control.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Unique in the release.
    pub id: String,
    /// The tag of its requests.
    pub env_tag: String,
    /// Where it sends the requests for a service, by service.
    pub routes: Vec<(String, RouteTarget)>,
}

/// A share, and what is asked for before the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What all arms without control get together, in parts per million.
    pub share: u32,
    /// The least time in it.
    pub hold: Duration,
    /// The least requests of each arm without control.
    pub requests: u64,
    /// Whether a person must say yes before it begins.
    pub approve: bool,
}

/// A number that may stop a release.
#[derive(Clone, Debug, PartialEq)]
pub struct Guardrail {
    /// Unique in the release.
    pub name: String,
    /// What it looks at.
    pub measure: Measure,
    /// The chance that a harmless release is stopped by it, above 0 and below 1. Unused by [`Measure::Value`].
    pub alpha: f64,
    /// What harm does.
    pub on_harm: OnHarm,
}

/// What a guardrail looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// Requests with an outcome among all requests, from the edges' evidence.
    Outcome {
        /// `Error`, `None` or one of the times.
        outcome: weir_policy::evidence::Outcome,
        /// How much worse, relatively, is still accepted: 0.2 for 20%.
        margin: f64,
        /// A bound of the rate itself, over the last five minutes.
        above: Option<f64>,
    },
    /// Two queries of counters that only grow, for each arm.
    Counts {
        /// Counts what is bad, with `$variant`.
        bad: String,
        /// Counts all, with `$variant`.
        all: String,
        /// As of an outcome.
        margin: f64,
        /// As of an outcome.
        above: Option<f64>,
    },
    /// A number that is not compared.
    Value {
        /// An instant query of one number.
        query: String,
        /// The bound.
        above: f64,
        /// How long it must be above.
        lasts: Duration,
    },
}

/// What harm does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnHarm {
    /// The release is rolled back.
    #[default]
    Rollback,
    /// It does not advance: phase `suspected`.
    Hold,
    /// It is told.
    Warn,
}

/// Who finishes a release after its last step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Promote {
    /// A person.
    #[default]
    ByHand,
    /// Weir.
    Auto,
}

/// What a test does after its last step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// It waits there.
    #[default]
    Hold,
    /// It ends, and everybody is stable.
    Stable,
}

/// What happens in the cases that people may decide on beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct On {
    /// Where nothing can be concluded.
    pub inconclusive: Stop,
    /// Where an arm gets another part of the requests than planned.
    pub deviation: Stop,
    /// Whether those that conflict with it go on once it was rolled back.
    pub rollback: AfterRollback,
}

/// Hold or roll back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stop {
    /// It waits for a person.
    #[default]
    Hold,
    /// It is rolled back.
    Rollback,
}

/// What those do that conflict with a release that was rolled back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterRollback {
    /// They wait until somebody acknowledges the rollback.
    #[default]
    HoldQueue,
    /// They start.
    GoOn,
}
