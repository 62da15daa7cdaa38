//! Means, shares and ratios, looked at as often as one likes: confidence sequences that hold at all times together.
//!
//! Asymptotic: good once there are ten events, or 100 values, and more in each arm; before that nobody may stop by them.

use crate::count::counted;
use crate::{Effect, Interval};

/// An effect with the units that it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequence {
    /// The effect of now, of independent units; for tests of shares with their own standard error
    /// ([`crate::proportions::difference`]).
    pub effect: Effect,
    /// Units of both arms.
    pub n: f64,
    /// For how many units of both arms the interval is to be narrowest, at least 1: those expected when it matters most. Chosen
    /// before the first look.
    pub tuned_to: f64,
}

impl Sequence {
    /// The interval that holds the true effect at all times with the chance 1 - `alpha`; without ends where nothing is known.
    ///
    /// Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
    /// sequences" (2021), 2.2, as in GrowthBook.
    pub fn interval(&self, alpha: f64) -> Interval {
        Interval::around(self.effect.difference, self.effect.standard_error * reach(alpha, self.n, self.tuned_to))
    }

    /// The least value that the true effect has at all times with the chance 1 - `alpha`; -∞ where nothing is known.
    pub fn at_least(&self, alpha: f64) -> f64 {
        self.one_sided(alpha).low
    }

    /// The greatest value, likewise; ∞ where nothing is known.
    pub fn at_most(&self, alpha: f64) -> f64 {
        self.one_sided(alpha).high
    }

    fn one_sided(&self, alpha: f64) -> Interval {
        let half = standard_errors(2.0 * alpha, self.n, self.tuned_to, f64::ln_1p);
        Interval::around(self.effect.difference, self.effect.standard_error * half)
    }

    /// The chance, were there no effect, of as much at some time, by the sequence that is tuned for `alpha`. It rises and falls
    /// with the looks; the least so far counts. 1 where nothing is known.
    pub fn p(&self, alpha: f64) -> f64 {
        let scaled = counted(self.n) * rho(alpha, self.tuned_to).powi(2);
        let z = self.effect.statistic();
        let ln = 0.5 * scaled.ln_1p() - 0.5 * z * z * (scaled / (scaled + 1.0));
        if scaled > 0.0 && !ln.is_nan() { ln.exp().min(1.0) } else { 1.0 }
    }
}

/// Standard errors to which the interval of a sequence reaches, to both sides, at `n` units; infinite without any.
pub fn reach(alpha: f64, n: f64, tuned_to: f64) -> f64 {
    standard_errors(alpha, n, tuned_to, f64::ln)
}

fn standard_errors(alpha: f64, n: f64, tuned_to: f64, ln: fn(f64) -> f64) -> f64 {
    let alpha = alpha.clamp(f64::MIN_POSITIVE, 1.0);
    let scaled = counted(n) * rho(alpha, tuned_to).powi(2);
    let more = scaled + 1.0;
    let reach = (2.0 * (more / scaled) * ln(more.sqrt() / alpha)).sqrt();
    if scaled > 0.0 && !reach.is_nan() { reach } else { f64::INFINITY }
}

/// The ρ for which the sequence is narrowest at so many units.
///
/// Source: Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences" (2021), 3.5.
pub fn rho(alpha: f64, tuned_to: f64) -> f64 {
    let ln = -2.0 * alpha.clamp(f64::MIN_POSITIVE, 1.0).ln();
    ((ln + ln.ln_1p()) / counted(tuned_to).max(1.0)).sqrt()
}

/// The mixture sequential probability ratio test: ln Λ of "the effect is normal with variance `tau_squared` around 0" against none.
/// An effect is shown at alpha once it was at least -ln(alpha). `variance` is that of one pair of units, whose differences have
/// the mean `difference` over `pairs` pairs. 0 without pairs or variance, and where numbers are beyond f64.
///
/// Source: Johari, Pekelis and Walsh, "Always valid inference" (2015). It is [`Sequence::p`] with τ² = ρ²V and other names.
pub fn msprt_ln(difference: f64, variance: f64, pairs: f64, tau_squared: f64) -> f64 {
    let pairs = counted(pairs);
    let (scaled, square) = (pairs * tau_squared / variance, pairs * difference * difference / variance);
    let ln = 0.5 * square * (scaled / (scaled + 1.0)) - 0.5 * scaled.ln_1p();
    if ln.is_finite() && scaled > 0.0 && variance > 0.0 { ln } else { 0.0 }
}
