//! Before it starts: how many units it takes, what can be seen with these, and how likely.
//!
//! Effects are in the unit of what is compared. What it takes follows from the `variance` of the effect for one unit: that of an
//! effect from `units` units of both arms, times these ([`of_share`], [`of_mean`], [`of_relative_mean`]). Numbers of units are not
//! rounded; an effect of 0, and what cannot be said, takes infinitely many. Requests of the same users are multiplied by their
//! design effect.
//!
//! Calculators differ by a few percent from each other and from these, so those that are known have functions of their own.

use crate::distribution::{normal_above, normal_quantile_above};
use crate::sequences::reach;

/// How sure an answer is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certainty {
    /// The chance of an effect where there is none, of both sides.
    pub alpha: f64,
    /// The chance of an effect where there is one.
    pub power: f64,
}

/// How often it is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Looks {
    /// Once, at the end, by [`crate::Effect::interval`].
    Once,
    /// As often as one likes, by [`crate::sequences::Sequence`], tuned to so many units of both arms. Power is that of the last look
    /// alone: what it saw before comes on top.
    Always {
        /// Units of both arms.
        tuned_to: f64,
    },
}

impl Default for Certainty {
    /// 5% and 80%.
    fn default() -> Certainty {
        Certainty { alpha: 0.05, power: 0.8 }
    }
}

impl Certainty {
    fn z_power(&self) -> f64 {
        normal_quantile_above(1.0 - self.power)
    }
}

impl Looks {
    /// Standard errors from 0 at which an effect is seen.
    fn bound(&self, alpha: f64, units: f64) -> f64 {
        match self {
            Looks::Once => normal_quantile_above(0.5 * alpha.clamp(f64::MIN_POSITIVE, 1.0)),
            Looks::Always { tuned_to } => reach(alpha, units, *tuned_to),
        }
    }
}

/// The chance to see an effect with so many units of both arms.
pub fn power(effect: f64, variance: f64, units: f64, alpha: f64, looks: Looks) -> f64 {
    let away = effect / (variance / units).sqrt();
    let bound = looks.bound(alpha, units);
    let chance = normal_above(bound - away) + normal_above(bound + away);
    if chance.is_nan() { 0.0 } else { chance.min(1.0) }
}

/// Units of both arms that it takes to see an effect.
pub fn units(effect: f64, variance: f64, certainty: Certainty, looks: Looks) -> f64 {
    let needed = |units: f64| {
        let away = (looks.bound(certainty.alpha, units) + certainty.z_power()).max(0.0);
        known(variance * (away / effect).powi(2))
    };
    if looks == Looks::Once {
        return needed(1.0);
    }
    // The bound falls with the units, so that there is one number from which on they are enough.
    first_from(1.0, |units| needed(units) <= units)
}

/// The least effect that is seen with so many units of both arms; infinite without any.
pub fn smallest_effect(variance: f64, units: f64, certainty: Certainty, looks: Looks) -> f64 {
    let away = (looks.bound(certainty.alpha, units) + certainty.z_power()).max(0.0);
    known(away * (variance / units).sqrt())
}

/// The least rise of a share `p` that is seen with so many units of both arms, of which the treatment has the part `part`; infinite
/// where not even a rise to 1 would be.
pub fn smallest_rise(p: f64, part: f64, units: f64, certainty: Certainty, looks: Looks) -> f64 {
    let is_seen = |rise: f64| smallest_effect(of_share(p, p + rise, part), units, certainty, looks) <= rise;
    let most = 1.0 - p;
    if most > 0.0 && is_seen(most) { first_between(0.0, most, is_seen) } else { f64::INFINITY }
}

/// The least rise of a mean, as a part of itself, that is seen by [`crate::means::relative`]; infinite where none would be, as the
/// variance of a relative effect grows with it.
pub fn smallest_relative_rise(
    mean: f64,
    deviation: f64,
    part: f64,
    units: f64,
    certainty: Certainty,
    looks: Looks,
) -> f64 {
    let is_seen =
        |rise: f64| smallest_effect(of_relative_mean(mean, deviation, rise, part), units, certainty, looks) <= rise;
    first_from(0.0, is_seen)
}

/// The variance of the difference of two shares for one unit of both arms: unpooled, as [`crate::proportions::difference`].
/// `part` of the units are the treatment's, above 0 and below 1. Infinite for what are no shares.
pub fn of_share(control: f64, treatment: f64, part: f64) -> f64 {
    let spread = |p: f64| if (0.0..=1.0).contains(&p) { p * (1.0 - p) } else { f64::INFINITY };
    of_arms(spread(control), spread(treatment), part)
}

/// The same of two means with one standard deviation.
pub fn of_mean(deviation: f64, part: f64) -> f64 {
    of_arms(deviation * deviation, deviation * deviation, part)
}

/// The same of a mean that becomes 1 + `rise` times itself, as a part of control's.
pub fn of_relative_mean(mean: f64, deviation: f64, rise: f64, part: f64) -> f64 {
    let square = (deviation / mean).powi(2);
    if mean > 0.0 { of_arms(square * (1.0 + rise).powi(2), square, part) } else { f64::INFINITY }
}

/// Units of both arms to show that a share of `p` is not worse by `margin`, where it does not change at all: one-sided at
/// `alpha`, looked at once.
pub fn units_not_inferior(p: f64, margin: f64, part: f64, certainty: Certainty) -> f64 {
    let two_sided = Certainty { alpha: 2.0 * certainty.alpha, ..certainty };
    units(margin, of_share(p, p, part), two_sided, Looks::Once)
}

/// Evan Miller's calculator: units of each of two equal arms for a share of `p` to become `p + delta`; the null hypothesis has the
/// variance of `p` in both arms.
pub fn units_of_miller(p: f64, delta: f64, certainty: Certainty) -> f64 {
    units_by_null(p, p, delta, certainty)
}

/// Fleiss, Levin and Paik (2003), without continuity correction: the same with the pooled variance under the null hypothesis.
pub fn units_of_fleiss(p: f64, delta: f64, certainty: Certainty) -> f64 {
    units_by_null(p + 0.5 * delta, p, delta, certainty)
}

/// `NormalIndPower` of statsmodels: the same by Cohen's h, 2 asin √q - 2 asin √p.
pub fn units_by_arcsine(p: f64, delta: f64, certainty: Certainty) -> f64 {
    let angle = |p: f64| 2.0 * p.clamp(0.0, 1.0).sqrt().asin();
    0.5 * units(angle(p + delta) - angle(p), of_mean(1.0, 0.5), certainty, Looks::Once)
}

/// Optimizely's calculator, inferred from what it published: visitors of each of two arms until a sequential test shows that a
/// share of `p` changes by the part `relative` of itself. `confidence` is 0.95 for 95%.
pub fn units_of_optimizely(p: f64, relative: f64, confidence: f64) -> f64 {
    let delta = p * relative;
    let both = of_share(p, p + delta, 0.5) / 2.0;
    known(2.0 * confidence * both * (both.sqrt() / delta.abs()).ln_1p() / (delta * delta))
}

/// By the variance of a share of `null` in both arms under the null hypothesis.
fn units_by_null(null: f64, p: f64, delta: f64, certainty: Certainty) -> f64 {
    let none = Looks::Once.bound(certainty.alpha, 1.0) * of_share(null, null, 0.5).sqrt();
    let one = certainty.z_power() * of_share(p, p + delta, 0.5).sqrt();
    known(0.5 * ((none + one) / delta).powi(2))
}

fn of_arms(control: f64, treatment: f64, part: f64) -> f64 {
    let variance = control / (1.0 - part) + treatment / part;
    if part > 0.0 && part < 1.0 { known(variance) } else { f64::INFINITY }
}

/// The least number from `low` on at which something holds that goes on to hold; infinite for none.
fn first_from(low: f64, holds: impl Fn(f64) -> bool) -> f64 {
    if holds(low) {
        return low;
    }
    let (mut low, mut high) = (low, 2.0 * low.max(0.5));
    while !holds(high) {
        (low, high) = (high, 2.0 * high);
        if high.is_infinite() {
            return high;
        }
    }
    first_between(low, high, holds)
}

/// The least number above `low`, where it does not hold, up to `high`, where it holds.
fn first_between(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}

/// What cannot be said is infinite.
fn known(value: f64) -> f64 {
    if value.is_nan() { f64::INFINITY } else { value }
}
