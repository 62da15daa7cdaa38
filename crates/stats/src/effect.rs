//! What a comparison of two arms says: the effect, how sure it is, and how likely chance alone would do as much.

use crate::distribution::{normal_beyond, normal_quantile_above, t_beyond, t_quantile_beyond};

/// A difference of two arms, in the unit of what is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Treatment minus control; 0 where one of them has no units.
    pub difference: f64,
    /// The standard error of the difference; infinite where nothing tells how large it is.
    pub standard_error: f64,
    /// Degrees of freedom of Student's t; infinite for a normal variable.
    pub df: f64,
}

/// All values between two ends, which are in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end; -∞ for none.
    pub low: f64,
    /// The upper end; +∞ for none.
    pub high: f64,
}

impl Effect {
    /// What is said where the numbers say nothing.
    pub const UNKNOWN: Effect = Effect { difference: 0.0, standard_error: f64::INFINITY, df: f64::INFINITY };

    /// An effect by a difference, its variance and the degrees of freedom of that; unknown without a variance.
    pub(crate) fn of(difference: f64, variance: f64, df: f64) -> Effect {
        if difference.is_finite() && variance > 0.0 && variance.is_finite() && df > 0.0 {
            Effect { difference, standard_error: variance.sqrt(), df }
        } else {
            Effect::UNKNOWN
        }
    }

    /// An effect by a difference and the variances of two independent estimates from so many units each, with degrees of freedom by
    /// Welch and Satterthwaite.
    pub(crate) fn welch(difference: f64, (v1, n1): (f64, f64), (v2, n2): (f64, f64)) -> Effect {
        // By parts of the whole, which do not overflow where squares of variances would.
        let (part1, part2) = (v1 / (v1 + v2), v2 / (v1 + v2));
        let df = 1.0 / (part1 * part1 / (n1 - 1.0) + part2 * part2 / (n2 - 1.0));
        Effect::of(difference, v1 + v2, df)
    }

    /// The difference in standard errors; 0 where these are unknown.
    pub fn statistic(&self) -> f64 {
        if self.standard_error.is_infinite() { 0.0 } else { self.difference / self.standard_error }
    }

    /// The chance of a difference as far from 0 in either direction, were there none.
    pub fn p(&self) -> f64 {
        if self.df.is_infinite() { normal_beyond(self.statistic()) } else { t_beyond(self.statistic(), self.df) }
    }

    /// The interval that holds the true difference in 1 - `alpha` of all experiments.
    pub fn interval(&self, alpha: f64) -> Interval {
        if self.standard_error.is_infinite() {
            return Interval::ALL;
        }
        let alpha = alpha.clamp(f64::MIN_POSITIVE, 1.0);
        let away =
            if self.df.is_infinite() { normal_quantile_above(0.5 * alpha) } else { t_quantile_beyond(alpha, self.df) };
        let half = away * self.standard_error;
        Interval { low: self.difference - half, high: self.difference + half }
    }
}

impl Interval {
    /// The interval without ends.
    pub const ALL: Interval = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };
}
