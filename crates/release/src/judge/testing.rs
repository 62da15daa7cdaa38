//! A bench for tests: a release that is ticked through its steps, with evidence as it is made up.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use weir_policy::evidence::{Assigned, Outcome, PARTS};
use weir_policy::written::Kind;

use super::{Stand, Verdict, judge};
use crate::evidence::{Counts, Evidence, Refusal, TICK};
use crate::release::{Guardrail, Measure, OnHarm, Release};
use crate::running::Running;
use crate::testing;
use crate::tick::Tick;

/// A release, where it stands, and what was seen of it.
#[derive(Clone, Debug)]
pub struct Bench {
    pub release: Release,
    pub stand: Stand,
    pub running: Running,
    pub now: Timestamp,
}

/// What an arm had in a poll: all requests, and those with the outcome, spread over as many parts.
#[derive(Clone, Copy, Debug)]
pub struct Had {
    pub all: u64,
    pub bad: u64,
    pub parts: u8,
}

pub fn had(all: u64, bad: u64) -> Had {
    Had { all, bad, parts: PARTS }
}

/// A comparison of errors with a fifth as its margin, and an alpha of 1%.
pub fn errors() -> Guardrail {
    let measure = Measure::Outcome { outcome: Outcome::Error, margin: 0.2, above: None };
    Guardrail { name: "errors".to_owned(), measure, alpha: 0.01, on_harm: OnHarm::Rollback }
}

impl Bench {
    /// A release of 5, 50 and 100%, ten minutes each, that compares errors; nothing has begun.
    pub fn new() -> Bench {
        let mut release = testing::release(Kind::Release, 1, true);
        release.guardrails = vec![errors()];
        let stand = Stand { push: 1, ..Stand::default() };
        Bench { release, stand, running: Running::default(), now: "2026-11-30T01:00:00Z".parse().unwrap() }
    }

    /// In this step, after its warm-up, with so many ticks since its push. Each had 100 requests in both arms.
    pub fn in_step(step: usize, ticks: usize) -> Bench {
        let mut bench = Bench::new();
        bench.begin(step);
        (0..ticks).for_each(|_| drop(bench.poll(had(100, 0), had(100, 0))));
        bench
    }

    /// A step begins.
    pub fn begin(&mut self, step: usize) {
        self.stand = Stand { step: Some(step), push: self.stand.push + 1, ..Stand::default() };
    }

    /// A tick on time with a poll that was accepted, of the step, in which canary and control had this.
    pub fn poll(&mut self, canary: Had, control: Had) -> Verdict {
        let mark = self.stand.push.to_string();
        let evidence = evidence(&self.release.id, Some(&mark), &[("canary", canary), ("control", control)]);
        self.tick(Tick { poll: Some(vec![evidence]), ..self.on_time() })
    }

    /// A tick on time whose poll was not accepted.
    pub fn refused(&mut self) -> Verdict {
        self.tick(Tick { refusal: Some(Refusal::TooFewRead(1, 2)), ..self.on_time() })
    }

    /// A tick that is on time and has nothing; all edges have answered.
    pub fn on_time(&self) -> Tick {
        Tick { since: Some(TICK), answered: self.stand.push, ..Tick::default() }
    }

    /// Any tick. Its time follows from the one before.
    pub fn tick(&mut self, tick: Tick) -> Verdict {
        self.now += SignedDuration::try_from(tick.since.unwrap_or(Duration::ZERO)).unwrap();
        self.running.observe(&self.release, self.stand.step, self.stand.push, &Tick { now: self.now, ..tick });
        let verdict = self.judge();
        self.running.judged(&verdict);
        verdict
    }

    /// What is said now.
    pub fn judge(&self) -> Verdict {
        judge(&self.release, &self.stand, &self.running, self.now)
    }
}

/// Evidence of this mark: of each variant what it had of errors, spread over its parts as evenly as can be.
pub fn evidence(release: &str, mark: Option<&str>, of: &[(&str, Had)]) -> Evidence {
    let variants: Vec<&str> = of.iter().map(|(variant, _)| *variant).collect();
    let mut counts = Counts::none_of(&crate::evidence::testing::experiments(&[(release, &variants)]));
    for (variant, had) in of {
        for part in 0..had.parts {
            for (outcome, count) in [(Outcome::All, had.all), (Outcome::Error, had.bad)] {
                let parts = u64::from(had.parts);
                let count = count / parts + u64::from(u64::from(part) < count % parts);
                counts.set(Assigned { experiment: release, variant, part, outcome }, count);
            }
        }
    }
    Evidence { mark: mark.map(str::to_owned), counts }
}

/// The codes of a verdict's reasons, with their guardrails and arms, as text.
pub fn reasons(verdict: &Verdict) -> Vec<String> {
    let reason = |reason: &super::Reason| {
        let code = serde_json::to_value(reason.code).unwrap();
        let names = [reason.guardrail.as_deref(), reason.arm.as_deref()].into_iter().flatten();
        std::iter::once(code.as_str().unwrap()).chain(names).collect::<Vec<_>>().join(" ")
    };
    verdict.reasons.iter().map(reason).collect()
}
