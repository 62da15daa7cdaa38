//! What the judge says. A public format: the journal, the commands and `/releases` have it as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::stand::Inconclusive;
use crate::tally::Off;

/// What becomes of a release now, with every reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What becomes of it.
    #[serde(rename = "verdict")]
    pub decision: Decision,
    /// The step that it advances to. None where it does not, and where it is finished: `promote: auto`, `end: stable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<usize>,
    /// The phase that it is in, the first of several.
    pub phase: Phase,
    /// The step that was judged; none before the first has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Whether all that the step asks for is there, whatever else holds.
    pub minimum: bool,
    /// Why nothing can be concluded. Whoever keeps the release's stand keeps this until its next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inconclusive: Option<Inconclusive>,
    /// Whether the time until the next tick counts for `max_hold`.
    pub waits: bool,
    /// Every reason, in the order of the rules. One of a guardrail with `on_harm: warn` is told and does nothing.
    pub reasons: Vec<Reason>,
    /// The numbers beside them.
    pub numbers: Numbers,
}

/// What becomes of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Its next step begins, or it is finished.
    Advance,
    /// It stays.
    Hold,
    /// It goes back.
    Rollback,
}

/// The phase of a running release. Where several hold it is in the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A person stopped it, or all.
    Paused,
    /// A guardrail suspects it, or has shown harm and is to hold it.
    Suspected,
    /// Nobody knows enough.
    NoData,
    /// Nothing can be concluded; a person has to look.
    Inconclusive,
    /// Its routes are not there.
    WaitingRoutes,
    /// The step is not over.
    Holding,
    /// No window is open.
    WaitingWindow,
    /// A person has to say yes.
    WaitingApproval,
    /// A person has to finish it.
    WaitingPromotion,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What.
    pub code: Code,
    /// By which guardrail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardrail: Option<String>,
    /// In which arm, `control` among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
}

/// What a reason says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The arm is worse than control by more than the margin.
    Harm,
    /// The arm's rate of the last five minutes is above its bound.
    Above,
    /// A value is above its bound for as long as it may be.
    ValueAbove,
    /// It looks like harm if each request counts for one and warm-ups count.
    Suspected,
    /// A person paused the release.
    Paused,
    /// A person froze all.
    Frozen,
    /// A switch of the policy keeps it off.
    SwitchedOff,
    /// No poll was accepted for three ticks.
    NoPoll,
    /// What answers queries does not answer.
    ProviderUnreachable,
    /// A query has no answer that can be used.
    NoAnswer,
    /// No arm had a request in this step.
    NoTraffic,
    /// The arm had no request while the other had many.
    ArmSilent,
    /// The arm, or control, has another part of the requests than planned.
    Deviation,
    /// It held longer than `max_hold`.
    MaxHold,
    /// Fewer than nine of ten edges have answered the step.
    NotAnswered,
    /// The step is in its warm-up.
    Warmup,
    /// The step's `hold` is not over.
    Hold,
    /// The arm has not had the step's `requests`.
    Requests,
    /// The guardrail has compared nothing in this step.
    NotEvaluated,
    /// The tags' routes are not among the resources.
    Routes,
    /// The policy with the next step would not be good.
    Problem,
    /// No window is open.
    Window,
    /// The next step asks for a yes.
    Approval,
    /// Somebody has to finish it.
    Promotion,
    /// No poll was accepted in this very tick, or none yet that has what came of the step.
    Unread,
}

/// The numbers that were judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// Of the step.
    pub step: StepNumbers,
    /// Of each guardrail, and of each arm where arms are compared.
    pub guardrails: Vec<GuardrailNumbers>,
    /// Of each arm beside control.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deviations: Vec<Off>,
}

/// Numbers of a step. Times are in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepNumbers {
    /// Its share, in parts per million.
    pub share: u32,
    /// The time in it that counts; none until nine of ten edges have answered it.
    pub held_ms: Option<u64>,
    /// The least time.
    pub hold_ms: u64,
    /// Beyond that, what counts for `max_hold`.
    pub waited_ms: u64,
    /// The most of that.
    pub max_hold_ms: u64,
    /// Requests of each arm without control.
    pub requests: BTreeMap<String, u64>,
    /// The least of each.
    pub requests_min: u64,
    /// Since the last poll that was accepted.
    pub unpolled_ms: u64,
    /// Why the last one was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Connected edges that have not answered, as far as they are named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub behind: BTreeSet<String>,
}

/// Numbers of a guardrail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuardrailNumbers {
    /// The guardrail.
    pub name: String,
    /// The arm; none of a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// What harm does: `rollback`, `hold` or `warn`.
    pub on_harm: String,
    /// What it says.
    pub state: GuardrailState,
    /// The logarithm of e, each request for one: suspected from `ln_bound` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ln_e: Option<f64>,
    /// The same without warm-ups, with `design_effect` requests for one: harm from `ln_bound` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ln_e_harm: Option<f64>,
    /// How many requests count for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design_effect: Option<f64>,
    /// -ln(alpha).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ln_bound: Option<f64>,
    /// Bad requests that harm was judged by, of the arm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<f64>,
    /// All of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<f64>,
    /// Bad ones of control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_bad: Option<f64>,
    /// All of control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_all: Option<f64>,
    /// The arm's rate of the last five minutes, where a bound asks for it and there were enough requests; or the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The bound of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// For how long a value has been above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above_ms: Option<u64>,
    /// Why a query has no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// What a guardrail says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardrailState {
    /// Nothing yet.
    Unknown,
    /// There is nothing to compare with in this step: that is not good, and not bad.
    NoControl,
    /// Nothing is wrong.
    Good,
    /// Something may be.
    Suspected,
    /// Something is.
    Harm,
}

/// `on_harm` of a guardrail that only tells.
pub(super) const WARN: &str = "warn";

impl Verdict {
    /// Whether a guardrail shows harm that does more than to be told: nobody steps past it.
    pub fn shows_harm(&self) -> bool {
        let shows = |one: &GuardrailNumbers| one.state == GuardrailState::Harm && one.on_harm != WARN;
        self.numbers.guardrails.iter().any(shows)
    }

    /// Whether another says the same, whatever its numbers.
    pub fn says_as(&self, other: &Verdict) -> bool {
        let said =
            |verdict: &Verdict| (verdict.decision, verdict.to, verdict.phase, verdict.step, verdict.inconclusive);
        said(self) == said(other) && self.reasons == other.reasons
    }
}

impl Reason {
    pub(super) fn of(code: Code) -> Reason {
        Reason { code, guardrail: None, arm: None }
    }
}
