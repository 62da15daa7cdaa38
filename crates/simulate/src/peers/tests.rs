//! Other tools' counting of failed checks, look by look.

use super::*;
use crate::counts::Parts;
use crate::crowd::PARTS;

/// After which look each verdict was given, when looks have so many errors (and requests over 500 ms) in 100 requests.
fn verdicts(judge: &mut dyn Judge, looks: &[(f64, f64)]) -> String {
    let arms = ["canary".to_owned(), "control".to_owned()];
    let one = |(number, (errors, slow)): (usize, &(f64, f64))| {
        let mut arm: Parts = [Counts::default(); PARTS];
        arm[3] = Counts { all: 100.0, errors: *errors, over: [*slow, *slow, 0.0, 0.0], ..Counts::default() };
        let mut control = arm;
        control[3].errors = 0.0;
        let counted = [arm, control];
        match judge.look(&Look { number, step: 0, arms: &arms, counted: &counted }) {
            Verdict::Go => '.',
            Verdict::Halt => 'h',
            Verdict::Stop => 'S',
        }
    };
    looks.iter().enumerate().map(one).collect()
}

#[test]
fn argo_aborts_with_more_failed_measurements_than_its_limit() {
    let (good, bad) = ((5.0, 50.0), (6.0, 0.0));
    let argo = |limit| Argo::new(1, 1, 0.95, limit);
    assert_eq!(verdicts(&mut argo(3), &[bad, bad, bad, bad]), "...S");
    // Not in a row, too.
    assert_eq!(verdicts(&mut argo(1), &[bad, good, good, bad, good]), "...SS");
    assert_eq!(verdicts(&mut argo(0), &[good, good, good, good]), "....");
    // A measurement each third look, of the two before it.
    let argo = Argo::new(3, 2, 0.95, 0);
    assert_eq!(verdicts(&mut argo.clone(), &[bad, good, good, bad, good, good]), "......");
    assert_eq!(verdicts(&mut argo.clone(), &[good, good, bad]), "..S");
}

#[test]
fn flagger_rolls_back_at_the_check_after_its_last_failed_one() {
    let (good, bad, slow) = ((1.0, 1.0), (2.0, 0.0), (0.0, 2.0));
    let flagger = |threshold| Flagger::new(1, 0.99, 1, threshold);
    assert_eq!(verdicts(&mut flagger(2), &[bad, bad, good]), "hhS");
    assert_eq!(verdicts(&mut flagger(2), &[bad, good, slow, good]), "h.hS");
    assert_eq!(verdicts(&mut flagger(1), &[good, good, good]), "...");
    // Between checks it stays halted.
    assert_eq!(verdicts(&mut Flagger::new(2, 0.99, 1, 9), &[bad, bad, good, good, good]), ".hh..");
}

#[test]
fn naive_asks_whether_all_requests_so_far_are_worse() {
    let verdict = |errors: f64| verdicts(&mut Naive::new(3), &[(errors, 0.0); 3]);
    assert_eq!((verdict(1.0).as_str(), verdict(3.0).as_str()), ("...", "..S"));
}
