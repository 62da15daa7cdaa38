//! Guardrails as a release of Weir has them, by the same statistics. What is judged here is one number of one release; phases, people
//! and windows are not.

use weir_stats::counts::{EProcess, Poll};
use weir_stats::design::{self, Part};

use crate::crowd::PARTS;
use crate::run::{Judge, Look, Verdict};
use crate::traffic::{Counts, Parts};

/// A number that is compared between arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guardrail {
    /// Which.
    pub kind: Counted,
    /// How much worse, relatively, is still accepted: 0.2 for a fifth.
    pub margin: f64,
    /// The chance that a harmless release is stopped by it, however often one looks.
    pub alpha: f64,
}

/// What a guardrail counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Errors.
    Errors,
    /// Requests without a response.
    Unanswered,
    /// Requests that took longer than this one of the bounds, by its place among them.
    Slow(usize),
    /// What a query counts, of which parts are not known: here errors.
    Counts,
}

/// Guardrails over a release: halts while one of them suspects it, stops when one has shown harm.
#[derive(Clone, Debug)]
pub struct Guardrails {
    guardrails: Vec<Guardrail>,
    /// Of each guardrail and each arm, in the order of arms.
    evidence: Vec<Evidence>,
}

/// What is known of one arm by one guardrail.
#[derive(Clone, Debug)]
struct Evidence {
    guardrail: Guardrail,
    arm: usize,
    /// Of all polls.
    all: EProcess,
    /// Of those after a warm-up.
    warm: EProcess,
    /// The parts of the arm and of control, after a warm-up.
    parts: [[Part; PARTS]; 2],
}

impl Guardrails {
    /// No evidence yet.
    pub fn new(guardrails: impl Into<Vec<Guardrail>>) -> Guardrails {
        Guardrails { guardrails: guardrails.into(), evidence: Vec::new() }
    }

    /// Those that a release has if it says nothing: errors, unanswered and slow over 500 ms, 20% margin, 1% for all together.
    pub fn default_of_release() -> Guardrails {
        let kinds = [Counted::Errors, Counted::Unanswered, Counted::Slow(1)];
        Guardrails::new(kinds.map(|kind| Guardrail { kind, margin: 0.2, alpha: 0.01 / kinds.len() as f64 }))
    }
}

impl Judge for Guardrails {
    fn look(&mut self, look: &Look) -> Verdict {
        let Some((control, arms)) = look.counted.split_last() else { return Verdict::Go };
        if self.evidence.is_empty() {
            let of_arm = |arm| self.guardrails.iter().map(move |guardrail| Evidence::new(*guardrail, arm));
            self.evidence = (0..arms.len()).flat_map(of_arm).collect();
        }
        let mut verdict = Verdict::Go;
        for evidence in &mut self.evidence {
            let Some(arm) = arms.get(evidence.arm) else { continue };
            evidence.add(arm, control, look.in_warmup);
            if !look.in_warmup && evidence.shows_harm() {
                return Verdict::Stop;
            }
            if evidence.suspects() {
                verdict = Verdict::Halt;
            }
        }
        verdict
    }
}

impl Evidence {
    fn new(guardrail: Guardrail, arm: usize) -> Evidence {
        let none = EProcess::new(guardrail.margin);
        Evidence { guardrail, arm, all: none, warm: none, parts: Default::default() }
    }

    fn add(&mut self, arm: &Parts, control: &Parts, in_warmup: bool) {
        let (of_arm, of_control) = (Counts::sum(arm), Counts::sum(control));
        let kind = self.guardrail.kind;
        let poll = Poll {
            treatment_events: kind.events(&of_arm),
            control_events: kind.events(&of_control),
            treatment: of_arm.all,
            control: of_control.all,
        };
        self.all.add(&poll);
        if in_warmup {
            return;
        }
        self.warm.add(&poll);
        for (parts, counted) in self.parts.iter_mut().zip([arm, control]) {
            for (part, counted) in parts.iter_mut().zip(counted) {
                part.x += kind.events(counted);
                part.n += counted.all;
            }
        }
    }

    fn suspects(&self) -> bool {
        self.all.ln_e() >= -self.guardrail.alpha.ln()
    }

    fn shows_harm(&self) -> bool {
        self.warm.ln_e_with(self.design_effect()) >= -self.guardrail.alpha.ln()
    }

    /// How many requests count for one.
    fn design_effect(&self) -> f64 {
        match self.guardrail.kind {
            Counted::Counts => design::UNKNOWN,
            _ => design::effect(self.parts.iter().map(|arm| &arm[..])).unwrap_or(design::UNKNOWN),
        }
    }
}

impl Counted {
    pub(crate) fn events(self, counts: &Counts) -> f64 {
        match self {
            Counted::Errors | Counted::Counts => counts.errors,
            Counted::Unanswered => counts.unanswered,
            Counted::Slow(bound) => counts.over.get(bound).copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
