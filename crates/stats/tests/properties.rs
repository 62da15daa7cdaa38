//! What holds for all numbers: no function panics or makes a NaN, and arms may be exchanged.

use proptest::prelude::*;
use weir_stats::counts::{EProcess, Poll, closed_form_ln_e, dependent, independent};
use weir_stats::cuped::{self, PairedMoments};
use weir_stats::design::{self, Part};
use weir_stats::distribution::*;
use weir_stats::histogram::{self, Bucket};
use weir_stats::means::{self, Moments};
use weir_stats::power::{self, Certainty};
use weir_stats::proportions::{self, Share};
use weir_stats::quantiles;
use weir_stats::rank::{MannWhitney, hodges_lehmann};
use weir_stats::ratios::{self, RatioMoments};
use weir_stats::sample_ratio::{SequentialRatio, chi_squared, contingency};
use weir_stats::sequences::{Sequence, msprt_ln, rho};
use weir_stats::spending::{LOOKS_MAX, Spending, bounds};
use weir_stats::strata::{self, MantelHaenszel};
use weir_stats::{Effect, Interval, multiplicity};

/// Numbers as they come, with those at which things go wrong.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..1e6,
        2 => (0u32..100).prop_map(f64::from),
        1 => Just(0.0),
        1 => Just(1.0),
        1 => Just(1e15),
        1 => Just(1e-300),
        1 => Just(f64::MAX),
        1 => -1e3..0.0,
    ]
}

fn share() -> impl Strategy<Value = Share> {
    (any_number(), any_number()).prop_map(|(x, n)| Share { x, n })
}

/// Shares that there can be, of thousands.
fn real_share() -> impl Strategy<Value = Share> {
    (100u32..10_000, 0.0..1.0f64).prop_map(|(n, rate)| Share { x: (f64::from(n) * rate).floor(), n: f64::from(n) })
}

fn no_nan(effect: &Effect) {
    let Interval { low, high } = effect.interval(0.05);
    for one in [effect.difference, effect.standard_error, effect.statistic(), low, high] {
        assert!(!one.is_nan(), "{effect:?}");
    }
    assert!(low <= high, "{effect:?}");
    is_chance(effect.p());
}

fn is_chance(p: f64) {
    assert!((0.0..=1.0).contains(&p), "{p} is no chance");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn distributions_are_total(x in any_number(), a in any_number(), b in any_number(), p in any_number()) {
        is_chance(normal_above(x));
        is_chance(t_beyond(x, a));
        is_chance(chi_squared_above(x, a));
        is_chance(beta_below(p, a.min(1e7), b.min(1e7)));
        prop_assert!(!normal_quantile_above(p).is_nan());
        prop_assert!(!t_quantile_beyond(p, a).is_nan());
    }

    #[test]
    fn comparisons_are_total(all in prop::collection::vec(any_number(), 12), alpha in any_number()) {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = all[..] else { unreachable!() };
        let (one, other) = (Moments { n: a, sum: b, squares: c }, Moments { n: d, sum: e, squares: f });
        no_nan(&means::welch(&one, &other));
        no_nan(&means::relative(&one, &other));
        let ratio = |n, numerator, numerator_squares, denominator, denominator_squares, products| RatioMoments {
            n, numerator, numerator_squares, denominator, denominator_squares, products,
        };
        no_nan(&ratios::difference(&ratio(a, b, c, d, e, f), &ratio(g, h, i, j, k, l)));
        no_nan(&ratios::relative(&ratio(a, b, c, d, e, f), &ratio(g, h, i, j, k, l)));
        let paired = |n, sum, squares, before, before_squares, products| PairedMoments {
            n, sum, squares, before, before_squares, products,
        };
        no_nan(&cuped::difference(&paired(a, b, c, d, e, f), &paired(g, h, i, j, k, l)));
        let effect = means::welch(&one, &other);
        let sequence = Sequence { effect, n: g, tuned_to: h };
        is_chance(sequence.p(alpha));
        prop_assert!(!sequence.interval(alpha).low.is_nan());
        prop_assert!(!sequence.at_least(alpha).is_nan());
        prop_assert!(!msprt_ln(a, b, c, d).is_nan());
    }

    #[test]
    fn counts_are_total(one in share(), other in share(), rest in prop::collection::vec(any_number(), 7)) {
        no_nan(&proportions::difference(one, other));
        no_nan(&proportions::score(one, other));
        is_chance(proportions::p(one, other));
        let Interval { low, high } = proportions::newcombe(one, other, 0.05);
        prop_assert!(low <= high, "{low} {high}");
        let tests = MantelHaenszel::of(&[(one, other), (other, one)]);
        is_chance(tests.p());
        prop_assert!(!tests.rate_ratio.is_nan());
        no_nan(&strata::difference(&[(one, other)]));
        let [a, b, c, d, e, g, h] = rest[..] else { unreachable!() };
        is_chance(chi_squared(&[(a, b), (c, d)]).p());
        is_chance(contingency(&[vec![a, b, c], vec![d, e]]).p());
        let mut ratio = SequentialRatio::new(&[a, b]);
        ratio.add(&[c, d]);
        is_chance(ratio.p());
        let mut process = EProcess::new(g);
        process.add(&Poll { treatment_events: a, control_events: b, treatment: c, control: d });
        prop_assert!(!process.ln_e_with(h).is_nan());
        prop_assert!(!independent([a, b]).is_nan() && !dependent(&[a, b]).is_nan());
        prop_assert!(!closed_form_ln_e(a.min(1e9), b.min(1e9), 0.3, 100.0).is_nan());
        let deff = design::effect([&[Part { x: a, n: b }, Part { x: c, n: d }][..]]);
        prop_assert!(deff >= 1.0);
        let buckets = [Bucket { le: 1.0, count: a }, Bucket { le: f64::INFINITY, count: b }];
        prop_assert!(!histogram::quantile(&buckets, e).unwrap_or_default().is_nan());
        for units in [
            power::units_for_share(a, b, Certainty::default()),
            power::units_for_share_with_part(a, b, c, Certainty::default()),
            power::smallest_rise(a.clamp(0.0, 1.0), b, c, Certainty::default()),
            power::units_optimizely(a, b, 0.95),
            power::power(a, b, c),
            power::power_sequential(a, b, c, d, e),
        ] {
            prop_assert!(!units.is_nan());
        }
    }

    #[test]
    fn ranks_are_total(control in prop::collection::vec(any_number(), 0..12), treatment in prop::collection::vec(any_number(), 0..12)) {
        let test = MannWhitney::of(&control, &treatment);
        is_chance(test.p());
        is_chance(test.p_greater());
        is_chance(test.greater());
        is_chance(test.exact_p().unwrap_or_default());
        let shift = hodges_lehmann(&control, &treatment, 0.05);
        prop_assert_eq!(shift.is_some(), !control.is_empty() && !treatment.is_empty());
        let mut sorted = control.clone();
        sorted.sort_by(f64::total_cmp);
        prop_assert_eq!(quantiles::of_sorted(&sorted, 0.9).is_some(), !control.is_empty());
        for p in multiplicity::holm(&control).into_iter().chain(multiplicity::benjamini_hochberg(&control)) {
            prop_assert!(!p.is_nan());
        }
    }

    #[test]
    fn arms_may_be_exchanged(one in real_share(), other in real_share(), control in prop::collection::vec(0u8..20, 1..40), treatment in prop::collection::vec(0u8..20, 1..40)) {
        let values = |all: &[u8]| all.iter().map(|one| f64::from(*one)).collect::<Vec<_>>();
        let (control, treatment) = (values(&control), values(&treatment));
        let (there, back) = (MannWhitney::of(&control, &treatment), MannWhitney::of(&treatment, &control));
        prop_assert_eq!(there.u + back.u, there.control * there.treatment);
        prop_assert!((there.p() - back.p()).abs() < 1e-12);
        prop_assert!((proportions::score(one, other).p() - proportions::score(other, one).p()).abs() < 1e-12);
        prop_assert_eq!(proportions::difference(one, other).difference, -proportions::difference(other, one).difference);
        let (there, back) = (Moments::of(control), Moments::of(treatment));
        prop_assert!((means::welch(&there, &back).p() - means::welch(&back, &there).p()).abs() < 1e-12);
    }

    #[test]
    fn groups_are_values(values in prop::collection::vec((0u8..6, any::<bool>()), 1..60)) {
        let of = |mine: bool| values.iter().filter(|(_, arm)| *arm == mine).map(|(value, _)| f64::from(*value)).collect::<Vec<_>>();
        let count = |mine: bool, value: u8| values.iter().filter(|one| **one == (value, mine)).count() as f64;
        let groups = (0..6).map(|value| (count(false, value), count(true, value)));
        prop_assert_eq!(MannWhitney::grouped(groups), MannWhitney::of(&of(false), &of(true)));
    }

    #[test]
    fn evidence_knows_no_order(polls in prop::collection::vec((0u16..50, 0u16..50, 1u16..5000, 1u16..5000), 1..20)) {
        let ln_e = |polls: &mut dyn Iterator<Item = &(u16, u16, u16, u16)>| {
            let mut process = EProcess::new(0.1);
            for (x, y, treatment, control) in polls {
                let [treatment_events, control_events, treatment, control] = [x, y, treatment, control].map(|one| f64::from(*one));
                process.add(&Poll { treatment_events, control_events, treatment, control });
            }
            let resumed = EProcess::resumed(0.1, *process.ln_ratios());
            assert_eq!(resumed, process);
            process.ln_e()
        };
        let (there, back) = (ln_e(&mut polls.iter()), ln_e(&mut polls.iter().rev()));
        prop_assert!((there - back).abs() <= 1e-9 * (1.0 + there.abs()), "{there} {back}");
    }

    #[test]
    fn strata_of_one_are_it(one in real_share(), other in real_share()) {
        let alone = proportions::difference(one, other);
        prop_assume!(alone.standard_error.is_finite());
        let found = strata::difference(&[(one, other)]);
        prop_assert!((found.difference - alone.difference).abs() < 1e-12 && (found.standard_error / alone.standard_error - 1.0).abs() < 1e-12);
    }

    /// Two names of one thing: mSPRT for pairs with τ² = ρ²V is the confidence sequence of n = pairs.
    #[test]
    fn the_mixture_test_is_the_sequence(difference in -0.5..0.5f64, variance in 0.1..10.0f64, pairs in 1.0..1e5f64) {
        let effect = Effect { difference, standard_error: (variance / pairs).sqrt(), df: f64::INFINITY };
        let p = Sequence { effect, n: pairs, tuned_to: 5000.0 }.p(0.05);
        let ln = msprt_ln(difference, variance, pairs, rho(0.05, 5000.0).powi(2) * variance);
        prop_assert!((p - (-ln).exp().min(1.0)).abs() < 1e-9, "{p} {ln}");
    }
}

proptest! {
    // Each integrates a density over all looks.
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn bounds_spend_alpha(parts in prop::collection::btree_set(1u8..=100, 1..4), pocock in any::<bool>()) {
        let parts: Vec<f64> = parts.into_iter().map(|part| f64::from(part) / 100.0).collect();
        let spending = if pocock { Spending::Pocock } else { Spending::OBrienFleming };
        let all = bounds(&parts, 0.025, spending);
        prop_assert_eq!(all.len(), parts.len());
        prop_assert!(all.iter().all(|bound| *bound > 1.9), "{:?}", all);
    }
}

#[test]
fn too_many_looks_have_no_bounds() {
    let looks = |count: usize| (1..=count).map(|look| look as f64 / count as f64).collect::<Vec<_>>();
    assert_eq!(bounds(&looks(LOOKS_MAX + 1), 0.05, Spending::Pocock), []);
    assert_eq!(bounds(&[0.5, 0.5], 0.05, Spending::Pocock), []);
    assert_eq!(bounds(&[0.0, 0.5], 0.05, Spending::Pocock), []);
}

#[test]
fn without_numbers_nothing_is_claimed() {
    let none = Share::default();
    assert_eq!(proportions::difference(none, none), Effect::UNKNOWN);
    assert_eq!(proportions::p(none, Share { x: 3.0, n: 10.0 }), 1.0);
    assert_eq!(means::welch(&Moments::default(), &Moments::of([1.0, 2.0])), Effect::UNKNOWN);
    assert_eq!(means::welch(&Moments::of([5.0; 9]), &Moments::of([5.0; 9])), Effect::UNKNOWN);
    assert_eq!(Effect::UNKNOWN.interval(0.05), Interval::ALL);
    assert_eq!((Effect::UNKNOWN.p(), Effect::UNKNOWN.statistic()), (1.0, 0.0));
    assert_eq!(EProcess::new(0.1).ln_e(), 0.0);
    assert_eq!(MannWhitney::of(&[], &[]).p(), 1.0);
    assert_eq!(SequentialRatio::new(&[]).p(), 1.0);
    assert_eq!(design::effect([]), design::UNKNOWN);
}
