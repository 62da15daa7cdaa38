//! Ratios of two sums, such as orders a page view, where units are users: the delta method.

use crate::Effect;
use crate::means::{Moments, covariance};

/// Sums of two values over the units of an arm: a numerator and a denominator.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RatioMoments {
    /// Units.
    pub n: f64,
    /// Σm of numerators.
    pub numerator: f64,
    /// Σm².
    pub numerator_squares: f64,
    /// Σd of denominators.
    pub denominator: f64,
    /// Σd².
    pub denominator_squares: f64,
    /// Σmd.
    pub products: f64,
}

impl RatioMoments {
    /// Σm/Σd; 0 where the denominators are nothing.
    pub fn ratio(&self) -> f64 {
        if self.denominator == 0.0 { 0.0 } else { self.numerator / self.denominator }
    }

    /// The variance of the ratio for one unit, to be divided by the units: σ²_m/μ_D² + μ_M²σ²_d/μ_D⁴ - 2μ_M cov/μ_D³. 0 where
    /// there are fewer than two units or no denominators.
    pub fn variance(&self) -> f64 {
        if self.n < 2.0 || self.denominator == 0.0 {
            return 0.0;
        }
        let one = |sum, squares| Moments { n: self.n, sum, squares }.variance();
        let (m, d) = (one(self.numerator, self.numerator_squares), one(self.denominator, self.denominator_squares));
        let both = covariance(self.n, self.numerator, self.denominator, self.products);
        let (mean, ratio) = (self.denominator / self.n, self.ratio());
        ((m - 2.0 * ratio * both + ratio * ratio * d) / (mean * mean)).max(0.0)
    }
}

/// Whether the ratios of two arms differ.
///
/// Assumes that units, not requests, are independent, and mean denominators many standard errors from 0. Source: Deng, Knoblich
/// and Lu, "Applying the delta method in metric analytics" (2018).
pub fn difference(control: &RatioMoments, treatment: &RatioMoments) -> Effect {
    if control.n < 2.0 || treatment.n < 2.0 || control.denominator == 0.0 || treatment.denominator == 0.0 {
        return Effect::UNKNOWN;
    }
    let of_ratio = |one: &RatioMoments| (one.variance() / one.n, one.n);
    Effect::welch(treatment.ratio() - control.ratio(), of_ratio(control), of_ratio(treatment))
}

/// By what part of control's ratio treatment's differs. Unknown where control's is 0.
pub fn relative(control: &RatioMoments, treatment: &RatioMoments) -> Effect {
    let (r1, r2) = (control.ratio(), treatment.ratio());
    if control.n < 2.0 || treatment.n < 2.0 || r1 == 0.0 || treatment.denominator == 0.0 {
        return Effect::UNKNOWN;
    }
    let (v1, v2) = (control.variance() / control.n, treatment.variance() / treatment.n);
    let (square, ratio) = (r1 * r1, r2 / r1);
    let df = difference(control, treatment).df;
    Effect::of((r2 - r1) / r1, v2 / square + v1 * ratio * ratio / square, df)
}
