//! Means of one value a unit: Welch's test, by difference and relative to control.

use crate::Effect;

/// Sums of one value over the units of an arm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// Units.
    pub n: f64,
    /// Σx, in the unit of the value.
    pub sum: f64,
    /// Σx².
    pub squares: f64,
}

impl Moments {
    /// The moments of these values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Moments {
        values.into_iter().fold(Moments::default(), |sums, x| Moments {
            n: sums.n + 1.0,
            sum: sums.sum + x,
            squares: sums.squares + x * x,
        })
    }

    /// The mean; 0 without units.
    pub fn mean(&self) -> f64 {
        if self.n > 0.0 { self.sum / self.n } else { 0.0 }
    }

    /// The unbiased variance of one value; 0 for fewer than two units, and where rounding would make it less.
    pub fn variance(&self) -> f64 {
        covariance(self.n, self.sum, self.sum, self.squares)
    }
}

/// The unbiased covariance of two values of one unit, by their sums; 0 for fewer than two units.
pub(crate) fn covariance(n: f64, sum: f64, other_sum: f64, products: f64) -> f64 {
    if n < 2.0 {
        return 0.0;
    }
    let of_means = sum * (other_sum / n);
    let rest = products - of_means;
    // What rounding leaves of equal values is no variance.
    if rest.abs() <= 4.0 * f64::EPSILON * products.abs().max(of_means.abs()) { 0.0 } else { rest / (n - 1.0) }
}

/// Whether the means of two arms differ: Welch's t-test, which lets them have variances of their own.
///
/// Assumes that units are independent and the means near to normal: 30 units and more of values without heavy tails. Source:
/// Welch (1947), degrees of freedom by Satterthwaite.
pub fn welch(control: &Moments, treatment: &Moments) -> Effect {
    let (v1, v2) = (of_mean(control), of_mean(treatment));
    match (v1, v2) {
        (Some(v1), Some(v2)) => Effect::welch(treatment.mean() - control.mean(), (v1, control.n), (v2, treatment.n)),
        _ => Effect::UNKNOWN,
    }
}

/// By what part of control's mean treatment's differs: 0.1 for a tenth more. Unknown where control's mean is 0.
///
/// The delta method: Var = v₂/(n₂m₁²) + v₁m₂²/(n₁m₁⁴); good where control's mean is many standard errors from 0. Degrees of
/// freedom are those of [`welch`].
pub fn relative(control: &Moments, treatment: &Moments) -> Effect {
    let (m1, m2) = (control.mean(), treatment.mean());
    match (of_mean(control), of_mean(treatment)) {
        (Some(v1), Some(v2)) if m1 != 0.0 => {
            let (square, ratio) = (m1 * m1, m2 / m1);
            let df = welch(control, treatment).df;
            Effect::of((m2 - m1) / m1, v2 / square + v1 * ratio * ratio / square, df)
        }
        _ => Effect::UNKNOWN,
    }
}

/// The variance of a mean; none for fewer than two units.
fn of_mean(moments: &Moments) -> Option<f64> {
    (moments.n >= 2.0).then(|| moments.variance() / moments.n)
}
