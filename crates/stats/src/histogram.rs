//! Histograms as Prometheus has them: counts up to each bound.

use crate::count::counted;
use crate::proportions::Share;
use crate::rank::MannWhitney;

/// A bucket: its upper bound, in the unit of the values, and how many values of an arm are above the bound before and at most
/// this one. The last bound is +∞.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// The upper bound.
    pub le: f64,
    /// Values.
    pub count: f64,
}

/// Buckets of cumulative counts, by rising bounds. A count that falls counts as none more.
pub fn of_cumulative(counts: &[(f64, f64)]) -> Vec<Bucket> {
    let mut most = 0.0_f64;
    let one = |(le, up_to): &(f64, f64)| {
        let (before, up_to) = (most, counted(*up_to));
        most = most.max(up_to);
        Bucket { le: *le, count: (up_to - before).max(0.0) }
    };
    counts.iter().map(one).collect()
}

/// The share of values above a bound, to be compared as [`crate::proportions`] does: exact where `bound` is one of the histogram;
/// of a bucket in which it lies all values count as above.
pub fn above(buckets: &[Bucket], bound: f64) -> Share {
    let sum = |is_in: &dyn Fn(&Bucket) -> bool| {
        buckets.iter().filter(|bucket| is_in(bucket)).map(|bucket| counted(bucket.count)).sum::<f64>()
    };
    Share { x: sum(&|bucket| bucket.le > bound), n: sum(&|_| true) }
}

/// The quantile `q`, from 0 to 1, interpolated in its bucket: for display, as it is no better than the bucket is wide. As
/// `histogram_quantile` of Prometheus: the first bucket begins at 0, or has all its values at its bound where that is not above 0;
/// of the last it is the bound before. None without values or finite bounds.
pub fn quantile(buckets: &[Bucket], q: f64) -> Option<f64> {
    let all: f64 = buckets.iter().map(|bucket| counted(bucket.count)).sum();
    let rank = q.clamp(0.0, 1.0) * all;
    let (mut below, mut start) = (0.0, None);
    for bucket in buckets.iter().filter(|bucket| bucket.le.is_finite()) {
        let count = counted(bucket.count);
        if below + count >= rank && count > 0.0 {
            let start = start.unwrap_or(bucket.le.min(0.0));
            let part = (rank - below) / count;
            return Some(start * (1.0 - part) + bucket.le * part);
        }
        below += count;
        start = Some(bucket.le);
    }
    // Among the values that are only known to be above all bounds.
    start.filter(|_| all > 0.0)
}

/// The Mann-Whitney test of two histograms, by rising bounds. Values between two bounds that both have are taken for equal, so
/// that a version which came with other buckets can be compared too.
pub fn mann_whitney(control: &[Bucket], treatment: &[Bucket]) -> MannWhitney {
    let mut treatment = treatment.iter().peekable();
    let mut groups = Vec::with_capacity(control.len() + 1);
    let (mut in_control, mut in_treatment) = (0.0, 0.0);
    for bucket in control {
        in_control += counted(bucket.count);
        while let Some(lower) = treatment.next_if(|other| other.le < bucket.le) {
            in_treatment += counted(lower.count);
        }
        if let Some(same) = treatment.next_if(|other| other.le == bucket.le) {
            groups.push((in_control, in_treatment + counted(same.count)));
            (in_control, in_treatment) = (0.0, 0.0);
        }
    }
    in_treatment += treatment.map(|bucket| counted(bucket.count)).sum::<f64>();
    groups.push((in_control, in_treatment));
    MannWhitney::grouped(groups)
}
