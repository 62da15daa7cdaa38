//! What holds for all numbers: arms may be exchanged, evidence knows no order, groups are values, strata of one are it.

use proptest::prelude::*;
use weir_stats::counts::{EProcess, Poll, dependent};
use weir_stats::design::{self, Part};
use weir_stats::distribution::beta_below;
use weir_stats::histogram::{self, Bucket};
use weir_stats::means::{self, Moments};
use weir_stats::proportions::{self, Share};
use weir_stats::quantiles;
use weir_stats::rank::{MannWhitney, hodges_lehmann};
use weir_stats::sample_ratio::SequentialRatio;
use weir_stats::sequences::{Sequence, msprt_ln, rho};
use weir_stats::spending::{LOOKS_MAX, STEP_MIN, Spending, bounds};
use weir_stats::strata::{self, MantelHaenszel};
use weir_stats::{Effect, Interval};

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(count) }
}

/// Shares that there can be, of thousands.
fn share() -> impl Strategy<Value = Share> {
    (100u32..10_000, 0.0..1.0f64).prop_map(|(n, rate)| Share { x: (f64::from(n) * rate).floor(), n: f64::from(n) })
}

/// Values of which many are equal.
fn values() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((0u8..20).prop_map(f64::from), 2..40)
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * (1.0 + one.abs())
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn arms_may_be_exchanged(one in share(), other in share(), control in values(), treatment in values()) {
        let (there, back) = (MannWhitney::of(&control, &treatment), MannWhitney::of(&treatment, &control));
        prop_assert_eq!(there.u + back.u, there.control * there.treatment);
        prop_assert!(near(there.p(), back.p()) && near(there.greater(), 1.0 - back.greater()));
        for compare in [proportions::score, proportions::difference] {
            let (there, back) = (compare(one, other), compare(other, one));
            prop_assert!(near(there.p(), back.p()) && near(there.difference, -back.difference));
        }
        prop_assert!(near(proportions::p(one, other), proportions::p(other, one)));
        let (there, back) = (proportions::newcombe(one, other, 0.05), proportions::newcombe(other, one, 0.05));
        prop_assert!(near(there.low, -back.high) && near(there.high, -back.low));
        let (there, back) = (MantelHaenszel::of(&[(one, other)]), MantelHaenszel::of(&[(other, one)]));
        prop_assert!(near(there.p(), back.p()));
        let (one, other) = (Moments::of(control), Moments::of(treatment));
        let (there, back) = (means::welch(&one, &other), means::welch(&other, &one));
        prop_assert!(near(there.p(), back.p()) && near(there.difference, -back.difference));
    }

    /// Events and what is left of requests are two names of one comparison.
    #[test]
    fn sides_may_be_exchanged(one in share(), other in share()) {
        let rest = |share: Share| Share { x: share.n - share.x, n: share.n };
        prop_assert!(near(proportions::p(one, other), proportions::p(rest(one), rest(other))));
        let (there, back) = (proportions::newcombe(one, other, 0.01), proportions::newcombe(rest(one), rest(other), 0.01));
        prop_assert!(near(there.low, -back.high) && near(there.high, -back.low));
        let Interval { low, high } = proportions::wilson(one, 0.01);
        prop_assert!(low <= one.rate() && one.rate() <= high);
    }

    /// Counted by value they are what they were one by one; so are histograms, also where only one has a bound.
    #[test]
    fn groups_are_values(control in values(), treatment in values(), apart in 0u8..19) {
        let count = |all: &[f64], value: u8| all.iter().filter(|one| **one == f64::from(value)).count() as f64;
        let groups = (0..20).map(|value| (count(&control, value), count(&treatment, value)));
        let (grouped, single) = (MannWhitney::grouped(groups), MannWhitney::of(&control, &treatment));
        prop_assert_eq!((grouped.u, grouped.p(), grouped.p_greater()), (single.u, single.p(), single.p_greater()));
        let buckets = |all: &[f64], without: Option<u8>| -> Vec<Bucket> {
            let up_to = |bound: u8| all.iter().filter(|one| **one <= f64::from(bound)).count() as f64;
            let bounds = (0..20).filter(|bound| Some(*bound) != without);
            histogram::of_cumulative(&bounds.map(|bound| (f64::from(bound), up_to(bound))).collect::<Vec<_>>())
        };
        let same = histogram::mann_whitney(&buckets(&control, None), &buckets(&treatment, None));
        prop_assert_eq!((same.u, same.p()), (single.u, single.p()));
        // One but the last bound, which is the highest value.
        let merged = |value: f64| if value == f64::from(apart) { value + 1.0 } else { value };
        let expected = MannWhitney::of(
            &control.iter().copied().map(merged).collect::<Vec<_>>(),
            &treatment.iter().copied().map(merged).collect::<Vec<_>>(),
        );
        for (one, other) in [(None, Some(apart)), (Some(apart), None), (Some(apart), Some(apart))] {
            let found = histogram::mann_whitney(&buckets(&control, one), &buckets(&treatment, other));
            prop_assert_eq!((found.u, found.p()), (expected.u, expected.p()));
        }
    }

    /// The estimate is the median of all differences, and what is shifted back has none.
    #[test]
    fn shifts_are_found(control in values(), treatment in values(), shift in -50i8..50) {
        let moved: Vec<f64> = treatment.iter().map(|one| one + f64::from(shift)).collect();
        let found = hodges_lehmann(&control, &moved, 0.05).unwrap();
        let mut differences: Vec<f64> = moved.iter().flat_map(|t| control.iter().map(move |c| t - c)).collect();
        differences.sort_by(f64::total_cmp);
        let median = 0.5 * (differences[(differences.len() - 1) / 2] + differences[differences.len() / 2]);
        prop_assert_eq!(found.estimate, median);
        prop_assert!(found.interval.low <= median && median <= found.interval.high);
        let before = hodges_lehmann(&control, &treatment, 0.05).unwrap();
        prop_assert_eq!(before.estimate + f64::from(shift), median);
        prop_assert_eq!(before.interval.low + f64::from(shift), found.interval.low);
    }

    #[test]
    fn evidence_knows_no_order(polls in prop::collection::vec((0u16..50, 0u16..50, 1u16..5000, 1u16..5000), 1..20)) {
        let poll = |(x, y, treatment, control): &(u16, u16, u16, u16)| {
            let [treatment_events, control_events, treatment, control] = [x, y, treatment, control].map(|one| f64::from(*one));
            Poll { treatment_events, control_events, treatment, control }
        };
        let ln_e = |polls: &mut dyn Iterator<Item = &(u16, u16, u16, u16)>| {
            let mut process = EProcess::new(0.1);
            polls.for_each(|one| process.add(&poll(one)));
            assert_eq!(EProcess::resumed(0.1, *process.ln_ratios()), process);
            process.ln_e()
        };
        let (there, back) = (ln_e(&mut polls.iter()), ln_e(&mut polls.iter().rev()));
        prop_assert!(near(there, back), "{there} {back}");
        // So are polls of one exposure, added one by one or as their sum.
        let (mut one_by_one, mut at_once) = (EProcess::new(0.0), EProcess::new(0.0));
        let mut sum = Poll::default();
        for (x, y, ..) in &polls {
            let one = poll(&(*x, *y, 100, 300));
            one_by_one.add(&one);
            sum.treatment_events += one.treatment_events;
            sum.control_events += one.control_events;
            (sum.treatment, sum.control) = (sum.treatment + 100.0, sum.control + 300.0);
        }
        at_once.add(&sum);
        prop_assert!(near(one_by_one.ln_e(), at_once.ln_e()));
        let mut ratio = (SequentialRatio::new(&[1.0, 2.0]), SequentialRatio::new(&[1.0, 2.0]));
        polls.iter().for_each(|one| ratio.0.add(&[f64::from(one.0), f64::from(one.1)]));
        polls.iter().rev().for_each(|one| ratio.1.add(&[f64::from(one.0), f64::from(one.1)]));
        prop_assert_eq!(ratio.0.ln_e(), ratio.1.ln_e());
        let resumed = SequentialRatio::resumed(&[1.0, 2.0], ratio.0.units(), ratio.0.ln_e_max());
        prop_assert_eq!((resumed.ln_e(), resumed.p()), (ratio.0.ln_e(), ratio.0.p()));
    }

    /// More events of the treatment are more evidence, a greater margin and a greater design effect less.
    #[test]
    fn evidence_has_a_direction(x in 0u16..200, y in 0u16..200, treatment in 1u16..9999, control in 1u16..9999) {
        let ln_e = |x: u16, margin: f64, effect: f64| {
            let mut process = EProcess::new(margin);
            let [treatment_events, control_events, treatment, control] = [x, y, treatment, control].map(f64::from);
            process.add(&Poll { treatment_events, control_events, treatment, control });
            process.ln_e_with(effect)
        };
        prop_assert!(ln_e(x + 1, 0.1, 1.0) >= ln_e(x, 0.1, 1.0));
        prop_assert!(ln_e(x, 0.2, 1.0) <= ln_e(x, 0.1, 1.0) + 1e-12);
        prop_assert!(ln_e(x, 0.1, 2.0).max(0.0) <= ln_e(x, 0.1, 1.0).max(0.0) + 1e-12);
        let all = [ln_e(x, 0.1, 1.0), ln_e(y, 0.1, 1.0)];
        prop_assert!(dependent(&all) <= all[0].max(all[1]) + 1e-12);
    }

    #[test]
    fn strata_of_one_are_it(one in share(), other in share()) {
        let alone = proportions::difference(one, other);
        prop_assume!(alone.standard_error.is_finite());
        let found = strata::difference(&[(one, other)]);
        prop_assert!(near(found.difference, alone.difference) && near(found.standard_error, alone.standard_error));
    }

    /// Where all strata have the same shares the rate ratio is that of the sums, and strata that are alike are their sum.
    #[test]
    fn strata_of_one_share_may_be_pooled(rates in prop::collection::vec((1u32..999, 1u32..999, 1u32..20), 1..8), times in 1u32..30) {
        let strata: Vec<(Share, Share)> = rates
            .iter()
            .map(|(control, treatment, size)| {
                let n = f64::from(*size) * 1000.0;
                let of = |rate: u32, n: f64| Share { x: f64::from(rate) / 1000.0 * n, n };
                (of(*control, n), of(*treatment, n * f64::from(times)))
            })
            .collect();
        let sum = |of: fn(&(Share, Share)) -> Share| {
            strata.iter().map(of).fold(Share::default(), |sum, one| Share { x: sum.x + one.x, n: sum.n + one.n })
        };
        let (control, treatment) = (sum(|one| one.0), sum(|one| one.1));
        prop_assert!(near(MantelHaenszel::of(&strata).rate_ratio, treatment.rate() / control.rate()));
        let alike = vec![strata[0]; 5];
        let times = |one: Share| Share { x: 5.0 * one.x, n: 5.0 * one.n };
        let (together, pooled) = (strata::difference(&alike), proportions::difference(times(alike[0].0), times(alike[0].1)));
        prop_assert!(near(together.difference, pooled.difference) && near(together.standard_error, pooled.standard_error));
    }

    /// Two names of one thing: mSPRT for pairs with τ² = ρ²V is the confidence sequence of n = pairs.
    #[test]
    fn the_mixture_test_is_the_sequence(difference in -0.5..0.5f64, variance in 0.1..10.0f64, pairs in 1.0..1e5f64, alpha in 0.001..0.1f64) {
        let effect = Effect { difference, standard_error: (variance / pairs).sqrt(), df: f64::INFINITY };
        let sequence = Sequence { effect, n: pairs, tuned_to: 5000.0 };
        let ln = msprt_ln(difference, variance, pairs, rho(alpha, 5000.0).powi(2) * variance);
        prop_assert!(near(sequence.p(alpha), (-ln).exp().min(1.0)));
        // And 0 leaves the interval as p falls below alpha.
        let Interval { low, high } = sequence.interval(alpha);
        prop_assert_eq!(low > 0.0 || high < 0.0, sequence.p(alpha) < alpha);
        // One end alone is nearer, once there are a fifth of the units that it is tuned to.
        let is_nearer = sequence.at_least(alpha) >= low && sequence.at_most(alpha) <= high;
        prop_assert!(pairs < 1000.0 || is_nearer, "{low} {high}");
    }

    /// Parts of users that all have one rate are no more than independent, those of two kinds are.
    #[test]
    fn parts_that_differ_count_for_less(parts in prop::collection::vec(1u16..500, 2..16), rate in 1u8..50) {
        let of = |share: f64| parts.iter().map(|n| f64::from(*n) * 100.0).map(|n| Part { x: n * share, n }).collect::<Vec<_>>();
        let even = of(f64::from(rate) / 100.0);
        prop_assert_eq!(design::effect([&even[..]]), Some(1.0));
        let mut uneven = even.clone();
        uneven[0].x = uneven[0].n;
        prop_assert!(design::effect([&uneven[..], &even[..]]).unwrap() > 1.0);
    }

    /// Between the two places the quantile lies as often as it says: by the binomial distribution itself.
    #[test]
    fn quantiles_are_between_their_places(n in 50usize..5000, q in 0.05..0.95f64) {
        let Some((low, high)) = quantiles::places(n, q, 0.05) else { return Ok(()) };
        // Values below the quantile are more than `low` and at most `high`.
        let at_most = |k: usize| beta_below(1.0 - q, (n - k) as f64, k as f64 + 1.0);
        let inside = at_most(high) - at_most(low);
        prop_assert!(inside > 0.945, "{inside}");
    }
}

proptest! {
    // Each integrates a density over all looks.
    #![proptest_config(cases(20))]

    /// The alpha that was spent is what is crossed: bounds of looks that are added leave those before as they are, and fall where more
    /// may be spent.
    #[test]
    fn bounds_spend_alpha(parts in prop::collection::btree_set(1u8..=100, 1..4), pocock in any::<bool>()) {
        let parts: Vec<f64> = parts.into_iter().map(|part| f64::from(part) / 100.0).collect();
        let spending = if pocock { Spending::Pocock } else { Spending::OBrienFleming };
        let all = bounds(&parts, 0.025, spending);
        prop_assert_eq!(all.len(), parts.len());
        prop_assert!(all.iter().all(|bound| *bound > 1.959), "{:?}", all);
        let fewer = bounds(&parts[..parts.len() - 1], 0.025, spending);
        for (one, other) in fewer.iter().zip(&all) {
            prop_assert!((one - other).abs() < 1e-6, "{fewer:?} {all:?}");
        }
        let wider = bounds(&parts, 0.05, spending);
        prop_assert!(wider.iter().zip(&all).all(|(wider, bound)| wider < bound));
    }
}

/// A version that counts in finer buckets, or in other ones.
#[test]
fn bounds_that_one_histogram_has_are_merged() {
    let buckets =
        |counts: &[(f64, f64)]| counts.iter().map(|(le, count)| Bucket { le: *le, count: *count }).collect::<Vec<_>>();
    let coarse = buckets(&[(10.0, 40.0), (f64::INFINITY, 60.0)]);
    let fine = buckets(&[(1.0, 5.0), (2.0, 10.0), (5.0, 15.0), (10.0, 20.0), (20.0, 30.0), (f64::INFINITY, 20.0)]);
    let same = buckets(&[(10.0, 50.0), (f64::INFINITY, 50.0)]);
    assert_eq!(histogram::mann_whitney(&coarse, &fine), histogram::mann_whitney(&coarse, &same));
    assert_eq!(histogram::mann_whitney(&fine, &coarse), histogram::mann_whitney(&same, &coarse));
    let apart = buckets(&[(3.0, 50.0), (f64::INFINITY, 50.0)]);
    assert_eq!(histogram::mann_whitney(&coarse, &apart).p(), 1.0);
}

/// Where plain sums lose everything.
#[test]
fn moments_lose_nothing() {
    let moments = Moments::of([1.0, 1e100, 1.0, -1e100]);
    assert_eq!((moments.n, moments.sum), (4.0, 2.0));
    assert_eq!(Moments::of(std::iter::repeat_n(0.1, 1_000_000)).sum, 100_000.0);
}

#[test]
fn looks_that_have_no_bounds() {
    let looks = |count: usize| (1..=count).map(|look| look as f64 / count as f64).collect::<Vec<_>>();
    assert_eq!(bounds(&looks(LOOKS_MAX), 0.05, Spending::Pocock).len(), LOOKS_MAX);
    assert_eq!(bounds(&looks(LOOKS_MAX + 1), 0.05, Spending::Pocock), []);
    assert_eq!(bounds(&[0.5, 0.5 + STEP_MIN], 0.05, Spending::Pocock).len(), 2);
    assert_eq!(bounds(&[0.5, 0.5 + 0.9 * STEP_MIN], 0.05, Spending::Pocock), []);
    assert_eq!(bounds(&[0.0, 0.5], 0.05, Spending::Pocock), []);
    assert_eq!(bounds(&[0.5, 1.1], 0.05, Spending::Pocock), []);
    assert_eq!(bounds(&[], 0.05, Spending::Pocock), []);
}

#[test]
fn without_numbers_nothing_is_claimed() {
    let none = Share::default();
    assert_eq!(proportions::difference(none, none), Effect::UNKNOWN);
    assert_eq!(proportions::p(none, Share { x: 3.0, n: 10.0 }), 1.0);
    assert_eq!(means::welch(&Moments::default(), &Moments::of([1.0, 2.0])), Effect::UNKNOWN);
    assert_eq!(means::welch(&Moments::of([5.0; 9]), &Moments::of([5.0; 9])), Effect::UNKNOWN);
    assert_eq!(means::relative(&Moments::of([-1.0, -2.0]), &Moments::of([1.0, 2.0])), Effect::UNKNOWN);
    assert_eq!(Effect::UNKNOWN.interval(0.05), Interval::ALL);
    assert_eq!((Effect::UNKNOWN.p(), Effect::UNKNOWN.statistic()), (1.0, 0.0));
    assert_eq!(EProcess::new(0.1).ln_e(), 0.0);
    assert_eq!(MannWhitney::of(&[], &[]).p(), 1.0);
    assert_eq!(SequentialRatio::new(&[]).p(), 1.0);
    assert_eq!(design::effect([]), None);
    let few = [Part { x: design::EVENTS_MIN - 1.0, n: 100.0 }, Part { x: 0.0, n: 100.0 }];
    assert_eq!(design::effect([&few[..]]), None);
    let enough = [Part { x: design::EVENTS_MIN, n: 100.0 }, Part { x: 0.0, n: 100.0 }];
    assert!(design::effect([&enough[..]]).is_some());
}
