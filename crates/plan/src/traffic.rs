//! What is known of requests beforehand.

use std::collections::BTreeMap;

use weir_policy::evidence::Outcome;
use weir_release::{Guardrail, Measure, Release};

/// Requests of everybody whom releases may deal, as they are without any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    /// In a second; none if nobody knows.
    pub requests: Option<f64>,
    /// The part of them that are errors.
    pub errors: Option<f64>,
    /// The part without a response.
    pub unanswered: Option<f64>,
    /// The part that is slow, whatever the bound.
    pub slow: Option<f64>,
    /// The part that takes longer than so many milliseconds, where `slow` says nothing.
    pub over: BTreeMap<u64, f64>,
    /// The part that is bad by two queries, of what is bad and of all.
    pub counts: BTreeMap<(String, String), f64>,
    /// By the name of a guardrail, whatever it compares: before the others.
    pub bad: BTreeMap<String, f64>,
    /// The part of users whom a holdout keeps from releases that name it, by its id.
    pub held_out: BTreeMap<String, f64>,
}

/// How many requests count for one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// For every guardrail, whatever was measured.
    pub given: Option<f64>,
    /// As it was measured of releases before, by the name of a guardrail.
    pub measured: BTreeMap<String, f64>,
}

impl Traffic {
    /// The part of requests that are bad to a guardrail; none if nobody knows, or it compares none.
    pub fn rate(&self, guardrail: &Guardrail) -> Option<f64> {
        let by_measure = match &guardrail.measure {
            Measure::Outcome { outcome: Outcome::Error, .. } => self.errors,
            Measure::Outcome { outcome: Outcome::None, .. } => self.unanswered,
            Measure::Outcome { outcome, .. } => {
                self.slow.or_else(|| self.over.get(&outcome.over_milliseconds()?).copied())
            }
            Measure::Counts { bad, all, .. } => self.counts.get(&(bad.clone(), all.clone())).copied(),
            Measure::Value { .. } => return None,
        };
        self.bad.get(&guardrail.name).copied().or(by_measure)
    }

    /// The part of requests that may be dealt a release: those of users whom none of its holdouts keeps, each of which draws its own.
    pub fn dealt(&self, release: &Release) -> f64 {
        let parts = release.holdouts.iter().filter_map(|holdout| self.held_out.get(holdout));
        parts.map(|part| 1.0 - part).product::<f64>() * f64::from(release.traffic) / 1e6
    }

    /// Requests of the arms in a second where they have a share together, by id, control last.
    pub fn of_arms<'a>(&self, release: &'a Release, share: u32) -> Option<Vec<(&'a str, f64)>> {
        let all = self.requests? * self.dealt(release);
        Some(release.planned(share).into_iter().map(|(id, part)| (id, all * f64::from(part) / 1e6)).collect())
    }
}

impl Effects {
    /// Of a guardrail of a release; what its document says where nothing else does.
    pub fn of(&self, release: &Release, guardrail: &Guardrail) -> f64 {
        let measured = self.measured.get(&guardrail.name).copied();
        self.given.or(measured).unwrap_or_else(|| f64::from(release.design_effect)).max(1.0)
    }
}
