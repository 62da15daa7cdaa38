//! Means of one value a unit: Welch's test, by difference and relative to control. Looked at once.
//!
//! Units are independent of each other, and means near to normal: 30 units and more in each arm where values have no heavy
//! tails, thousands where they have. Sums lose the digits that the mean's square has more than the variance: one that is less
//! than 1e-15·√n of the mean's square is none.

use crate::Effect;
use crate::count::counted;

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
    /// The moments of these values, summed without loss (Neumaier), so that equal values have no variance.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Moments {
        let (mut n, mut sum, mut squares) = (0.0, Sum::default(), Sum::default());
        for x in values {
            n += 1.0;
            sum.add(x);
            squares.add(x * x);
        }
        Moments { n, sum: sum.value(), squares: squares.value() }
    }

    /// The mean; 0 without units.
    pub fn mean(&self) -> f64 {
        let n = counted(self.n);
        if n > 0.0 { self.sum / n } else { 0.0 }
    }

    /// The unbiased variance of one value; 0 for fewer than two units, and where only rounding makes it differ from 0; infinite
    /// where sums are beyond f64.
    pub fn variance(&self) -> f64 {
        no_less_than_none(covariance(self.n, self.sum, self.sum, self.squares))
    }

    /// The variance of the mean; none for fewer than two units.
    fn of_mean(&self) -> Option<f64> {
        (self.n >= 2.0).then(|| self.variance() / counted(self.n))
    }
}

/// The unbiased covariance of two values of one unit, by their sums; 0 for fewer than two units, NaN where sums are beyond f64.
pub(crate) fn covariance(n: f64, sum: f64, other_sum: f64, products: f64) -> f64 {
    let n = counted(n);
    let of_means = sum * (other_sum / n);
    let rest = products - of_means;
    // What rounding leaves of equal values is no variance.
    let noise = 4.0 * f64::EPSILON * n.sqrt() * products.abs().max(of_means.abs());
    match n >= 2.0 && (rest.abs() > noise || rest.is_nan()) {
        false => 0.0,
        true if rest.is_finite() => rest / (n - 1.0),
        true => f64::NAN,
    }
}

/// A variance as it was computed, as one that there can be: what is not known is infinite, so that it claims nothing.
pub(crate) fn no_less_than_none(variance: f64) -> f64 {
    if variance.is_nan() { f64::INFINITY } else { variance.max(0.0) }
}

/// Whether the means of two arms differ: Welch's t-test, which lets them have variances of their own. Unknown with fewer than two
/// units in an arm, and where no value varies.
///
/// Source: Welch (1947), degrees of freedom by Satterthwaite (1946).
pub fn welch(control: &Moments, treatment: &Moments) -> Effect {
    match (control.of_mean(), treatment.of_mean()) {
        (Some(v1), Some(v2)) => Effect::welch(treatment.mean() - control.mean(), (v1, control.n), (v2, treatment.n)),
        _ => Effect::UNKNOWN,
    }
}

/// By what part of control's mean treatment's differs: 0.1 for a tenth more. Unknown where [`welch`] is, and where control's mean
/// is not above 0, where a part of it has no direction.
///
/// The delta method: Var = v₂/(n₂m₁²) + v₁m₂²/(n₁m₁⁴); good where control's mean is many standard errors from 0. Degrees of
/// freedom are those of [`welch`].
pub fn relative(control: &Moments, treatment: &Moments) -> Effect {
    let (m1, m2) = (control.mean(), treatment.mean());
    match (control.of_mean(), treatment.of_mean()) {
        (Some(v1), Some(v2)) => relative_of((m1, v1), (m2, v2), welch(control, treatment).df),
        _ => Effect::UNKNOWN,
    }
}

/// By what part of the first estimate the second, independent one differs, of estimates with variances.
pub(crate) fn relative_of((m1, v1): (f64, f64), (m2, v2): (f64, f64), df: f64) -> Effect {
    let (square, ratio) = (m1 * m1, m2 / m1);
    let effect = Effect::of((m2 - m1) / m1, v2 / square + v1 * ratio * ratio / square, df);
    if m1 > 0.0 { effect } else { Effect::UNKNOWN }
}

/// A sum with what its rounding has lost.
#[derive(Default)]
struct Sum {
    rounded: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, x: f64) {
        let sum = self.rounded + x;
        self.lost += if self.rounded.abs() >= x.abs() { (self.rounded - sum) + x } else { (x - sum) + self.rounded };
        self.rounded = sum;
    }

    /// Beyond f64 nothing that was lost counts.
    fn value(&self) -> f64 {
        if self.lost.is_finite() { self.rounded + self.lost } else { self.rounded }
    }
}
