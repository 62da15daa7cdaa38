//! CUPED: what was known of units before takes its part out of the variance. Looked at once.
//!
//! The covariate is from before the first exposure, so that no treatment moves it; units without one have the same value, such as
//! 0. Else as [`crate::means`] and [`crate::ratios`]. Source: Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online
//! controlled experiments by utilizing pre-experiment data" (2013); of ratios and relative effects as in GrowthBook.

use crate::Effect;
use crate::count::counted;
use crate::means::{Moments, covariance, no_less_than_none};
use crate::ratios::RatioMoments;

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

/// The same of two values of a unit whose sums make a ratio, now and before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairedRatioMoments {
    /// Of the experiment. Its units are those of both.
    pub now: RatioMoments,
    /// Of the time before.
    pub before: RatioMoments,
    /// Σ of numerator now times numerator before.
    pub numerators: f64,
    /// Σ of numerator now times denominator before.
    pub numerator_denominator: f64,
    /// Σ of denominator now times numerator before.
    pub denominator_numerator: f64,
    /// Σ of denominator now times denominator before.
    pub denominators: f64,
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
    let both = both.estimate();
    known(both.covariance / both.variance_before)
}

/// The same of ratios, of what each unit adds to them: cov/var of both arms, each around its own ratio.
pub fn theta_of_ratios(control: &PairedRatioMoments, treatment: &PairedRatioMoments) -> f64 {
    let (control, treatment) = (control.estimate(), treatment.estimate());
    let variance = control.variance_before + treatment.variance_before;
    known((control.covariance + treatment.covariance) / variance)
}

/// Whether the means of two arms differ, of y - θ(x - x̄): [`crate::means::welch`] with the variance var(y) + θ²var(x) - 2θcov.
/// Unknown with fewer than two units in an arm, and where nothing is left that varies.
pub fn difference(control: &PairedMoments, treatment: &PairedMoments) -> Effect {
    difference_of(&control.estimate(), &treatment.estimate(), theta(control, treatment))
}

/// By what part of control's mean, as it is without the covariate, treatment's differs. Unknown where [`difference`] is, and where
/// that mean is not above 0.
pub fn relative(control: &PairedMoments, treatment: &PairedMoments) -> Effect {
    relative_of(&control.estimate(), &treatment.estimate(), theta(control, treatment))
}

/// Whether the ratios of two arms differ, by what is left of them; as [`crate::ratios::difference`].
pub fn difference_of_ratios(control: &PairedRatioMoments, treatment: &PairedRatioMoments) -> Effect {
    difference_of(&control.estimate(), &treatment.estimate(), theta_of_ratios(control, treatment))
}

/// By what part of control's ratio, as it is without the covariate, treatment's differs; as [`relative`].
pub fn relative_of_ratios(control: &PairedRatioMoments, treatment: &PairedRatioMoments) -> Effect {
    relative_of(&control.estimate(), &treatment.estimate(), theta_of_ratios(control, treatment))
}

/// An arm's mean or ratio, now and before, with the variances for one unit.
struct Estimate {
    n: f64,
    now: f64,
    before: f64,
    variance: f64,
    variance_before: f64,
    covariance: f64,
}

impl PairedMoments {
    fn estimate(&self) -> Estimate {
        let now = Moments { n: self.n, sum: self.sum, squares: self.squares };
        let before = Moments { n: self.n, sum: self.before, squares: self.before_squares };
        Estimate {
            n: self.n,
            now: now.mean(),
            before: before.mean(),
            variance: now.variance(),
            variance_before: before.variance(),
            covariance: covariance(self.n, self.sum, self.before, self.products),
        }
    }
}

impl PairedRatioMoments {
    fn estimate(&self) -> Estimate {
        let (now, before) = (&self.now, &RatioMoments { n: self.now.n, ..self.before });
        let (r, q) = (now.ratio(), before.ratio());
        let of = |one, other, products| covariance(now.n, one, other, products);
        // Of (m - r·d) and (m' - q·d'), for a mean denominator of 1 each.
        let together = of(now.numerator, before.numerator, self.numerators)
            - q * of(now.numerator, before.denominator, self.numerator_denominator)
            - r * of(now.denominator, before.numerator, self.denominator_numerator)
            + r * q * of(now.denominator, before.denominator, self.denominators);
        let n = counted(now.n);
        let has_both = now.denominator > 0.0 && before.denominator > 0.0;
        Estimate {
            // Without denominators there is no ratio, and nothing is known.
            n: if now.denominator > 0.0 { now.n } else { 0.0 },
            now: r,
            before: q,
            variance: now.variance(),
            variance_before: before.variance(),
            covariance: if has_both { together / (now.denominator / n) / (before.denominator / n) } else { 0.0 },
        }
    }
}

impl Estimate {
    /// The mean less θ times that before.
    fn adjusted(&self, theta: f64) -> f64 {
        self.now - theta * self.before
    }

    /// The variance of `weight` times now less θ times before, of all units.
    fn variance(&self, weight: f64, theta: f64) -> f64 {
        let variance = weight * weight * self.variance + theta * theta * self.variance_before
            - 2.0 * weight * theta * self.covariance;
        no_less_than_none(variance) / counted(self.n)
    }
}

fn difference_of(control: &Estimate, treatment: &Estimate, theta: f64) -> Effect {
    if !(control.n >= 2.0 && treatment.n >= 2.0) {
        return Effect::UNKNOWN;
    }
    let (v1, v2) = (control.variance(1.0, theta), treatment.variance(1.0, theta));
    let difference = treatment.adjusted(theta) - control.adjusted(theta);
    Effect::welch(difference, (v1, control.n), (v2, treatment.n))
}

/// The delta method: (a₂ + θx₁)/y₁ - 1, where y₁ is in the numerator too.
fn relative_of(control: &Estimate, treatment: &Estimate, theta: f64) -> Effect {
    let difference = difference_of(control, treatment, theta);
    let relative = difference.difference / control.now;
    let variance = control.variance(1.0 + relative, theta) + treatment.variance(1.0, theta);
    let is_known = difference != Effect::UNKNOWN && control.now > 0.0;
    let effect = Effect::of(relative, variance / (control.now * control.now), difference.df);
    if is_known { effect } else { Effect::UNKNOWN }
}

/// A θ that is not known changes nothing.
fn known(theta: f64) -> f64 {
    if theta.is_finite() { theta } else { 0.0 }
}
