//! Before it starts: how many units it takes, what can be seen with these, and how likely. Formulas differ by a few percent from
//! each other, so each function says whose it is.
//!
//! `alpha` is of both sides, `power` is the chance to see the effect where there is one. Numbers of units are not rounded; an effect
//! of 0 takes infinitely many.

use crate::distribution::{normal_above, normal_quantile_above};
use crate::sequences::rho;

/// How sure an answer is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certainty {
    /// The chance of an effect where there is none, of both sides.
    pub alpha: f64,
    /// The chance of an effect where there is one.
    pub power: f64,
}

impl Default for Certainty {
    /// 5% and 80%.
    fn default() -> Certainty {
        Certainty { alpha: 0.05, power: 0.8 }
    }
}

impl Certainty {
    fn z_alpha(&self) -> f64 {
        normal_quantile_above(0.5 * self.alpha)
    }

    fn z_power(&self) -> f64 {
        normal_quantile_above(1.0 - self.power)
    }
}

/// Units of each of two equal arms for a share of `p` to become `p + delta`: Evan Miller's calculator, the null hypothesis with the
/// variance of `p` in both arms.
pub fn units_for_share(p: f64, delta: f64, certainty: Certainty) -> f64 {
    let q = p + delta;
    let none = (2.0 * spread(p)).sqrt();
    squared((certainty.z_alpha() * none + certainty.z_power() * (spread(p) + spread(q)).sqrt()) / delta)
}

/// The same with the pooled variance under the null hypothesis: Fleiss, Levin and Paik, without continuity correction.
pub fn units_for_share_pooled(p: f64, delta: f64, certainty: Certainty) -> f64 {
    let q = p + delta;
    let none = (2.0 * spread(0.5 * (p + q))).sqrt();
    squared((certainty.z_alpha() * none + certainty.z_power() * (spread(p) + spread(q)).sqrt()) / delta)
}

/// The same by Cohen's h, 2 asin √q - 2 asin √p: `NormalIndPower` of statsmodels but for the far tail.
pub fn units_for_share_arcsine(p: f64, delta: f64, certainty: Certainty) -> f64 {
    let angle = |p: f64| 2.0 * p.clamp(0.0, 1.0).sqrt().asin();
    2.0 * squared((certainty.z_alpha() + certainty.z_power()) / (angle(p + delta) - angle(p)))
}

/// Units of both arms together where the treatment has the part `part` of them, above 0 and below 1, for a share of `p` to become
/// `p + delta`; unpooled.
pub fn units_for_share_with_part(p: f64, delta: f64, part: f64, certainty: Certainty) -> f64 {
    if !(part > 0.0 && part < 1.0) {
        return f64::INFINITY;
    }
    let q = p + delta;
    let all = squared((certainty.z_alpha() + certainty.z_power()) / delta);
    units(all * (spread(p) / (1.0 - part) + spread(q) / part))
}

/// The least rise of a share `p` that is seen with so many units of both arms together: the inverse of [`units_for_share_with_part`].
/// Infinite where not even a share of 1 would be seen.
pub fn smallest_rise(p: f64, units: f64, part: f64, certainty: Certainty) -> f64 {
    let (mut low, mut high) = (0.0, 1.0 - p);
    if high <= 0.0 || units_for_share_with_part(p, high, part, certainty) > units {
        return f64::INFINITY;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if units_for_share_with_part(p, middle, part, certainty) > units { low = middle } else { high = middle }
    }
    high
}

/// Units of each of two equal arms for a mean to change by `delta`, with this standard deviation.
pub fn units_for_mean(deviation: f64, delta: f64, certainty: Certainty) -> f64 {
    2.0 * squared((certainty.z_alpha() + certainty.z_power()) * deviation / delta)
}

/// Units of each of two equal arms to show that a share of `p` falls by less than `margin`, where it does not fall at all; one-sided
/// at `alpha`.
pub fn units_not_inferior(p: f64, margin: f64, certainty: Certainty) -> f64 {
    2.0 * squared((normal_quantile_above(certainty.alpha) + certainty.z_power()) / margin) * spread(p)
}

/// Visitors of each of two arms until a sequential test shows that a share of `p` changes by the part `relative` of itself: as
/// Optimizely's calculator, inferred from what it published. `confidence` is 0.95 for 95%.
pub fn units_optimizely(p: f64, relative: f64, confidence: f64) -> f64 {
    let delta = p * relative;
    let both = spread(p) + spread(p + delta);
    units(2.0 * confidence * both * (both.sqrt() / delta).ln_1p() / (delta * delta))
}

/// The chance to see an effect of so many standard errors.
pub fn power(effect: f64, standard_error: f64, alpha: f64) -> f64 {
    beyond(effect, standard_error, normal_quantile_above(0.5 * alpha.clamp(f64::MIN_POSITIVE, 1.0)))
}

/// The same by a confidence sequence that is looked at last with `n` units of both arms; it could have been seen before, so this is
/// the least. `tuned_to` is that of [`crate::sequences::Sequence`].
pub fn power_sequential(effect: f64, standard_error: f64, alpha: f64, n: f64, tuned_to: f64) -> f64 {
    beyond(effect, standard_error, sequential_bound(alpha, n, tuned_to))
}

/// The least effect that is seen with this chance, by its standard error.
pub fn smallest_effect(standard_error: f64, certainty: Certainty) -> f64 {
    (certainty.z_alpha() + certainty.z_power()) * standard_error
}

/// The same by a confidence sequence.
pub fn smallest_effect_sequential(standard_error: f64, certainty: Certainty, n: f64, tuned_to: f64) -> f64 {
    (sequential_bound(certainty.alpha, n, tuned_to) + certainty.z_power()) * standard_error
}

/// Standard errors to which a confidence sequence reaches at so many units.
fn sequential_bound(alpha: f64, n: f64, tuned_to: f64) -> f64 {
    let scaled = n * rho(alpha, tuned_to).powi(2);
    if scaled <= 0.0 {
        return f64::INFINITY;
    }
    let more = scaled + 1.0;
    (2.0 * more / scaled * (more.sqrt() / alpha.clamp(f64::MIN_POSITIVE, 1.0)).ln()).sqrt()
}

fn beyond(effect: f64, standard_error: f64, bound: f64) -> f64 {
    if standard_error <= 0.0 {
        return if effect == 0.0 { 0.0 } else { 1.0 };
    }
    let away = effect / standard_error;
    let chance = normal_above(bound - away) + normal_above(bound + away);
    if chance.is_nan() { 0.0 } else { chance.min(1.0) }
}

/// p(1 - p); 0 for what is no share.
fn spread(p: f64) -> f64 {
    (p * (1.0 - p)).max(0.0)
}

fn squared(x: f64) -> f64 {
    units(x * x)
}

/// What cannot be said takes infinitely many.
fn units(count: f64) -> f64 {
    if count.is_nan() { f64::INFINITY } else { count }
}
