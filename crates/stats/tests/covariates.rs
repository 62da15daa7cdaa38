//! GrowthBook's tests of its frequentist engine, with and without covariates: packages/stats/tests/frequentist/test_tests.py.

use weir_stats::cuped::{self, PairedMoments, PairedRatioMoments};
use weir_stats::means::{self, Moments};
use weir_stats::proportions::{self, Share};
use weir_stats::ratios::RatioMoments;
use weir_stats::sequences::Sequence;
use weir_stats::{Effect, Interval};

const CONTROL: Moments = Moments { n: 3000.0, sum: 1396.87, squares: 52377.9767 };
const TREATMENT: Moments = Moments { n: 3461.0, sum: 2422.7, squares: 134698.29 };

/// As the test has them: rounded to five digits after the point.
#[track_caller]
fn is(effect: Effect, difference: f64, standard_error: f64) {
    let rounded = |value: f64| (value * 1e5).round() / 1e5;
    assert_eq!((rounded(effect.difference), rounded(effect.standard_error)), (difference, standard_error));
}

#[track_caller]
fn within(found: Interval, low: f64, high: f64) {
    assert!((found.low - low).abs() < 2e-5 && (found.high - high).abs() < 2e-5, "{found:?} instead of {low} to {high}");
}

#[test]
fn without() {
    let effect = means::relative(&CONTROL, &TREATMENT);
    is(effect, 0.50336, 0.33341);
    within(Sequence { effect, n: 6461.0, tuned_to: 1000.0 }.interval(0.05), -0.55844, 1.56516);
    // One side at 5% is both at 10%.
    assert!((effect.interval(0.1).low + 0.045136675850396046).abs() < 1e-9);
    assert!((0.5 * effect.p() - 0.06558262868467746).abs() < 1e-9);
    let effect = means::welch(&CONTROL, &TREATMENT);
    assert!((effect.interval(0.1).low - 0.020791480063255735).abs() < 1e-12);
    assert!((0.5 * effect.p() - 0.03554272489873023).abs() < 1e-12);
    is(proportions::relative(Share { x: 14.0, n: 28.0 }, Share { x: 16.0, n: 30.0 }), 0.06667, 0.2717);
}

/// How the tuning is chosen matters: for these 6,461 units it is best for as many, and worst for 10.
#[test]
fn tuned() {
    let effect = means::relative(&CONTROL, &TREATMENT);
    let low = |tuned_to| Sequence { effect, n: 6461.0, tuned_to }.interval(0.05).low;
    assert!(low(10.0) < low(10_000.0) && low(10_000.0) < low(6461.0));
}

#[test]
fn with() {
    let paired = |now: Moments, before: f64, before_squares: f64| PairedMoments {
        n: now.n,
        sum: now.sum,
        squares: now.squares,
        before,
        before_squares,
        products: 1.0,
    };
    let (control, treatment) = (paired(CONTROL, 16.87, 527.9767), paired(TREATMENT, 22.7, 1348.29));
    let effect = cuped::relative(&control, &treatment);
    is(effect, 0.50338, 0.33341);
    within(Sequence { effect, n: 6461.0, tuned_to: 5000.0 }.interval(0.05), -0.50969, 1.51646);
}

#[test]
fn of_ratios() {
    let ratio = |(numerator, numerator_squares), (denominator, denominator_squares), products| RatioMoments {
        n: 100.0,
        numerator,
        numerator_squares,
        denominator,
        denominator_squares,
        products,
    };
    let control = PairedRatioMoments {
        now: ratio((485.112236689623, 2715.484666118136), (679.9093275844917, 4939.424001640236), 3602.146836776702),
        before: ratio((192.59138069991536, 460.076026390857), (290.1398399750233, 920.9461385038898), 634.239482353647),
        numerators: 1113.6215759318352,
        numerator_denominator: 1559.2878434944676,
        denominator_numerator: 1460.3181079276983,
        denominators: 2130.9404074446747,
    };
    let treatment = PairedRatioMoments {
        now: ratio((514.7757826608777, 2994.897482705013), (705.4090874383759, 5291.36604146392), 3918.1561431600717),
        before: ratio(
            (206.94157227402536, 514.2903702246757),
            (302.54389139107326, 994.4506208125663),
            698.4173425817908,
        ),
        numerators: 1237.0953021125997,
        numerator_denominator: 1701.0287270040265,
        denominator_numerator: 1604.0759503266522,
        denominators: 2292.081739775257,
    };
    let effect = cuped::relative_of_ratios(&control, &treatment);
    is(effect, -0.0007, 0.00391);
    assert!((effect.p() - 0.85771).abs() < 6e-6, "{}", effect.p());
    within(effect.interval(0.05), -0.00841, 0.00700);
    within(Sequence { effect, n: 200.0, tuned_to: 5000.0 }.interval(0.05), -0.02063, 0.01923);
}
