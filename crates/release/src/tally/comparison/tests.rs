//! Evidence of a comparison, against values from elsewhere.

use super::*;

fn seen(bad: f64, control_bad: f64, all: f64, control_all: f64) -> Seen {
    Seen { bad, all, control_bad, control_all }
}

fn of(polls: &[Seen], margin: f64) -> Comparison {
    let mut comparison = Comparison::default();
    polls.iter().for_each(|poll| comparison.add(margin, *poll, false, true));
    comparison
}

#[test]
fn one_poll_is_worth_what_the_reference_says() {
    for (poll, ln_e) in [
        (seen(40.0, 400.0, 5000.0, 95_000.0), 4.679840242813756),
        (seen(30.0, 400.0, 5000.0, 95_000.0), 0.045523108089879916),
        (seen(60.0, 600.0, 5000.0, 95_000.0), 7.629988075328086),
        (seen(70.0, 30.0, 1e4, 1e4), 6.877161479014924),
        (seen(50.0, 50.0, 1e4, 1e4), -2.1508766235992156),
    ] {
        let comparison = of(&[poll], 0.0);
        assert!((comparison.ln_e_suspected(0.0) - ln_e).abs() < 1e-9, "{poll:?}");
        assert!((comparison.ln_e_harm(0.0, 1.0) - ln_e).abs() < 1e-9, "{poll:?}");
        // Divided, strong evidence is weaker.
        assert!(ln_e < 1.0 || comparison.ln_e_harm(0.0, 3.0) < 0.5 * ln_e, "{poll:?}");
    }
}

#[test]
fn a_warm_up_counts_for_suspicion_only_and_one_arm_alone_for_nothing() {
    let mut comparison = Comparison::default();
    comparison.add(0.0, seen(70.0, 30.0, 1e4, 1e4), true, false);
    assert!(comparison.ln_e_suspected(0.0) > 6.8);
    assert_eq!((comparison.ln_e_harm(0.0, 1.0), comparison.seen()), (0.0, Seen::default()));
    assert!(!comparison.was_evaluated());
    for alone in [seen(5.0, 0.0, 10.0, 0.0), seen(0.0, 5.0, 0.0, 10.0)] {
        let before = comparison.clone();
        comparison.add(0.0, alone, false, true);
        assert_eq!(comparison, before);
    }
    // Of a step before.
    comparison.add(0.0, seen(0.0, 0.0, 1.0, 1.0), false, false);
    assert!(!comparison.was_evaluated());
    comparison.add(0.0, seen(0.0, 0.0, 1.0, 1.0), false, true);
    assert!(comparison.was_evaluated());
    comparison.begin_step();
    assert!(!comparison.was_evaluated());
}

#[test]
fn steps_with_other_shares_are_not_pooled() {
    // Kohavi's example: the arm has fewer errors in each step, and a third more of the sums.
    let first = seen(20_000.0, 230.0, 990_000.0, 10_000.0);
    let second = seen(5_000.0, 6_000.0, 500_000.0, 500_000.0);
    let steps = of(&[first, second], 0.1);
    let pooled = of(&[first.and(second)], 0.1);
    assert!(steps.ln_e_suspected(0.1) < 0.0, "{}", steps.ln_e_suspected(0.1));
    assert!(pooled.ln_e_suspected(0.1) > 100.0, "{}", pooled.ln_e_suspected(0.1));
}
