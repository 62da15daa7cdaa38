//! Harm and suspicion.

use super::*;

#[test]
fn a_doubled_rate_of_errors_rolls_back() {
    let mut bench = Bench::in_step(0, 10);
    let verdicts = (0..100).map(|_| bench.poll(had(1600, 32), had(1600, 16)));
    let (at, verdict) = verdicts.enumerate().find(|(_, verdict)| verdict.decision == Decision::Rollback).unwrap();
    assert!((3..20).contains(&at), "{at}");
    assert_eq!(reasons(&verdict)[0], "harm errors canary");
}
