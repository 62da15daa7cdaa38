//! A release as it was typed: the fields of `docs/releases.md`, nothing resolved, nothing judged. `check` judges.

use weir_policy::SourceId;
use weir_policy::written::{Condition, Kind, Override, RouteTarget, Rule};

use crate::release::{End, On, OnHarm, Promote};

mod read;

/// One document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Release {
    /// The text that it stands in.
    pub source: SourceId,
    /// One namespace with experiments, layers and env tags of the policy.
    pub id: Option<String>,
    /// Absent means a release.
    pub kind: Kind,
    /// The unit that is dealt.
    pub unit: Option<String>,
    /// Where `canary` sends the requests for services.
    pub services: Option<Vec<(String, RouteTarget)>>,
    /// The arms of a test, in the order of the document.
    pub arms: Option<Vec<Arm>>,
    /// Services that it changes without routing them.
    pub touches: Vec<String>,
    /// Of `canary`; absent means `ID.canary`.
    pub env_tag: Option<String>,
    /// A percentage of the pool.
    pub traffic: Option<String>,
    /// Whether there is an arm `control`; absent means there is.
    pub has_control: Option<bool>,
    /// Who may be dealt; absent means everybody.
    pub targeting: Option<Condition>,
    /// Conditions that force a variant, first match.
    pub rules: Vec<Rule>,
    /// Lists of units that force a variant.
    pub overrides: Vec<Override>,
    /// Ids of holdouts.
    pub holdouts: Vec<String>,
    /// Higher first.
    pub priority: i8,
    /// Ids of releases.
    pub after: Vec<String>,
    /// A timestamp.
    pub not_before: Option<String>,
    /// Absent means the default steps.
    pub steps: Option<Vec<Step>>,
    /// A duration.
    pub warmup: Option<String>,
    /// Absent means the default guardrails.
    pub guardrails: Option<Vec<Guardrail>>,
    /// When steps may begin.
    pub windows: Vec<Window>,
    /// A duration.
    pub max_hold: Option<String>,
    /// At least 1.
    pub design_effect: Option<u64>,
    /// Absent means by hand.
    pub promote: Option<Promote>,
    /// Absent means hold.
    pub end: Option<End>,
    /// What was decided beforehand.
    pub on: On,
    /// Whether something of it could not be read: what has been reported is not missing too.
    pub unreadable: bool,
}

/// An arm of a test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arm {
    /// Unique in the test.
    pub id: String,
    /// Absent means `ID.ARM`.
    pub env_tag: Option<String>,
    /// Where it sends the requests for services.
    pub routes: Vec<(String, RouteTarget)>,
}

/// One step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// A percentage.
    pub share: Option<String>,
    /// A duration.
    pub hold: Option<String>,
    /// The least requests of each arm.
    pub requests: Option<u64>,
    /// Whether a person says yes before it begins.
    pub approve: bool,
}

/// One guardrail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guardrail {
    /// Unique in the release.
    pub name: Option<String>,
    /// What it looks at.
    pub measure: Option<Measure>,
    /// A percentage.
    pub alpha: Option<String>,
    /// What harm does.
    pub on_harm: OnHarm,
}

/// What a guardrail looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// Requests with status 5xx.
    Errors(Bounds),
    /// Requests without a response.
    Unanswered(Bounds),
    /// Requests that took longer than so many milliseconds.
    Slow(Option<u64>, Bounds),
    /// What two queries count.
    Counts {
        /// Of what is bad.
        bad: Option<String>,
        /// Of all.
        all: Option<String>,
        /// What is accepted.
        bounds: Bounds,
    },
    /// What one query says.
    Value {
        /// Of one number.
        query: Option<String>,
        /// A decimal number.
        above: Option<String>,
        /// A duration.
        lasts: Option<String>,
    },
}

/// What is accepted of a rate; percentages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    /// How much worse than control.
    pub margin: Option<String>,
    /// The rate itself.
    pub above: Option<String>,
}

/// When steps may begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// Short names of days; absent means every day.
    pub days: Option<Vec<String>>,
    /// A time of day.
    pub from: Option<String>,
    /// A time of day.
    pub to: Option<String>,
    /// The name of a time zone.
    pub zone: Option<String>,
}
