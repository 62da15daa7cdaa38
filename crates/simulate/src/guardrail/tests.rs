//! What a guardrail counts, when, and by how much it divides.

use super::*;
use crate::arms::{Arms, Control};

const GUARDRAIL: Guardrail = Guardrail { kind: Counted::Errors, margin: 0.2, alpha: 0.01 };

/// So many requests in each part, and these errors, all in the first part where `lumped`.
fn arm(requests: f64, errors: f64, lumped: bool) -> Parts {
    let mut parts = [Counts { all: requests, ..Counts::default() }; PARTS];
    let in_each = if lumped { 0.0 } else { errors / PARTS as f64 };
    parts.iter_mut().for_each(|part| part.errors = in_each);
    parts[0].errors += if lumped { errors } else { 0.0 };
    parts
}

fn look(counted: &[Parts], in_warmup: bool, judge: &mut Guardrails) -> Verdict {
    let arms = Arms::of_release(0.05, Control::Equal);
    judge.look(&Look { number: 0, step: 0, share: 0.05, in_warmup, arms: &arms, counted })
}

fn verdict(kind: Counted, arm_errors: Parts, control: Parts) -> Verdict {
    look(&[arm_errors, control], false, &mut Guardrails::new([Guardrail { kind, ..GUARDRAIL }]))
}

#[test]
fn harm_is_divided_and_suspicion_is_not() {
    let control = arm(1000.0, 32.0, false);
    assert_eq!(verdict(Counted::Errors, arm(1000.0, 80.0, false), control), Verdict::Stop, "users alike");
    assert_eq!(verdict(Counted::Errors, arm(1000.0, 80.0, true), control), Verdict::Halt, "all of one part");
    assert_eq!(verdict(Counted::Counts, arm(1000.0, 80.0, false), control), Verdict::Halt, "a third of it counts");
    assert_eq!(verdict(Counted::Counts, arm(1000.0, 160.0, true), control), Verdict::Stop, "whatever its parts are");
    assert_eq!(verdict(Counted::Errors, arm(1000.0, 40.0, false), control), Verdict::Go);
    // Below ten events parts say nothing yet, and a third counts.
    assert_eq!(verdict(Counted::Errors, arm(100.0, 9.0, false), arm(1000.0, 0.0, false)), Verdict::Halt);
    assert_eq!(verdict(Counted::Errors, arm(100.0, 10.0, false), arm(1000.0, 0.0, false)), Verdict::Stop);
}

#[test]
fn a_warm_up_counts_for_suspicion_only() {
    let mut judge = Guardrails::new([GUARDRAIL]);
    let (bad, good) = (arm(1000.0, 800.0, false), arm(1000.0, 32.0, false));
    assert_eq!(look(&[bad, good], true, &mut judge), Verdict::Halt);
    assert_eq!(look(&[good, good], false, &mut judge), Verdict::Halt, "still suspected, but nothing bad since");
    assert_eq!(look(&[bad, good], false, &mut judge), Verdict::Stop);
}

#[test]
fn each_guardrail_counts_its_own_and_each_arm_is_compared() {
    let control = [Counts { all: 1000.0, ..Counts::default() }; PARTS];
    let bad = |outcome: fn(&mut Counts)| {
        let mut parts = control;
        parts.iter_mut().for_each(outcome);
        parts
    };
    let kinds: [(Counted, Parts); 4] = [
        (Counted::Errors, bad(|part| part.errors = 100.0)),
        (Counted::Unanswered, bad(|part| part.unanswered = 100.0)),
        (Counted::Slow(0), bad(|part| part.over[0] = 100.0)),
        (Counted::Slow(3), bad(|part| part.over[3] = 100.0)),
    ];
    for (kind, _) in kinds {
        for (of, parts) in kinds {
            let expected = if kind == of { Verdict::Stop } else { Verdict::Go };
            assert_eq!(verdict(kind, parts, control), expected, "{kind:?} of {of:?}");
        }
    }
    let counted = [control, kinds[0].1, control];
    assert_eq!(look(&counted, false, &mut Guardrails::new([GUARDRAIL])), Verdict::Stop, "the second of two arms");
}
