//! Means, shares and ratios, looked at as often as one likes: confidence sequences that hold at all times together.

use crate::{Effect, Interval};

/// An effect with the units that it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequence {
    /// The effect of now.
    pub effect: Effect,
    /// Units of both arms.
    pub n: f64,
    /// For how many units of both arms the interval is to be narrowest: those expected when it matters most.
    pub tuned_to: f64,
}

impl Sequence {
    /// The interval that holds the true effect at all times with the chance 1 - `alpha`.
    ///
    /// Asymptotic: with ten events and more in each arm. Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), 2.2, as
    /// in GrowthBook.
    pub fn interval(&self, alpha: f64) -> Interval {
        let half = self.half(alpha, |root, alpha| (root / alpha).ln());
        Interval { low: self.effect.difference - half, high: self.effect.difference + half }
    }

    /// The least value that the true effect has at all times with the chance 1 - `alpha`.
    pub fn at_least(&self, alpha: f64) -> f64 {
        self.effect.difference - self.half(2.0 * alpha, |root, alpha| (root / alpha).ln_1p())
    }

    /// The greatest value, likewise.
    pub fn at_most(&self, alpha: f64) -> f64 {
        self.effect.difference + self.half(2.0 * alpha, |root, alpha| (root / alpha).ln_1p())
    }

    /// The chance, were there no effect, of as much at some time, by the sequence that is tuned for `alpha`.
    pub fn p(&self, alpha: f64) -> f64 {
        let scaled = self.n * rho(alpha, self.tuned_to).powi(2);
        let z = self.effect.statistic();
        let ln = 0.5 * scaled.ln_1p() - 0.5 * z * z * scaled / (scaled + 1.0);
        if ln.is_nan() || scaled <= 0.0 { 1.0 } else { ln.exp().min(1.0) }
    }

    fn half(&self, alpha: f64, bound: fn(f64, f64) -> f64) -> f64 {
        let scaled = self.n * rho(alpha, self.tuned_to).powi(2);
        let alpha = alpha.clamp(f64::MIN_POSITIVE, 1.0);
        let more = scaled + 1.0;
        let half = self.effect.standard_error * (2.0 * (more / scaled) * bound(more.sqrt(), alpha)).sqrt();
        if half.is_nan() || scaled <= 0.0 { f64::INFINITY } else { half }
    }
}

/// The ρ for which the sequence is narrowest at so many units, at least 1.
pub fn rho(alpha: f64, tuned_to: f64) -> f64 {
    let ln = -2.0 * alpha.clamp(f64::MIN_POSITIVE, 1.0).ln();
    ((ln + ln.ln_1p()) / tuned_to.max(1.0)).sqrt()
}

/// The mixture sequential probability ratio test: ln Λ of "the effect is normal with variance `tau_squared` around 0" against none.
/// `variance` is that of one pair of units, whose differences have the mean `difference` over `pairs` pairs. 0 without pairs or
/// variance.
///
/// Source: Johari, Pekelis and Walsh, "Always valid inference" (2015). It is [`Sequence::p`] with τ² = ρ²V and other names.
pub fn msprt_ln(difference: f64, variance: f64, pairs: f64, tau_squared: f64) -> f64 {
    let (scaled, square) = (pairs * tau_squared / variance, pairs * difference * difference / variance);
    let ln = 0.5 * square * scaled / (scaled + 1.0) - 0.5 * scaled.ln_1p();
    // Also where numbers are beyond f64.
    if ln.is_finite() && scaled > 0.0 && variance > 0.0 { ln } else { 0.0 }
}
