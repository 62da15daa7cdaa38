//! Every public function with numbers at which things go wrong: none panics, no NaN comes out that did not go in, and none at all
//! of effects, intervals, p- and e-values.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use weir_stats::counts::{EProcess, Poll, RATIOS, closed_form_ln_e, dependent, independent};
use weir_stats::cuped::{self, PairedMoments, PairedRatioMoments};
use weir_stats::design::{self, Part};
use weir_stats::distribution::*;
use weir_stats::histogram::{self, Bucket};
use weir_stats::means::{self, Moments};
use weir_stats::multiplicity::{benjamini_hochberg, holm};
use weir_stats::power::*;
use weir_stats::proportions::{self, Share};
use weir_stats::quantiles::{self, Quantile};
use weir_stats::rank::{MannWhitney, hodges_lehmann};
use weir_stats::ratios::{self, RatioMoments};
use weir_stats::sample_ratio::{SequentialRatio, chi_squared, contingency, units_to_see};
use weir_stats::sequences::{Sequence, msprt_ln, reach, rho};
use weir_stats::spending::{Spending, bounds};
use weir_stats::strata::{self, MantelHaenszel};
use weir_stats::{Effect, Interval};

const NUMBERS: usize = 14;

/// As they come, and at every extreme; NaN apart.
fn number() -> impl Strategy<Value = f64> {
    let extremes = [0.0, -0.0, 1.0, 2.0, 0.5, 1e-300, 5e-324, 1e15, 1e16, 1e150, 1e300, f64::MAX, f64::INFINITY];
    prop_oneof![
        3 => 0.0..1e6,
        2 => 0.0..1.0,
        2 => (0u32..100).prop_map(f64::from),
        3 => prop::sample::select(extremes.to_vec()),
        2 => prop::sample::select(extremes.map(|extreme| -extreme).to_vec()),
        1 => -1e3..0.0,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn no_nan_comes_out(numbers in prop::array::uniform14(number())) {
        Judge { is_nan_in: false }.all(&numbers);
    }

    #[test]
    fn nan_claims_nothing(numbers in prop::array::uniform14(number()), places in prop::collection::vec(0..NUMBERS, 1..4)) {
        let mut numbers = numbers;
        places.into_iter().for_each(|place| numbers[place] = f64::NAN);
        Judge { is_nan_in: true }.all(&numbers);
    }
}

/// Equal numbers make what cancels.
#[test]
fn nor_of_equal_numbers() {
    for number in
        [0.0, 1.0, 2.0, 1e15, 1e300, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::INFINITY, -1.0, f64::NEG_INFINITY]
    {
        Judge { is_nan_in: false }.all(&[number; NUMBERS]);
    }
}

#[test]
fn no_public_function_is_left_out() {
    let judged = include_str!("total.rs");
    let mut count = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            for line in fs::read_to_string(&path).unwrap().lines() {
                let Some(function) = line.trim_start().strip_prefix("pub fn ") else { continue };
                let name = function.split(['(', '<']).next().unwrap();
                assert!(judged.contains(&format!("{name}(")), "{}: {name} is not tried here", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 60, "{count}");
}

struct Judge {
    is_nan_in: bool,
}

impl Judge {
    #[track_caller]
    fn number(&self, found: f64) {
        assert!(self.is_nan_in || !found.is_nan());
    }

    #[track_caller]
    fn chance(&self, p: f64) {
        assert!((0.0..=1.0).contains(&p), "{p} is no chance");
    }

    #[track_caller]
    fn interval(&self, Interval { low, high }: Interval) {
        assert!(low <= high, "{low} to {high}");
    }

    #[track_caller]
    fn evidence(&self, ln_e: f64) {
        assert!(!ln_e.is_nan());
    }

    #[track_caller]
    fn effect(&self, effect: Effect, alpha: f64) {
        for one in [effect.difference, effect.standard_error, effect.statistic()] {
            assert!(!one.is_nan(), "{effect:?}");
        }
        self.chance(effect.p());
        if !alpha.is_nan() {
            self.interval(effect.interval(alpha));
        }
    }

    fn all(&self, numbers: &[f64; NUMBERS]) {
        self.distributions(numbers);
        self.means(numbers);
        self.shares(numbers);
        self.counts(numbers);
        self.values(numbers);
        self.sequences(numbers);
        self.sizes(numbers);
    }

    fn distributions(&self, &[a, b, c, d, ..]: &[f64; NUMBERS]) {
        for found in [
            normal_above(a),
            normal_beyond(a),
            normal_quantile_above(a),
            t_beyond(a, b),
            t_quantile_beyond(a, b),
            chi_squared_above(a, b),
            beta_below(a, b, c),
            ln_beta(c, d),
        ] {
            self.number(found);
        }
        let chances = [normal_above(a), normal_beyond(a), t_beyond(a, b), chi_squared_above(a, b), beta_below(a, b, c)];
        chances.into_iter().filter(|p| !p.is_nan()).for_each(|p| self.chance(p));
    }

    fn means(&self, &[a, b, c, d, e, f, g, h, i, j, k, l, alpha, m]: &[f64; NUMBERS]) {
        let (one, other) = (Moments { n: a, sum: b, squares: c }, Moments { n: d, sum: e, squares: f });
        self.number(one.mean());
        self.number(one.variance());
        self.effect(means::welch(&one, &other), alpha);
        self.effect(means::relative(&one, &other), alpha);
        self.effect(means::welch(&Moments::of([a, b, c]), &Moments::of([d, e, f, g])), alpha);
        let ratio = |n, numerator, numerator_squares, denominator, denominator_squares, products| RatioMoments {
            n,
            numerator,
            numerator_squares,
            denominator,
            denominator_squares,
            products,
        };
        let (one, other) = (ratio(a, b, c, d, e, f), ratio(g, h, i, j, k, l));
        self.number(one.ratio());
        self.number(one.variance());
        self.effect(ratios::difference(&one, &other), alpha);
        self.effect(ratios::relative(&one, &other), alpha);
        let paired = |n, sum, squares, before, before_squares, products| PairedMoments {
            n,
            sum,
            squares,
            before,
            before_squares,
            products,
        };
        let (one, other) = (paired(a, b, c, d, e, f), paired(g, h, i, j, k, l));
        self.number(cuped::theta(&one, &other));
        self.effect(cuped::difference(&one, &other), alpha);
        self.effect(cuped::relative(&one, &other), alpha);
        let paired = |now, before| PairedRatioMoments {
            now,
            before,
            numerators: a,
            numerator_denominator: d,
            denominator_numerator: g,
            denominators: j,
        };
        let (one, other) = (ratio(a, b, c, d, e, f), ratio(g, h, i, j, k, l));
        let (one, other) = (paired(one, other), paired(other, one));
        self.number(cuped::theta_of_ratios(&one, &other));
        self.effect(cuped::difference_of_ratios(&one, &other), alpha);
        self.effect(cuped::relative_of_ratios(&one, &other), alpha);
        let (one, other) = (Quantile { value: a, variance: b }, Quantile { value: c, variance: d });
        self.effect(quantiles::difference(&one, &other), alpha);
        self.number(quantiles::of_interval(a, b, m));
        // What anybody may put together.
        let any = Effect { difference: a, standard_error: b, df: c };
        self.evidence(any.statistic());
        self.chance(any.p());
        self.interval(any.interval(alpha.min(1.0)));
        self.effect(strata::together(&[any, Effect { difference: d, standard_error: e, df: f }]), alpha);
    }

    fn shares(&self, &[a, b, c, d, e, f, g, h, alpha, ..]: &[f64; NUMBERS]) {
        let (one, other) = (Share { x: a, n: b }, Share { x: c, n: d });
        self.number(one.rate());
        self.effect(proportions::difference(one, other), alpha);
        self.effect(proportions::score(one, other), alpha);
        self.effect(proportions::relative(one, other), alpha);
        self.chance(proportions::p(one, other));
        self.chance(proportions::conditional_p(one, other));
        self.interval(proportions::newcombe(one, other, alpha));
        self.interval(proportions::wilson(one, alpha));
        let strata = [(one, other), (Share { x: e, n: f }, Share { x: g, n: h })];
        self.effect(strata::difference(&strata), alpha);
        let test = MantelHaenszel::of(&strata);
        self.chance(test.p());
        self.number(test.chi_squared);
        self.number(test.rate_ratio);
    }

    fn counts(&self, &[a, b, c, d, e, f, g, h, ..]: &[f64; NUMBERS]) {
        let mut process = EProcess::new(a);
        process.add(&Poll { treatment_events: b, control_events: c, treatment: d, control: e });
        process.add(&Poll { treatment_events: c, control_events: d, treatment: e, control: b });
        self.evidence(process.ln_e());
        self.evidence(process.ln_e_with(f));
        let again = EProcess::resumed(a, *process.ln_ratios());
        assert_eq!(again, process);
        self.evidence(EProcess::resumed(a, [b; RATIOS]).ln_e());
        self.evidence(independent([a, b, c]));
        self.evidence(dependent(&[a, b, c]));
        self.evidence(closed_form_ln_e(a, b, c, d));
        let (one, other) = ([Part { x: a, n: b }, Part { x: c, n: d }], [Part { x: e, n: f }, Part { x: g, n: h }]);
        let effect = design::effect([&one[..], &other[..]]);
        assert!(effect.is_none_or(|effect| (1.0..f64::INFINITY).contains(&effect)), "{effect:?}");
        let test = chi_squared(&[(a, b), (c, d)]);
        self.chance(test.p());
        self.chance(test.and(&contingency(&[vec![a, b, c], vec![d, e]])).p());
        let mut ratio = SequentialRatio::new(&[a, b]);
        ratio.add(&[c, d]);
        ratio.add(&[e, f]);
        self.evidence(ratio.ln_e());
        self.chance(ratio.p());
        let again = SequentialRatio::resumed(&[a, b], ratio.units(), ratio.ln_e_max());
        self.evidence(again.ln_e_max());
        self.chance(SequentialRatio::resumed(&[a, b], &[c], d).p());
        self.number(units_to_see(a, b, c));
    }

    fn values(&self, numbers: &[f64; NUMBERS]) {
        let (one, other) = numbers.split_at(5);
        for test in [MannWhitney::of(one, other), MannWhitney::grouped(one.iter().copied().zip(other.iter().copied()))]
        {
            self.chance(test.p());
            self.chance(test.p_greater());
            self.chance(test.greater());
            self.chance(test.exact_p().unwrap_or(1.0));
        }
        if let Some(shift) = hodges_lehmann(one, other, 0.05) {
            assert!(shift.estimate.is_finite());
            self.interval(shift.interval);
        }
        let mut sorted = other.to_vec();
        sorted.sort_by(f64::total_cmp);
        let q = numbers[0];
        let quantile = quantiles::of_sorted(&sorted, q).map(|found| (found.value, found.variance));
        let (value, variance) = quantile.unwrap_or_default();
        self.number(value);
        self.number(variance);
        assert!(
            quantiles::places(sorted.len(), q, numbers[1]).is_none_or(|(low, high)| low <= high && high < sorted.len())
        );
        for p in holm(numbers).into_iter().chain(benjamini_hochberg(numbers)) {
            self.chance(p);
        }
        let buckets: Vec<Bucket> = one.iter().zip(other).map(|(le, count)| Bucket { le: *le, count: *count }).collect();
        let cumulative = histogram::of_cumulative(&one.iter().copied().zip(other.iter().copied()).collect::<Vec<_>>());
        for histogram in [&buckets, &cumulative] {
            self.number(histogram::quantile(histogram, q).unwrap_or_default());
            self.number(histogram::above(histogram, q).rate());
        }
        self.chance(histogram::mann_whitney(&buckets, &cumulative).p());
    }

    fn sequences(&self, &[a, b, c, d, e, alpha, ..]: &[f64; NUMBERS]) {
        let effect = Effect { difference: a, standard_error: b, df: c };
        let sequence = Sequence { effect, n: d, tuned_to: e };
        self.interval(sequence.interval(alpha));
        self.evidence(sequence.at_least(alpha));
        self.evidence(sequence.at_most(alpha));
        self.chance(sequence.p(alpha));
        self.number(rho(alpha, e));
        self.number(reach(alpha, d, e));
        self.evidence(msprt_ln(a, b, c, d));
        for spending in [Spending::OBrienFleming, Spending::Pocock] {
            bounds(&[a, b, c], alpha, spending).into_iter().for_each(|bound| self.number(bound));
            bounds(&[a], alpha, spending).into_iter().for_each(|bound| self.number(bound));
        }
    }

    fn sizes(&self, &[a, b, c, d, e, alpha, level, tuned_to, ..]: &[f64; NUMBERS]) {
        let certainty = Certainty { alpha, power: level };
        for looks in [Looks::Once, Looks::Always { tuned_to }] {
            let chance = power(a, b, c, alpha, looks);
            self.chance(chance);
            for found in [
                units(a, b, certainty, looks),
                smallest_effect(a, b, certainty, looks),
                smallest_rise(a, b, c, certainty, looks),
                smallest_relative_rise(a, b, c, d, certainty, looks),
            ] {
                self.number(found);
            }
        }
        for found in [
            of_share(a, b, c),
            of_mean(a, b),
            of_relative_mean(a, b, c, d),
            units_not_inferior(a, b, c, certainty),
            units_of_miller(a, b, certainty),
            units_of_fleiss(a, b, certainty),
            units_by_arcsine(a, b, certainty),
            units_of_optimizely(a, b, e),
        ] {
            self.number(found);
        }
    }
}
