//! Histograms as Prometheus has them: counts up to each bound.

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
        let count = (up_to - most).max(0.0);
        most = most.max(*up_to);
        Bucket { le: *le, count }
    };
    counts.iter().map(one).collect()
}

/// Values above a bound, and all: for a comparison of shares that is exact where `above` is a bound of the histogram; a bucket in
/// which it lies counts as above.
pub fn above(buckets: &[Bucket], above: f64) -> (f64, f64) {
    let sum = |all: &mut dyn Iterator<Item = &Bucket>| all.map(|bucket| bucket.count.max(0.0)).sum::<f64>();
    (sum(&mut buckets.iter().filter(|bucket| bucket.le > above)), sum(&mut buckets.iter()))
}

/// The quantile `q`, interpolated in its bucket, for display: as `histogram_quantile` of Prometheus, so of the last bucket it is the
/// bound before. None without values.
pub fn quantile(buckets: &[Bucket], q: f64) -> Option<f64> {
    let all: f64 = buckets.iter().map(|bucket| bucket.count.max(0.0)).sum();
    if all <= 0.0 {
        return None;
    }
    let rank = q.clamp(0.0, 1.0) * all;
    let (mut below, mut start) = (0.0, 0.0);
    for bucket in buckets {
        let count = bucket.count.max(0.0);
        if below + count >= rank && count > 0.0 {
            if bucket.le.is_infinite() {
                return Some(start);
            }
            // Below the first bound values are taken to begin at 0, unless the bound says otherwise.
            let start = if below == 0.0 && start == 0.0 && bucket.le <= 0.0 { bucket.le } else { start };
            return Some(start + (bucket.le - start) * ((rank - below) / count));
        }
        below += count;
        start = if bucket.le.is_infinite() { start } else { bucket.le };
    }
    Some(start)
}

/// The Mann-Whitney test of two histograms with the same bounds; what only one has drops out.
pub fn mann_whitney(control: &[Bucket], treatment: &[Bucket]) -> MannWhitney {
    MannWhitney::grouped(control.iter().zip(treatment).map(|(control, treatment)| (control.count, treatment.count)))
}
