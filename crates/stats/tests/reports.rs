//! What people have reported of other implementations, put to ours.

use weir_stats::counts::{EProcess, Poll};
use weir_stats::distribution::beta_below;
use weir_stats::histogram::{self, Bucket};
use weir_stats::means::{self, Moments};
use weir_stats::multiplicity::holm;
use weir_stats::proportions::{self, Share};
use weir_stats::rank::{MannWhitney, hodges_lehmann};
use weir_stats::sample_ratio::{SequentialRatio, chi_squared};
use weir_stats::spending::{Spending, bounds};
use weir_stats::{Effect, Interval};

#[track_caller]
fn near(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "found {found:e} instead of {expected:e}");
}

/// spinnaker/kayenta#780, "Increase in Metric Variability": the judge passes a canary that is nothing like its control. No test of ranks
/// can see it; the share beyond a bound does.
#[test]
fn ranks_are_blind_to_spread() {
    let canary = [10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 17.0, 17.1, 17.2, 17.3, 17.4, 17.5, 17.6, 17.7];
    let control = [1.0, 100.0, 4.0, 101.0, 5.0, 102.0, 6.0, 103.0, 7.0, 104.0, 8.0, 105.0, 9.0, 106.0, 17.0];
    let test = MannWhitney::of(&control, &canary);
    assert_eq!((test.u, test.p()), (112.5, 1.0));
    let above = |all: &[f64]| Share { x: all.iter().filter(|one| **one > 50.0).count() as f64, n: 15.0 };
    assert!(proportions::p(above(&control), above(&canary)) < 0.05);
}

/// spinnaker/kayenta#426: errors that only the canary has, few and sparse, pass. Counted they are evidence.
#[test]
fn sparse_errors_are_counted() {
    let test = MannWhitney::of(&[0.0; 6], &[0.0, 1.0, 2.0, 1.0, 0.0, 0.0]);
    assert!(test.p() > 0.05);
    let mut process = EProcess::new(0.0);
    process.add(&Poll { treatment_events: 4.0, control_events: 0.0, treatment: 1000.0, control: 1000.0 });
    assert!(process.ln_e() > 0.0);
    process.add(&Poll { treatment_events: 4.0, control_events: 0.0, treatment: 1000.0, control: 1000.0 });
    assert!(process.ln_e() > -(0.05_f64.ln()));
}

/// spinnaker/spinnaker#6278: 7 of 10 points a hundred times higher pass, as the interval of the shift begins near 0.
#[test]
fn a_jump_of_most_points_is_seen() {
    let canary = [100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 1.0, 1.0, 1.0];
    let shift = hodges_lehmann(&[1.0; 10], &canary, 0.02).unwrap();
    assert_eq!((shift.estimate, shift.interval), (99.0, Interval { low: 0.0, high: 99.0 }));
    assert!(MannWhitney::of(&[1.0; 10], &canary).p() < 0.002);
}

/// scipy#4017: a correction for ties below 0 in a sample that is nearly all ties.
#[test]
fn many_ties() {
    let groups = [(1007.0, 163.0), (362.0, 81.0), (99.0, 40.0), (27.0, 6.0), (13.0, 2.0)];
    let test = MannWhitney::grouped(groups);
    assert_eq!(test.u, 246_930.5);
    near(test.p(), 9.349303144809738e-05, 1e-12);
    // Of two thousand million values all but 15 are equal, which leaves σ few digits where cubes are subtracted.
    let rare = MannWhitney::grouped([(1e9, 1e9 - 10.0), (5.0, 10.0)]);
    let counted = proportions::score(Share { x: 5.0, n: 1e9 + 5.0 }, Share { x: 10.0, n: 1e9 });
    near((rare.u - 0.5 * rare.control * rare.treatment) / (1e9 * 1e9), 0.5 * counted.difference, 1e-6);
    near(rare.p_greater(), 0.09835279881208675, 1e-6);
}

/// scipy#17821, old and new versions; hypors#6: no correction for ties or continuity, tails without direction.
#[test]
fn ties_continuity_and_direction() {
    let old = [994.0, 994.0, 994.0, 994.0, 994.0, 995.0, 994.0, 995.0, 994.0, 994.0];
    near(MannWhitney::of(&old, &[996.0; 10]).p(), 3.28993680586491e-05, 1e-12);
    let (low, high) = ([1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 6.0, 7.0, 8.0, 9.0]);
    near(MannWhitney::of(&[3.0, 4.0, 5.0, 6.0, 7.0], &low).p(), 0.11384629800665805, 1e-12);
    near(MannWhitney::of(&low, &high).p_greater(), 0.007985348176890061, 1e-12);
    near(MannWhitney::of(&high, &low).p_greater(), 0.995592070911049, 1e-12);
}

/// HypothesisTests.jl#222 and metanumerics#66: exact p-values of 1.05 and 1.11; accord#1327: NaN for 50,000 values.
#[test]
fn chances_are_at_most_one() {
    let one = [0.9095, 0.2199, 0.8331];
    assert_eq!(MannWhitney::of(&[0.0, 0.9763], &one).exact_p(), Some(1.0));
    let many = |step: f64| (0..50_000).map(|one| f64::from(one) * step).collect::<Vec<_>>();
    let test = MannWhitney::of(&many(1.0), &many(1.0001));
    assert!((0.9..1.0).contains(&test.p()), "{}", test.p());
}

/// scipy#14418: equal values give t = -5.7 by rounding alone; #20179, math-php#487: NaN and a division by zero.
#[test]
fn equal_values_do_not_differ() {
    let equal = |count| Moments::of(std::iter::repeat_n(3.1086244592868925e-09, count));
    assert_eq!(means::welch(&equal(693), &equal(139)), Effect::UNKNOWN);
    assert_eq!(means::welch(&Moments::of([0.0, 0.0]), &Moments::of([0.0, 0.0])).p(), 1.0);
    // scipy#18069: one arm that does not vary is no obstacle.
    let effect = means::welch(&Moments::of([3.0, 3.0, 3.0]), &Moments::of([1.0, 2.0, 3.0]));
    assert_eq!((effect.difference, effect.df), (-1.0, 2.0));
    near(effect.statistic(), -(3.0_f64.sqrt()), 1e-12);
}

/// growthbook#1320: no p-value for rare events in a large experiment with a large effect.
#[test]
fn a_large_effect_has_a_p_value() {
    let (control, treatment) = (Share { x: 100.0, n: 1e6 }, Share { x: 1000.0, n: 1e6 });
    near(proportions::p(control, treatment), 3.0224697098030653e-162, 1e-9);
}

/// statsmodels#2742, #7008, #7985, #9141: intervals of shares that are NaN, beyond 0 to 1, not rising with the count, or not the same
/// from both sides.
#[test]
fn intervals_of_shares_keep_their_shape() {
    for (n, alpha) in [(30.0, 0.05), (47.0, 0.05), (1000.0, 1e-7), (100_000.0, 1e-11)] {
        let mut before = Interval { low: 0.0, high: 0.0 };
        for x in [0.0, 1.0, 10.0, n / 2.0, n - 1.0, n] {
            let found = proportions::wilson(Share { x, n }, alpha);
            let mirror = proportions::wilson(Share { x: n - x, n }, alpha);
            assert!(
                0.0 <= found.low && found.high <= 1.0 && before.low <= found.low && before.high < found.high + 1e-12
            );
            assert!((found.low + mirror.high - 1.0).abs() < 1e-12, "{found:?} {mirror:?}");
            before = found;
        }
    }
}

/// optimizely/ssrm#11: a chance above 1, of counts that were shares.
#[test]
fn a_chance_of_shares_is_at_most_one() {
    let mut ratio = SequentialRatio::new(&[0.5, 0.5]);
    ratio.add(&[0.50725726, 0.49274274]);
    assert_eq!(ratio.p(), 1.0);
}

/// mozilla/experimenter#16010: 95 to 5 taken for 50 to 50. lukasvermeer/srm#14: a mismatch that a glance at rates does not show.
#[test]
fn shares_are_those_that_were_planned() {
    assert!(chi_squared(&[(9_510.0, 95.0), (490.0, 5.0)]).p() > 0.5);
    assert!(chi_squared(&[(9_510.0, 1.0), (490.0, 1.0)]).p() < 1e-300);
    near(chi_squared(&[(9463.0, 1.0), (7681.0, 1.0)]).p(), 3.502192273048579e-42, 1e-9);
}

/// statrs#434: I_½(s, s) of 1e8 was -1.1; arb#359, SpecialFunctions.jl#334: large parameters that could not be had.
#[test]
fn the_beta_distribution_of_large_parameters() {
    for s in [0.5, 1.0, 1e2, 1e4, 1e6, 1e8, 1e10, 1e12] {
        near(beta_below(0.5, s, s), 0.5, 1e-10);
    }
    near(beta_below(0.4999, 1e5, 1e5), 0.464_365_081_352_020, 1e-11);
    near(beta_below(0.4999, 1e10, 1e10), 2.697_911_222_527_932e-176, 1e-7);
    near(beta_below(0.2, 0.1, 4000.0), 1.0, 1e-15);
}

/// Merck/gsDesign2#40: bounds that are not found where a look is close to the last; RConsortium/pharma-skills#3: bounds of gsDesign at 376
/// and 563 of 751 events.
#[test]
fn looks_that_are_close() {
    let close = bounds(&[0.5, 0.99, 1.0], 0.025, Spending::OBrienFleming);
    assert!(close.windows(2).all(|pair| pair[1] < pair[0] + 0.3) && close.len() == 3, "{close:?}");
    let found = bounds(&[376.0 / 751.0, 563.0 / 751.0, 1.0], 0.025, Spending::OBrienFleming);
    for (found, expected) in found.into_iter().zip([2.9604, 2.3598, 2.0140]) {
        assert!((found - expected).abs() < 5.1e-5, "{found} instead of {expected}");
    }
}

/// goatools#281 and replicability-analysis-NLP#1: Holm's correction fails where no p-value is small, and where all are.
#[test]
fn corrections_of_extremes() {
    assert_eq!(holm(&[0.25, 1.0, 1.0, 1.0, 1.0]), [1.0; 5]);
    assert_eq!(holm(&[0.25; 3]), [0.75; 3]);
    assert_eq!(holm(&[f64::NAN, 0.25]), [1.0, 0.5]);
    assert_eq!(holm(&[]), [0.0; 0]);
}

/// tsouza/cerberus#1604: a quantile below all values, of a first bucket whose bound is not above 0; prometheus#7318: of no values.
#[test]
fn quantiles_of_odd_histograms() {
    let buckets =
        |counts: &[(f64, f64)]| counts.iter().map(|(le, count)| Bucket { le: *le, count: *count }).collect::<Vec<_>>();
    let odd = buckets(&[(-10.0, 4.0), (0.0, 1.0), (5.0, 1.0), (f64::INFINITY, 1.0)]);
    assert_eq!(histogram::quantile(&odd, 0.5), Some(-10.0));
    assert_eq!(histogram::quantile(&odd, 0.99), Some(5.0));
    assert_eq!(histogram::quantile(&buckets(&[(1.0, 0.0), (f64::INFINITY, 0.0)]), 0.5), None);
    assert_eq!(histogram::quantile(&buckets(&[(0.1, 0.0), (0.2, 10.0)]), 0.5), Some(0.15000000000000002));
    assert_eq!(histogram::quantile(&buckets(&[(f64::INFINITY, 3.0)]), 0.5), None);
}
