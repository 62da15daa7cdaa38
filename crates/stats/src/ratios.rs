//! Ratios of two sums, such as orders a page view or errors a request, where units are users: the delta method. Looked at once.
//!
//! Units are independent of each other, requests of one unit need not be. Denominators are above 0 and their mean is many
//! standard errors from it: 100 units and more in each arm. Source: Deng, Knoblich and Lu, "Applying the delta method in metric
//! analytics" (2018).

use crate::Effect;
use crate::count::counted;
use crate::means::{Moments, covariance, no_less_than_none, relative_of};

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
    /// Σm/Σd; 0 where the denominators are not above 0 together.
    pub fn ratio(&self) -> f64 {
        let ratio = self.numerator / self.denominator;
        if self.denominator > 0.0 && !ratio.is_nan() { ratio } else { 0.0 }
    }

    /// The variance of the ratio for one unit, to be divided by the units: σ²_m/μ_D² + μ_M²σ²_d/μ_D⁴ - 2μ_M cov/μ_D³. 0 where
    /// there are fewer than two units or no denominators; infinite where sums are beyond f64.
    pub fn variance(&self) -> f64 {
        if !(self.n >= 2.0 && self.denominator > 0.0) {
            return 0.0;
        }
        let one = |sum, squares| Moments { n: self.n, sum, squares }.variance();
        let (m, d) = (one(self.numerator, self.numerator_squares), one(self.denominator, self.denominator_squares));
        let both = covariance(self.n, self.numerator, self.denominator, self.products);
        let (mean, ratio) = (self.denominator / counted(self.n), self.ratio());
        no_less_than_none((m - 2.0 * ratio * both + ratio * ratio * d) / (mean * mean))
    }

    /// The variance of the ratio of all units; none where there is no ratio.
    fn of_all(&self) -> Option<f64> {
        (self.n >= 2.0 && self.denominator > 0.0).then(|| self.variance() / counted(self.n))
    }
}

/// Whether the ratios of two arms differ. Unknown with fewer than two units or no denominators in an arm, and where nothing
/// varies.
pub fn difference(control: &RatioMoments, treatment: &RatioMoments) -> Effect {
    match (control.of_all(), treatment.of_all()) {
        (Some(v1), Some(v2)) => Effect::welch(treatment.ratio() - control.ratio(), (v1, control.n), (v2, treatment.n)),
        _ => Effect::UNKNOWN,
    }
}

/// By what part of control's ratio treatment's differs. Unknown where [`difference`] is, and where control's ratio is not above 0.
pub fn relative(control: &RatioMoments, treatment: &RatioMoments) -> Effect {
    let df = difference(control, treatment).df;
    match (control.of_all(), treatment.of_all()) {
        (Some(v1), Some(v2)) => relative_of((control.ratio(), v1), (treatment.ratio(), v2), df),
        _ => Effect::UNKNOWN,
    }
}
