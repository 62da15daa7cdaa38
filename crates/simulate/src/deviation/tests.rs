//! Each condition of a deviation, on both of its sides.

use super::*;
use crate::traffic::Counts;

/// Whether an arm deviates at `share` with these requests of it and of control, spread over parts with this unevenness.
fn deviates(share: f64, arm: f64, control: f64, uneven: f64) -> bool {
    let arms = crate::Arms::of_release(share, crate::Control::Equal);
    let parts = |all: f64| {
        let mut parts = [Counts::default(); PARTS];
        for (place, part) in parts.iter_mut().enumerate() {
            part.all = all / PARTS as f64 * if place % 2 == 0 { 1.0 + uneven } else { 1.0 - uneven };
        }
        parts
    };
    let counted = [parts(arm), parts(control)];
    let look = Look { number: 0, step: 0, share, in_warmup: false, arms: &arms, counted: &counted };
    Deviation::default().look(&look) == Verdict::Stop
}

#[test]
fn all_conditions_must_hold() {
    // A fifth, at 5%.
    assert!(deviates(0.05, 9000.0, 6000.0, 0.0));
    assert!(!deviates(0.05, 8200.0, 6900.0, 0.0), "not far enough");
    assert!(!deviates(0.05, 1800.0, 1200.0, 0.0), "too few: 3,029 are needed");
    assert!(deviates(0.05, 1830.0, 1210.0, 0.0));
    assert!(!deviates(0.05, 9000.0, 6000.0, 0.35), "parts are as unlike each other");
    // Smaller thresholds at larger shares, and control may be the one that is off.
    assert!(deviates(0.1, 8400.0, 6800.0, 0.0) && !deviates(0.1, 8300.0, 6850.0, 0.0));
    assert!(deviates(0.5, 27_000.0, 24_000.0, 0.0) && !deviates(0.5, 26_500.0, 24_500.0, 0.0));
    assert!(deviates(0.95, 95_000.0, 4000.0, 0.0) && !deviates(0.95, 95_000.0, 4900.0, 0.0));
    // Nothing to compare.
    assert!(!deviates(1.0, 50_000.0, 0.0, 0.0) && !deviates(0.05, 50_000.0, 0.0, 0.0));
}

#[test]
fn each_step_counts_for_itself() {
    let mut judge = Deviation::default();
    let arms = crate::Arms::of_release(0.5, crate::Control::Equal);
    let mut look = |step, in_warmup, arm: f64| {
        let parts = |all: f64| [Counts { all: all / PARTS as f64, ..Counts::default() }; PARTS];
        let counted = [parts(arm), parts(20_000.0)];
        judge.look(&Look { number: 0, step, share: 0.5, in_warmup, arms: &arms, counted: &counted })
    };
    assert_eq!(look(0, true, 60_000.0), Verdict::Go, "the warm-up does not count");
    assert_eq!(look(0, false, 26_000.0), Verdict::Go, "too few");
    assert_eq!(look(1, false, 26_000.0), Verdict::Go, "too few again");
    assert_eq!(look(1, false, 26_000.0), Verdict::Stop);
}
