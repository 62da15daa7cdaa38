//! Quantiles, such as the 99th percentile of latency, by order statistics: no shape is assumed. Looked at once.
//!
//! Values are independent: one for each user, or few of each. Of values that are rounded, as to whole milliseconds, the interval
//! may have no width; nothing is claimed then, and shares above a bound ([`crate::proportions`]) are to be compared instead.

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

/// The places, from 0, of the sorted values between which the quantile `q` lies with the chance 1 - `alpha`: ν ± z√(ν(1-ν)/n),
/// outwards. None where there are too few values for one of them.
///
/// Source: Hollander and Wolfe, "Nonparametric statistical methods", 3.6; as in GrowthBook and Deng, Knoblich and Lu (2018).
pub fn places(n: usize, q: f64, alpha: f64) -> Option<(usize, usize)> {
    let (q, n) = (q.clamp(0.0, 1.0), n as f64);
    let half = normal_quantile_above(0.5 * alpha.clamp(f64::MIN_POSITIVE, 1.0)) * (q * (1.0 - q) / n).sqrt();
    let (low, high) = (((q - half) * n).floor(), ((q + half) * n).ceil());
    (low >= 1.0 && high <= n).then(|| (low as usize - 1, high as usize - 1))
}

/// The quantile `q`, from 0 to 1, of sorted values; none without values. The estimate is interpolated as numpy does (type 7).
pub fn of_sorted(values: &[f64], q: f64) -> Option<Quantile> {
    const ALPHA: f64 = 0.05;
    let last = values.len().checked_sub(1)?;
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (*values.get(at.floor() as usize)?, *values.get(at.ceil() as usize)?);
    // Between infinite values nothing is interpolated.
    let value = if (above - below).is_finite() { below + (above - below) * at.fract() } else { above };
    let variance = match places(values.len(), q, ALPHA) {
        Some((low, high)) => of_interval(*values.get(low)?, *values.get(high)?, ALPHA),
        None => f64::INFINITY,
    };
    Some(Quantile { value, variance })
}

/// The variance of an estimate whose normal interval for 1 - `alpha` has these ends; infinite where they do not tell it.
pub fn of_interval(low: f64, high: f64, alpha: f64) -> f64 {
    let z = normal_quantile_above(0.5 * alpha.clamp(f64::MIN_POSITIVE, 1.0));
    let variance = ((high - low) / (2.0 * z)).powi(2);
    if variance.is_nan() { f64::INFINITY } else { variance }
}

/// Whether the quantiles of two arms differ; unknown where the variance of one is, and where both are 0.
pub fn difference(control: &Quantile, treatment: &Quantile) -> Effect {
    Effect::of(treatment.value - control.value, control.variance + treatment.variance, f64::INFINITY)
}
