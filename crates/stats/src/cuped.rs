//! CUPED: what was known of units before takes its part out of the variance. Looked at once.
//!
//! The covariate is from before the first exposure, so that no treatment moves it; units without one have the same value, such as
//! 0. Else as [`crate::means`]. Source: Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online controlled experiments by
//! utilizing pre-experiment data" (2013).

use crate::Effect;
use crate::means::{Moments, covariance, no_less_than_none};

/// Sums of a value and of a covariate, the same unit's before the experiment, over the units of an arm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairedMoments {
    /// Units.
    pub n: f64,
    /// Σy of values.
    pub sum: f64,
    /// Σy².
    pub squares: f64,
    /// Σx of covariates.
    pub before: f64,
    /// Σx².
    pub before_squares: f64,
    /// Σxy.
    pub products: f64,
}

impl PairedMoments {
    fn value(&self) -> Moments {
        Moments { n: self.n, sum: self.sum, squares: self.squares }
    }

    fn covariate(&self) -> Moments {
        Moments { n: self.n, sum: self.before, squares: self.before_squares }
    }

    fn covariance(&self) -> f64 {
        covariance(self.n, self.before, self.sum, self.products)
    }
}

/// θ = cov(y, x) / var(x) of the units of both arms as one sample; 0, which changes nothing, where the covariate does not vary.
pub fn theta(control: &PairedMoments, treatment: &PairedMoments) -> f64 {
    let both = PairedMoments {
        n: control.n + treatment.n,
        sum: control.sum + treatment.sum,
        squares: control.squares + treatment.squares,
        before: control.before + treatment.before,
        before_squares: control.before_squares + treatment.before_squares,
        products: control.products + treatment.products,
    };
    let theta = both.covariance() / both.covariate().variance();
    if theta.is_finite() { theta } else { 0.0 }
}

/// Whether the means of two arms differ, of y - θ(x - x̄): [`crate::means::welch`] with the variance var(y) + θ²var(x) - 2θcov.
/// Unknown with fewer than two units in an arm, and where nothing is left that varies.
pub fn difference(control: &PairedMoments, treatment: &PairedMoments) -> Effect {
    if !(control.n >= 2.0 && treatment.n >= 2.0) {
        return Effect::UNKNOWN;
    }
    let theta = theta(control, treatment);
    let mean = |one: &PairedMoments| one.value().mean() - theta * one.covariate().mean();
    let variance = |one: &PairedMoments| {
        let rest = one.value().variance() + theta * theta * one.covariate().variance() - 2.0 * theta * one.covariance();
        (no_less_than_none(rest) / one.n, one.n)
    };
    Effect::welch(mean(treatment) - mean(control), variance(control), variance(treatment))
}
