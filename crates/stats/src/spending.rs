//! Planned looks: the bounds of a group sequential test, whose looks share out alpha (Lan and DeMets, 1983).

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
/// Points of the grid on which the density of what goes on is followed: odd, for Simpson's rule.
const POINTS: usize = 801;
/// Standard deviations from which on nothing is left.
const FAR: f64 = 9.0;

impl Spending {
    /// The alpha that is spent at a part of all information.
    fn spent(self, alpha: f64, part: f64) -> f64 {
        match self {
            Spending::OBrienFleming => 2.0 * normal_above(normal_quantile_above(0.5 * alpha) / part.sqrt()),
            Spending::Pocock => alpha * ((std::f64::consts::E - 1.0) * part).ln_1p(),
        }
    }
}

/// The bounds of a one-sided test at looks with these parts of all information, each above 0, rising, the last at most 1: the effect
/// is shown at the look whose statistic is at least its bound. Of a two-sided test they are those of alpha/2. Empty where the
/// parts are not so, or are more than [`LOOKS_MAX`].
///
/// By Armitage, McPherson and Rowe's recursion over the density of the statistic among what has not crossed yet, to about 1e-7.
pub fn bounds(parts: &[f64], alpha: f64, spending: Spending) -> Vec<f64> {
    let rises = parts.windows(2).all(|pair| matches!(pair, [one, next] if one < next));
    let inside = parts.iter().all(|part| *part > 0.0 && *part <= 1.0);
    if !rises || !inside || parts.len() > LOOKS_MAX {
        return Vec::new();
    }
    let alpha = alpha.clamp(1e-12, 0.5);
    let (mut spent, mut before) = (0.0, 0.0);
    let mut going_on: Option<Density> = None;
    let mut all = Vec::with_capacity(parts.len());
    for part in parts {
        let total = spending.spent(alpha, *part).min(alpha);
        let now = (total - spent).max(0.0);
        let (root, step) = (part.sqrt(), (part - before).sqrt());
        let bound = match &going_on {
            None => normal_quantile_above(now),
            Some(density) => density.bound(now, root, step),
        };
        going_on = Some(Density::next(going_on.as_ref(), bound * root, root, step));
        all.push(bound);
        (spent, before) = (total, *part);
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
    fn next(before: Option<&Density>, bound: f64, root: f64, step: f64) -> Density {
        let low = -FAR * root;
        let high = bound.min(FAR * root).max(low);
        let width = (high - low) / (POINTS - 1) as f64;
        let at = |i: usize| low + width * i as f64;
        let values = match before {
            None => (0..POINTS).map(|i| normal_density(at(i) / root) / root).collect(),
            Some(before) => (0..POINTS).map(|i| before.mean(|s| normal_density((at(i) - s) / step) / step)).collect(),
        };
        Density { low, width, values }
    }

    /// The bound of the statistic that is crossed now with this chance.
    fn bound(&self, chance: f64, root: f64, step: f64) -> f64 {
        let crossed = |bound: f64| self.mean(|s| normal_above((bound * root - s) / step));
        let (mut low, mut high) = (-FAR, 40.0);
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if crossed(middle) > chance { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// The integral of a function over the density, by Simpson's rule.
    fn mean(&self, function: impl Fn(f64) -> f64) -> f64 {
        let last = self.values.len().saturating_sub(1);
        let weigh = |i: usize| match i {
            0 => 1.0,
            i if i == last => 1.0,
            i if i % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let one = |(i, value): (usize, &f64)| weigh(i) * value * function(self.low + self.width * i as f64);
        self.values.iter().enumerate().map(one).sum::<f64>() * self.width / 3.0
    }
}

fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}
