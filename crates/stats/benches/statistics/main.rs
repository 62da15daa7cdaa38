//! What each statistic costs, from sums to the number that is looked at.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use weir_stats::counts::{EProcess, Poll, closed_form_ln_e};
use weir_stats::cuped::{self, PairedMoments};
use weir_stats::design::{self, Part};
use weir_stats::histogram::{self, Bucket};
use weir_stats::means::{self, Moments};
use weir_stats::multiplicity::{benjamini_hochberg, holm};
use weir_stats::power::{Certainty, Looks, of_share, power, smallest_rise, units};
use weir_stats::proportions::{self, Share};
use weir_stats::quantiles;
use weir_stats::rank::{MannWhitney, hodges_lehmann};
use weir_stats::ratios::{self, RatioMoments};
use weir_stats::sample_ratio::{SequentialRatio, chi_squared, contingency};
use weir_stats::sequences::{Sequence, msprt_ln};
use weir_stats::spending::{Spending, bounds};
use weir_stats::strata::{self, MantelHaenszel};

criterion_group!(benches, ranks, shares, sums, looked_at_always, strata, plans);
criterion_main!(benches);

/// Measures an answer to a question that the compiler does not know.
fn measure<Q, A>(group: &mut BenchmarkGroup<WallTime>, name: &str, question: Q, answer: impl Fn(&Q) -> A) {
    group.bench_function(name, |bencher| bencher.iter(|| answer(black_box(&question))));
}

/// Values without order, the second arm's a little higher.
fn values(count: u32, shift: f64) -> Vec<f64> {
    (0..count).map(|one| f64::from(one * 7919 % 1009) + shift).collect()
}

const BUCKETS: [(f64, f64, f64); 11] = [
    (5.0, 120.0, 110.0),
    (10.0, 900.0, 840.0),
    (25.0, 2500.0, 2350.0),
    (50.0, 3100.0, 3050.0),
    (100.0, 1900.0, 1990.0),
    (250.0, 1100.0, 1210.0),
    (500.0, 300.0, 350.0),
    (1000.0, 70.0, 85.0),
    (2500.0, 10.0, 15.0),
    (5000.0, 2.0, 1.0),
    (f64::INFINITY, 1.0, 2.0),
];

fn ranks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ranks");
    for count in [20, 100, 10_000] {
        let arms = (values(count, 0.0), values(count, 0.5));
        measure(&mut group, &format!("Mann-Whitney, {count} values an arm"), arms, |(one, other)| {
            MannWhitney::of(one, other).p()
        });
    }
    let arms = (values(20, 0.0), values(20, 0.5));
    measure(&mut group, "exact, 20 values an arm", arms, |(one, other)| MannWhitney::of(one, other).exact_p());
    let arms = (values(100, 0.0), values(100, 0.5));
    measure(&mut group, "Hodges-Lehmann, 100 values an arm", arms, |(one, other)| hodges_lehmann(one, other, 0.05));
    let histogram = |of: fn(&(f64, f64, f64)) -> f64| {
        BUCKETS.iter().map(|bucket| Bucket { le: bucket.0, count: of(bucket) }).collect::<Vec<_>>()
    };
    let arms = (histogram(|bucket| bucket.1), histogram(|bucket| bucket.2));
    measure(&mut group, "Mann-Whitney, 11 buckets", arms.clone(), |(one, other)| {
        histogram::mann_whitney(one, other).p()
    });
    measure(&mut group, "quantile of 11 buckets", arms, |(one, _)| histogram::quantile(one, 0.99));
    let mut sorted = values(10_000, 0.0);
    sorted.sort_by(f64::total_cmp);
    measure(&mut group, "quantile of 10,000 sorted values", sorted, |sorted| quantiles::of_sorted(sorted, 0.99));
}

const SHARES: (Share, Share) = (Share { x: 1000.0, n: 10_000.0 }, Share { x: 1100.0, n: 10_000.0 });
const RARE: (Share, Share) = (Share { x: 4.0, n: 10_000.0 }, Share { x: 11.0, n: 10_000.0 });

fn shares(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("shares");
    measure(&mut group, "two shares", SHARES, |(one, other)| proportions::p(*one, *other));
    measure(&mut group, "two shares of few events", RARE, |(one, other)| proportions::p(*one, *other));
    measure(&mut group, "Newcombe's interval", SHARES, |(one, other)| proportions::newcombe(*one, *other, 0.05));
    measure(&mut group, "chi-squared", [(1000.0, 1.0), (1100.0, 1.0)], |arms| chi_squared(arms).p());
    let rows = [vec![520.0, 480.0, 300.0], vec![505.0, 510.0, 260.0]];
    measure(&mut group, "contingency, 2 by 3", rows, |rows| contingency(rows).p());
    let parts = |x: f64| (0..16).map(|part| Part { x: x + f64::from(part % 5), n: 1000.0 }).collect::<Vec<_>>();
    measure(&mut group, "design effect of 2 by 16 parts", [parts(5.0), parts(6.0)], |arms| {
        design::effect(arms.iter().map(Vec::as_slice))
    });
}

fn sums(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sums");
    let arms = (
        Moments { n: 3407.0, sum: 1396.87, squares: 52377.9767 },
        Moments { n: 3461.0, sum: 2422.7, squares: 134698.29 },
    );
    measure(&mut group, "Welch, p", arms, |(one, other)| means::welch(one, other).p());
    measure(&mut group, "Welch, interval", arms, |(one, other)| means::welch(one, other).interval(0.05));
    let ratio = |n, numerator, products| RatioMoments {
        n,
        numerator,
        numerator_squares: 800.0,
        denominator: 5000.0,
        denominator_squares: 40_000.0,
        products,
    };
    let arms = (ratio(1000.0, 300.0, 3100.0), ratio(1020.0, 350.0, 3500.0));
    measure(&mut group, "ratio, p", arms, |(one, other)| ratios::difference(one, other).p());
    let paired = |sum, squares, products| PairedMoments {
        n: 1000.0,
        sum,
        squares,
        before: 9900.0,
        before_squares: 107_010.0,
        products,
    };
    let arms = (paired(10_000.0, 109_000.0, 105_000.0), paired(10_300.0, 115_090.0, 109_715.0));
    measure(&mut group, "CUPED, p", arms, |(one, other)| cuped::difference(one, other).p());
    let ps = [0.01, 0.04, 0.03, 0.005, 0.2, 0.6, 0.02, 0.9, 0.5, 0.3];
    measure(&mut group, "Holm, 10 p-values", ps, |ps| holm(ps));
    measure(&mut group, "Benjamini-Hochberg, 10 p-values", ps, |ps| benjamini_hochberg(ps));
}

fn looked_at_always(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("looked at always");
    let poll = Poll { treatment_events: 40.0, control_events: 400.0, treatment: 5000.0, control: 95_000.0 };
    measure(&mut group, "e-process, a poll and its e", (EProcess::new(0.2), poll), |(process, poll)| {
        let mut process = *process;
        process.add(poll);
        process.ln_e()
    });
    measure(&mut group, "closed form", (40.0, 400.0), |(x, y)| closed_form_ln_e(*x, *y, 0.05, 100.0));
    let effect = proportions::difference(SHARES.0, SHARES.1);
    let sequence = Sequence { effect, n: 20_000.0, tuned_to: 5000.0 };
    measure(&mut group, "confidence sequence", sequence, |sequence| sequence.interval(0.05));
    measure(&mut group, "mSPRT", (0.1, 2.0), |(difference, variance)| msprt_ln(*difference, *variance, 1000.0, 0.01));
    measure(&mut group, "sample ratio, a poll", [1000.0, 1100.0], |units| {
        let mut ratio = SequentialRatio::new(&[0.5, 0.5]);
        ratio.add(units);
        ratio.p()
    });
}

fn strata(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("4 strata");
    measure(&mut group, "Mantel-Haenszel", [SHARES; 4], |strata| MantelHaenszel::of(strata).p());
    measure(&mut group, "inverse variance", [SHARES; 4], |strata| strata::difference(strata).p());
}

fn plans(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plans");
    let sure = Certainty::default();
    let always = Looks::Always { tuned_to: 5000.0 };
    let variance = of_share(0.05, 0.055, 0.2);
    measure(&mut group, "power", variance, |variance| power(0.005, *variance, 1e5, 0.05, Looks::Once));
    measure(&mut group, "units", variance, |variance| units(0.005, *variance, sure, Looks::Once));
    measure(&mut group, "units, looked at always", variance, |variance| units(0.005, *variance, sure, always));
    measure(&mut group, "smallest rise", 0.05, |p| smallest_rise(*p, 0.2, 1e5, sure, Looks::Once));
    for count in [4, 100] {
        let looks: Vec<f64> = (1..=count).map(|look| f64::from(look) / f64::from(count)).collect();
        measure(&mut group, &format!("bounds of {count} looks"), looks, |looks| {
            bounds(looks, 0.01, Spending::OBrienFleming)
        });
    }
}
