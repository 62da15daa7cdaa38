//! Quantiles, such as the 99th percentile of latency, by order statistics: no shape is assumed.

use crate::Effect;
use crate::distribution::normal_quantile_above;

/// A quantile as two of the sorted values bound it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// The estimate, in the unit of the values.
    pub value: f64,
    /// The variance of the estimate, by the width of its interval; infinite where values are too few for one.
    pub variance: f64,
}

/// The places, from 0, of the sorted values between which the quantile `q` lies with the chance 1 - `alpha`: ν ± z√(ν(1-ν)/n).
/// None where there are too few values for one of them.
pub fn places(n: usize, q: f64, alpha: f64) -> Option<(usize, usize)> {
    let q = q.clamp(0.0, 1.0);
    let z = normal_quantile_above(0.5 * alpha.clamp(f64::MIN_POSITIVE, 1.0));
    let half = z * (q * (1.0 - q) / n as f64).sqrt();
    let (low, high) = (((q - half) * n as f64).floor(), ((q + half) * n as f64).ceil());
    (n > 0 && low >= 1.0 && high <= n as f64).then(|| (low as usize - 1, high as usize - 1))
}

/// The quantile `q`, from 0 to 1, of sorted values; none without values. The estimate is interpolated as numpy does (type 7).
pub fn of_sorted(values: &[f64], q: f64) -> Option<Quantile> {
    const ALPHA: f64 = 0.05;
    let last = values.len().checked_sub(1)?;
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (values.get(at.floor() as usize)?, values.get(at.ceil() as usize)?);
    let value = below + (above - below) * at.fract();
    let variance = match places(values.len(), q, ALPHA) {
        Some((low, high)) => of_interval(*values.get(low)?, *values.get(high)?, ALPHA),
        None => f64::INFINITY,
    };
    Some(Quantile { value, variance })
}

/// The variance of an estimate whose interval for 1 - `alpha` has these ends.
pub fn of_interval(low: f64, high: f64, alpha: f64) -> f64 {
    let z = normal_quantile_above(0.5 * alpha.clamp(f64::MIN_POSITIVE, 1.0));
    ((high - low) / (2.0 * z)).powi(2)
}

/// Whether the quantiles of two arms differ. Assumes that values are independent: one for each user.
pub fn difference(control: &Quantile, treatment: &Quantile) -> Effect {
    Effect::of(treatment.value - control.value, control.variance + treatment.variance, f64::INFINITY)
}
