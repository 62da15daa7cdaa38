//! Planned looks: the bounds of a group sequential test, whose looks share out alpha.
//!
//! It sees more than what may be looked at always, if the number of units at the end is known before. Source: Lan and DeMets,
//! "Discrete sequential boundaries for clinical trials" (1983); values as those of the R package `ldbounds`.

use crate::distribution::{normal_above, normal_quantile_above};

/// How alpha is spent as information comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spending {
    /// Little at first, as O'Brien and Fleming: 2(1 - Φ(z_{α/2}/√t)).
    OBrienFleming,
    /// About evenly, as Pocock: α ln(1 + (e - 1)t).
    Pocock,
}

/// The most looks that bounds are computed for.
pub const LOOKS_MAX: usize = 100;
/// The least part of all information between two looks.
pub const STEP_MIN: f64 = 1e-3;
/// Standard deviations from which on nothing is left.
const FAR: f64 = 9.0;
/// Intervals of the grid on which the density of what goes on is followed: even, for Simpson's rule.
const INTERVALS: usize = 800;
/// Intervals for each standard deviation of the least step, for the digits that are promised.
const FINE: f64 = 16.0;

impl Spending {
    /// The alpha that is spent at a part of all information.
    fn spent(self, alpha: f64, part: f64) -> f64 {
        match self {
            Spending::OBrienFleming => 2.0 * normal_above(normal_quantile_above(0.5 * alpha) / part.sqrt()),
            Spending::Pocock => alpha * ((std::f64::consts::E - 1.0) * part).ln_1p(),
        }
    }
}

/// The bounds of a one-sided test at looks with these parts of all information, each above 0, rising by [`STEP_MIN`] and more, the last
/// at most 1: the effect is shown at the look whose statistic ([`crate::Effect::statistic`]) is at least its bound. Of a two-sided
/// test they are those of alpha/2. Empty where the parts are not so, or are more than [`LOOKS_MAX`].
///
/// Information is that of the comparison: with a share w of n units in the treatment it goes by w(1 - w)n. Looks need not be as
/// planned: the bounds of the first ones do not depend on the later. `alpha` is from 1e-12 to 1/2.
///
/// By Armitage, McPherson and Rowe's recursion over the density of the statistic among what has not crossed yet, to about 1e-7.
pub fn bounds(parts: &[f64], alpha: f64, spending: Spending) -> Vec<f64> {
    let steps = || parts.iter().scan(0.0, |before, part| Some(part - std::mem::replace(before, *part)));
    let are_good = parts.iter().all(|part| *part <= 1.0) && steps().skip(1).all(|step| step >= STEP_MIN);
    if !are_good || parts.len() > LOOKS_MAX || !parts.first().is_some_and(|first| *first > 0.0) || alpha.is_nan() {
        return Vec::new();
    }
    let alpha = alpha.clamp(1e-12, 0.5);
    let finest = steps().skip(1).fold(1.0, f64::min).sqrt();
    let mut spent = 0.0;
    let mut going_on: Option<Density> = None;
    let mut all = Vec::with_capacity(parts.len());
    for (part, step) in parts.iter().zip(steps()) {
        let total = spending.spent(alpha, *part).min(alpha);
        let now = (total - spent).max(0.0);
        let (root, step) = (part.sqrt(), step.sqrt());
        let bound = match &going_on {
            None => normal_quantile_above(now),
            Some(density) => density.bound(now, root, step),
        };
        going_on = Some(Density::next(going_on.as_ref(), bound * root, root, step, finest));
        all.push(bound);
        spent = total;
    }
    all
}

/// The density of the score (the statistic times the root of the information) where no bound was crossed.
struct Density {
    low: f64,
    width: f64,
    values: Vec<f64>,
}

impl Density {
    /// After a step of this standard deviation, below a bound of the score.
    fn next(before: Option<&Density>, bound: f64, root: f64, step: f64, finest: f64) -> Density {
        let low = -FAR * root;
        let high = bound.min(FAR * root).max(low);
        let half = (0.5 * FINE * (high - low) / finest).ceil() as usize;
        let intervals = INTERVALS.max(2 * half);
        let width = (high - low) / intervals as f64;
        let at = |i: usize| low + width * i as f64;
        let values = match before {
            None => (0..=intervals).map(|i| normal_density(at(i) / root) / root).collect(),
            Some(before) => {
                let from = |score: f64| before.mean(score, step, |s| normal_density((score - s) / step) / step);
                (0..=intervals).map(|i| from(at(i))).collect()
            }
        };
        Density { low, width, values }
    }

    /// The bound of the statistic that is crossed now with this chance.
    fn bound(&self, chance: f64, root: f64, step: f64) -> f64 {
        let crossed = |bound: f64| self.mean(f64::INFINITY, step, |s| normal_above((bound * root - s) / step));
        let (mut low, mut high) = (-FAR, 40.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if crossed(middle) > chance { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// The integral of a function over the density, by Simpson's rule; of one that is nothing but around a score, there alone.
    fn mean(&self, around: f64, step: f64, function: impl Fn(f64) -> f64) -> f64 {
        let last = self.values.len().saturating_sub(1);
        let place = |score: f64| if self.width > 0.0 { ((score - self.low) / self.width).max(0.0) as usize } else { 0 };
        let (from, to) = match around.is_finite() {
            true => (place(around - FAR * step), place(around + FAR * step).saturating_add(1).min(last)),
            false => (0, last),
        };
        let weigh = |i: usize| match i {
            0 => 1.0,
            i if i == last => 1.0,
            i if i % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let one = |(i, value): (usize, &f64)| weigh(i) * value * function(self.low + self.width * i as f64);
        let values = self.values.iter().enumerate().skip(from).take((to + 1).saturating_sub(from));
        values.map(one).sum::<f64>() * self.width / 3.0
    }
}

fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}
