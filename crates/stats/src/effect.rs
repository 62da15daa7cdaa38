//! What a comparison of two arms says: the effect, how sure it is, and how likely chance alone would do as much.

use crate::distribution::{normal_beyond, normal_quantile_above, t_beyond, t_quantile_beyond};

/// A difference of two arms, in the unit of what is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Treatment minus control; 0 where nothing can be compared.
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
    /// What is said where the numbers say nothing: p is 1, the interval has no ends.
    pub const UNKNOWN: Effect = Effect { difference: 0.0, standard_error: f64::INFINITY, df: f64::INFINITY };

    /// An effect by a difference, its variance and the degrees of freedom of that; unknown without a variance.
    pub(crate) fn of(difference: f64, variance: f64, df: f64) -> Effect {
        if difference.is_finite() && variance > 0.0 && variance.is_finite() && df > 0.0 {
            Effect { difference, standard_error: variance.sqrt(), df }
        } else {
            Effect::UNKNOWN
        }
    }

    /// An effect by a difference and the variances of two independent estimates from so many units each, with degrees of freedom
    /// by Welch and Satterthwaite.
    pub(crate) fn welch(difference: f64, (v1, n1): (f64, f64), (v2, n2): (f64, f64)) -> Effect {
        // By parts of the whole, which do not overflow where squares of variances would.
        let (part1, part2) = (v1 / (v1 + v2), v2 / (v1 + v2));
        let df = 1.0 / (part1 * part1 / (n1 - 1.0) + part2 * part2 / (n2 - 1.0));
        Effect::of(difference, v1 + v2, df)
    }

    /// The difference in standard errors; 0 where these are unknown.
    pub fn statistic(&self) -> f64 {
        let statistic = self.difference / self.standard_error;
        if statistic.is_nan() { 0.0 } else { statistic }
    }

    /// The chance of a difference as far from 0 in either direction, were there none: of Student's t, or a normal one. 1 where
    /// nothing is known.
    pub fn p(&self) -> f64 {
        let p =
            if self.df.is_infinite() { normal_beyond(self.statistic()) } else { t_beyond(self.statistic(), self.df) };
        if p.is_nan() { 1.0 } else { p }
    }

    /// The interval that holds the true difference in 1 - `alpha` of all experiments; without ends where nothing is known.
    ///
    /// At its ends [`Effect::p`] of what is left is `alpha`. One end alone is good for `alpha`/2: that treatment is not worse
    /// by a margin is shown at `alpha` where the interval for 2·`alpha` ends above -margin.
    pub fn interval(&self, alpha: f64) -> Interval {
        let alpha = alpha.clamp(f64::MIN_POSITIVE, 1.0);
        let away =
            if self.df.is_infinite() { normal_quantile_above(0.5 * alpha) } else { t_quantile_beyond(alpha, self.df) };
        Interval::around(self.difference, away * self.standard_error)
    }
}

impl Interval {
    /// The interval without ends.
    pub const ALL: Interval = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// The same distance to both sides; without ends where it is not known.
    pub(crate) fn around(middle: f64, half: f64) -> Interval {
        let half = half.abs();
        if (middle - half).is_nan() || (middle + half).is_nan() {
            return Interval::ALL;
        }
        Interval { low: middle - half, high: middle + half }
    }
}
