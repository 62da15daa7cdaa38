//! Numbers that others have published, as they stand there.

use weir_stats::counts::{EProcess, Poll, closed_form_ln_e};
use weir_stats::cuped::PairedMoments;
use weir_stats::distribution::chi_squared_above;
use weir_stats::means::Moments;
use weir_stats::proportions::Share;
use weir_stats::quantiles::{self, Quantile};
use weir_stats::rank::{MannWhitney, hodges_lehmann};
use weir_stats::ratios::RatioMoments;
use weir_stats::sample_ratio::{SequentialRatio, chi_squared, contingency, units_to_see};
use weir_stats::sequences::{Sequence, msprt_ln, rho};
use weir_stats::spending::{Spending, bounds};
use weir_stats::strata::MantelHaenszel;
use weir_stats::{Interval, cuped, means, multiplicity, proportions, ratios, strata};

#[track_caller]
fn near(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "found {found:e} instead of {expected:e}");
}

#[track_caller]
fn near_interval(found: Interval, low: f64, high: f64, relative: f64) {
    near(found.low, low, relative);
    near(found.high, high, relative);
}

fn share(x: f64, n: f64) -> Share {
    Share { x, n }
}

#[test]
fn ranks() {
    let males = [19.0, 22.0, 16.0, 29.0, 24.0];
    let females = [20.0, 11.0, 17.0, 12.0];
    let test = MannWhitney::of(&females, &males);
    assert_eq!(test.u, 17.0);
    near(test.exact_p().unwrap(), 0.1111111111111111, 1e-12);
    near(test.p(), 0.11134688653314041, 1e-12);
    near(MannWhitney::of(&[4.4, 5.5, 6.6, 7.7], &[1.1, 2.2, 3.3, 9.9]).exact_p().unwrap(), 0.34285714285714286, 1e-12);
    let test = MannWhitney::of(&[2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0, 6.0], &[1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 5.0]);
    assert_eq!((test.u, test.exact_p()), (17.0, None));
    near(test.p(), 0.11877131320789149, 1e-12);
    let sparse = MannWhitney::of(&[0.0; 6], &[0.0, 1.0, 2.0, 1.0, 0.0, 0.0]);
    assert_eq!(sparse.u, 27.0);
    near(sparse.p(), 0.0731397996589, 1e-11);
    near(sparse.p_greater(), 0.0365698998295, 1e-11);
    // spinnaker#6278: 100 x 7, 1 x 3 against 1 x 10.
    let jumped = MannWhitney::of(&[1.0; 10], &[100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 1.0, 1.0, 1.0]);
    assert_eq!(jumped.u, 85.0);
    near(jumped.p(), 0.0016167728306, 1e-10);
    let canary = [110.0, 840.0, 2350.0, 3050.0, 1990.0, 1210.0, 350.0, 85.0, 15.0];
    let control = [120.0, 900.0, 2500.0, 3100.0, 1900.0, 1100.0, 300.0, 70.0, 10.0];
    let grouped = MannWhitney::grouped(control.into_iter().zip(canary));
    assert_eq!((grouped.u, grouped.greater()), (51_738_000.0, 0.51738));
    near(grouped.p(), 1.2173927076171582e-05, 1e-9);
}

#[test]
fn shares() {
    let (control, treatment) = (share(1000.0, 10000.0), share(1100.0, 10000.0));
    near(proportions::score(control, treatment).statistic(), 2.3066347738170103, 1e-12);
    near(proportions::p(control, treatment), 0.021075189273797826, 1e-12);
    near_interval(
        proportions::difference(control, treatment).interval(0.05),
        0.001504059131512,
        0.018495940868488,
        1e-9,
    );
    near_interval(proportions::newcombe(control, treatment, 0.05), 0.0015020650656, 0.0185015158684, 1e-9);
    near(proportions::p(share(200.0, 1000.0), share(250.0, 1000.0)), 0.007419649261025687, 1e-12);
    let unequal = (share(500.0, 9500.0), share(40.0, 500.0));
    assert_eq!(
        format!(
            "{:.5} {:.5}",
            proportions::score(unequal.0, unequal.1).p(),
            proportions::difference(unequal.0, unequal.1).p()
        ),
        "0.00831 0.02665"
    );
    let rare = (share(0.0, 1000.0), share(5.0, 1000.0));
    near(proportions::score(rare.0, rare.1).p(), 0.0251644857, 1e-8);
    // Of five events all are the treatment's, or all are the control's: 2/2⁵.
    near(proportions::p(rare.0, rare.1), 0.0625, 1e-12);
    near(proportions::p(share(1000.0, 1000.0), share(995.0, 1000.0)), 0.0625, 1e-12);
}

#[test]
fn means_and_ratios() {
    let control = Moments { n: 3407.0, sum: 1396.87, squares: 52377.9767 };
    let treatment = Moments { n: 3461.0, sum: 2422.7, squares: 134698.29 };
    let effect = means::welch(&control, &treatment);
    near(effect.statistic(), 2.3240227609215203, 1e-12);
    near(effect.df, 5841.742032093565, 1e-12);
    near(effect.p(), 0.02015840264358697, 1e-10);
    near_interval(effect.interval(0.05), 0.04537789255929, 0.53462210744071, 1e-11);
    let relative = means::relative(&control, &treatment);
    assert_eq!(format!("{:.5} {:.5}", relative.difference, relative.p()), "0.70732 0.06191");
    near_interval(relative.interval(0.05), -0.03526, 1.44989, 2e-4);
    // GrowthBook's frequentistVariance(2, 7, 4, 0.5, 5, 15), absolute and relative.
    let moments = |n: f64, mean: f64, variance: f64| Moments {
        n,
        sum: n * mean,
        squares: variance * (n - 1.0) + n * mean * mean,
    };
    let (control, treatment) = (moments(4.0, 7.0, 2.0), moments(15.0, 5.0, 0.5));
    assert_eq!(format!("{:.5}", means::welch(&control, &treatment).standard_error.powi(2)), "0.53333");
    assert_eq!(format!("{:.5}", means::relative(&control, &treatment).standard_error.powi(2)), "0.00589");
    let a = RatioMoments {
        n: 1000.0,
        numerator: 300.0,
        numerator_squares: 700.0,
        denominator: 5000.0,
        denominator_squares: 40000.0,
        products: 3100.0,
    };
    let b = RatioMoments {
        n: 1020.0,
        numerator: 350.0,
        numerator_squares: 840.0,
        denominator: 5100.0,
        denominator_squares: 41000.0,
        products: 3500.0,
    };
    near(a.variance(), 0.0188988988988989, 1e-12);
    near(b.variance(), 0.021696041267437335, 1e-12);
    let effect = ratios::difference(&a, &b);
    near(effect.difference, 0.008627450980392165, 1e-11);
    near(effect.standard_error, 0.006337943482902393, 1e-11);
    near(effect.p(), 0.17359075647252675, 1e-11);
    near_interval(effect.interval(0.05), -0.0038021629905, 0.0210570649513, 1e-9);
    near(ratios::relative(&a, &b).difference, 0.14379084967320277, 1e-12);
    near(ratios::relative(&a, &b).p(), 0.2034795889034675, 1e-11);
    let a = PairedMoments {
        n: 1000.0,
        sum: 10000.0,
        squares: 109000.0,
        before: 9900.0,
        before_squares: 107010.0,
        products: 105000.0,
    };
    let b = PairedMoments {
        n: 1000.0,
        sum: 10300.0,
        squares: 115090.0,
        before: 10050.0,
        before_squares: 110002.5,
        products: 109715.0,
    };
    near(cuped::theta(&a, &b), 0.6786036504962176, 1e-12);
    let effect = cuped::difference(&a, &b);
    near(effect.difference, 0.19820945242556842, 1e-11);
    near(effect.standard_error, 0.09869581679355567, 1e-11);
    near(effect.p(), 0.04474734351208731, 1e-9);
    let unadjusted = |one: &PairedMoments| Moments { n: one.n, sum: one.sum, squares: one.squares };
    let effect = means::welch(&unadjusted(&a), &unadjusted(&b));
    near(effect.standard_error, 0.13423121104280485, 1e-11);
    assert_eq!(format!("{:.5}", effect.p()), "0.02553");
}

/// GrowthBook's vector; it takes (n - 1)/n of each variance.
#[test]
fn quantiles_of_growthbook() {
    let quantile = |value, low, high, n: f64| Quantile {
        value,
        variance: quantiles::of_interval(low, high, 0.05) * (n - 1.0) / n,
    };
    let control = quantile(7.157987489967789, 7.098780136, 7.217194844, 11054.0);
    let treatment = quantile(7.694499927525767, 7.641805986, 7.747193869, 10861.0);
    let effect = quantiles::difference(&control, &treatment);
    near(effect.difference, 0.5365124375579775, 1e-12);
    near(effect.standard_error, 0.040437721953872775, 1e-8);
    near_interval(effect.interval(0.05), 0.45725153, 0.61577334, 1e-5);
}

#[test]
fn sample_ratios() {
    let even = |a, b| chi_squared(&[(a, 1.0), (b, 1.0)]);
    near(even(821588.0, 815482.0).statistic, 22.77436884189436, 1e-12);
    near(even(821588.0, 815482.0).p(), 1.8217928726191858e-06, 1e-12);
    near(even(1003000.0, 997000.0).p(), 2.2090496998585475e-05, 1e-12);
    near(even(500.0, 550.0).p(), 0.12282264810139186, 1e-12);
    let skewed = |a, b| chi_squared(&[(a, 5.0), (b, 95.0)]);
    near(skewed(5200.0, 94800.0).p(), 0.0037090099909748053, 1e-12);
    near(skewed(310.0, 4690.0).p(), 9.888398174613954e-05, 1e-12);
    near(chi_squared(&[(1000.0, 1.0), (1100.0, 1.0), (900.0, 1.0)]).p(), 4.539992976248486e-05, 1e-12);
    let made_up = contingency(&[vec![520.0, 480.0, 300.0], vec![505.0, 510.0, 260.0]]);
    near(made_up.statistic, 3.743380364255543, 1e-12);
    near(made_up.p(), 0.15386338477622594, 1e-12);
    // ssrm-test: units of each look, ln E of all so far and the least 1/E.
    let looks = [[1000.0, 1000.0], [1100.0, 1000.0], [1200.0, 1000.0], [1300.0, 1000.0]];
    let ln_es = [-0.091164945, 0.182835932, 2.516761816, 9.369319191];
    let ps = [1.0, 0.832904798, 0.080720572, 8.5301e-05];
    let mut ratio = SequentialRatio::new(&[1.0, 1.0]);
    for ((units, ln_e), p) in looks.into_iter().zip(ln_es).zip(ps) {
        ratio.add(&units);
        near(ratio.ln_e(), ln_e, 1e-7);
        near(ratio.p(), p, 1e-5);
    }
    let mut skewed = SequentialRatio::new(&[5.0, 95.0]);
    for units in [[60.0, 940.0], [65.0, 935.0], [70.0, 930.0], [80.0, 920.0]] {
        skewed.add(&units);
    }
    near(skewed.ln_e(), 3.877093707, 1e-9);
    near(skewed.p(), 0.02071093, 1e-6);
    for (critical, p) in [(10.827566170662733, 0.001), (12.115665146397173, 0.0005), (15.136705226623397, 0.0001)] {
        near(chi_squared_above(critical, 1.0), p, 1e-12);
    }
    let sizes =
        [(0.05, 0.2, 5_756.0), (0.1, 0.1, 10_905.0), (0.2, 0.1, 4_847.0), (0.5, 0.05, 4_847.0), (0.5, 0.03, 13_463.0)];
    for (part, deviation, units) in sizes {
        near(units_to_see(part, deviation, 0.0005), units, 2e-4);
    }
}

#[test]
fn events() {
    let ln_e = |x, y, treatment, control, margin| {
        let mut process = EProcess::new(margin);
        process.add(&Poll { treatment_events: x, control_events: y, treatment, control });
        process.ln_e()
    };
    near(ln_e(40.0, 400.0, 5000.0, 95000.0, 0.0), 4.679840242813756, 1e-12);
    near(ln_e(30.0, 400.0, 5000.0, 95000.0, 0.0), 0.045523108089879916, 1e-11);
    near(ln_e(60.0, 600.0, 5000.0, 95000.0, 0.0), 7.629988075328086, 1e-12);
    near(ln_e(70.0, 30.0, 1e4, 1e4, 0.0), 6.877161479014924, 1e-12);
    near(ln_e(50.0, 50.0, 1e4, 1e4, 0.0), -2.1508766235992156, 1e-12);
    let table = [
        (50.0, 50.0, 0.5, -0.3478235538265153),
        (70.0, 30.0, 0.5, 4.390676776910219),
        (80.0, 40.0, 0.5, 3.9677086154666092),
        (30.0, 400.0, 0.05, 1.0797599647916485),
        (40.0, 400.0, 0.05, 5.020187040169688),
        (60.0, 600.0, 0.05, 7.934215611322561),
        (48.0, 10.0, 0.5, 5.10700496314769),
    ];
    for (x, y, theta0, expected) in table {
        near(closed_form_ln_e(x, y, theta0, 100.0), expected, 1e-11);
    }
}

#[test]
fn sequences() {
    near(rho(0.05, 5000.0), 0.03984006677137368, 1e-12);
    let effect = proportions::difference(share(1000.0, 10000.0), share(1100.0, 10000.0));
    let sequence = Sequence { effect, n: 20000.0, tuned_to: 5000.0 };
    near(sequence.interval(0.05).high - effect.difference, 0.013555237271372596, 1e-9);
    near(sequence.p(0.05), 0.43372021342570605, 1e-9);
    near(effect.difference - sequence.at_least(0.01), 0.014910861761140792, 1e-9);
    near(msprt_ln(0.1, 2.0, 1000.0, 0.01), 1.187453598719306, 1e-12);
    near(msprt_ln(0.2, 2.0, 1000.0, 0.01), 7.437453598719307, 1e-12);
    near((-msprt_ln(0.2, 2.0, 1000.0, 0.01)).exp(), 0.0005887825669677626, 1e-12);
    let effect = proportions::relative(share(1396.0, 3000.0), share(2422.0, 3461.0));
    near(effect.difference, 0.5038633516821496, 1e-12);
    near(effect.standard_error, 0.033860214798231224, 1e-12);
    let sequence = Sequence { effect, n: 6461.0, tuned_to: 5000.0 };
    near_interval(sequence.interval(0.05), 0.4009784966859415, 0.6067482066783576, 1e-12);
}

/// Lan and DeMets' bounds, as published, and at the looks of a ramp over 5, 10, 20 and 50%.
#[test]
fn planned_looks() {
    let table = [
        (Spending::OBrienFleming, vec![4.3326, 2.9631, 2.3590, 2.0141]),
        (Spending::OBrienFleming, vec![4.8769, 3.3570, 2.6803, 2.2898, 2.0310]),
        (Spending::Pocock, vec![2.3683, 2.3675, 2.3582, 2.3500]),
    ];
    for (spending, expected) in table {
        let looks: Vec<f64> = (1..=expected.len()).map(|look| look as f64 / expected.len() as f64).collect();
        for (found, expected) in bounds(&looks, 0.025, spending).into_iter().zip(expected) {
            assert!((found - expected).abs() < 6e-5, "{spending:?}: {found} instead of {expected}");
        }
    }
    let looks = [0.0868, 0.2511, 0.5434, 1.0];
    let found = bounds(&looks, 0.01, Spending::OBrienFleming);
    assert!(found[0] > 8.0, "{found:?}");
    for (found, expected) in found.into_iter().zip([8.0, 5.01, 3.30, 2.33]).skip(1) {
        assert!((found - expected).abs() < 0.006, "{found} instead of {expected}");
    }
    for (found, expected) in bounds(&looks, 0.01, Spending::Pocock).into_iter().zip([2.99, 2.82, 2.69, 2.61]) {
        assert!((found - expected).abs() < 0.006, "{found} instead of {expected}");
    }
}

#[test]
fn strata_of_other_shares_are_not_pooled() {
    let steps =
        [(share(20_000.0, 990_000.0), share(230.0, 10_000.0)), (share(5_000.0, 500_000.0), share(6_000.0, 500_000.0))];
    let pooled = proportions::score(share(25_000.0, 1_490_000.0), share(6_230.0, 510_000.0));
    near(pooled.statistic(), -22.69, 1e-3);
    let stratified = strata::difference(&steps);
    near(stratified.difference, 0.00201503, 1e-5);
    near(stratified.statistic(), 9.752, 1e-4);
    let cmh = MantelHaenszel::of(&steps);
    near(cmh.chi_squared, 95.497, 1e-5);
    near(cmh.rate_ratio, 1.19544, 1e-5);
}

#[test]
fn many_questions() {
    let p = [0.01, 0.04, 0.03, 0.005];
    let rounded = |all: Vec<f64>| all.iter().map(|p| format!("{p:.2}")).collect::<Vec<_>>().join(" ");
    assert_eq!(rounded(multiplicity::holm(&p)), "0.03 0.06 0.06 0.02");
    assert_eq!(rounded(multiplicity::benjamini_hochberg(&p)), "0.02 0.04 0.04 0.02");
}

/// Kayenta's MannWhitneySuite, "tie out with R version" and "again": values and how often each comes. R looks for the interval with
/// a tolerance of 1e-4, ours are the differences themselves.
#[test]
fn shifts_as_those_of_r() {
    let values = |counts: &[(f64, usize)]| -> Vec<f64> {
        counts.iter().flat_map(|(value, count)| std::iter::repeat_n(*value, *count)).collect()
    };
    let control = values(&[
        (1.5, 2),
        (2.0, 16),
        (2.5, 18),
        (3.0, 16),
        (3.5, 10),
        (4.0, 8),
        (4.5, 4),
        (5.0, 6),
        (5.5, 2),
        (6.0, 5),
        (8.0, 1),
        (15.5, 1),
        (54.5, 1),
    ]);
    let treatment = values(&[
        (1.5, 9),
        (2.0, 16),
        (2.5, 22),
        (3.0, 17),
        (3.5, 9),
        (4.0, 5),
        (4.5, 1),
        (5.0, 3),
        (5.5, 1),
        (6.0, 2),
        (6.5, 2),
        (7.0, 1),
        (7.5, 1),
        (16.5, 1),
    ]);
    let test = MannWhitney::of(&control, &treatment);
    assert_eq!((control.len(), treatment.len(), test.u), (90, 90, 3344.0));
    near(test.p(), 0.040972234992844116, 1e-12);
    let shift = hodges_lehmann(&control, &treatment, 0.05).unwrap();
    assert_eq!((shift.estimate, shift.interval), (-0.5, Interval { low: -0.5, high: 0.0 }));
    let of_r = [-0.4999393907180323, -0.500002521696696, -3.486287505871302e-5];
    for (ours, theirs) in [shift.estimate, shift.interval.low, shift.interval.high].into_iter().zip(of_r) {
        assert!((ours - theirs).abs() < 1e-4, "{ours} {theirs}");
    }
    let control = values(&[
        (0.0, 1),
        (0.5, 7),
        (1.0, 32),
        (1.5, 70),
        (2.0, 33),
        (2.5, 22),
        (3.0, 6),
        (3.5, 2),
        (4.0, 3),
        (4.5, 1),
        (5.5, 1),
        (7.0, 1),
        (7.5, 1),
    ]);
    let treatment = values(&[
        (0.5, 20),
        (1.0, 41),
        (1.5, 67),
        (2.0, 37),
        (2.5, 3),
        (3.0, 2),
        (3.5, 3),
        (4.0, 1),
        (5.0, 1),
        (5.5, 3),
        (8.5, 1),
        (19.0, 1),
    ]);
    let shift = hodges_lehmann(&control, &treatment, 0.02).unwrap();
    assert_eq!((shift.estimate, shift.interval), (0.0, Interval { low: -0.5, high: 0.0 }));
    let of_r = [-3.45044082729315e-5, -0.4999173250549087, -6.912685789769486e-6];
    for (ours, theirs) in [shift.estimate, shift.interval.low, shift.interval.high].into_iter().zip(of_r) {
        assert!((ours - theirs).abs() < 1e-4, "{ours} {theirs}");
    }
}
