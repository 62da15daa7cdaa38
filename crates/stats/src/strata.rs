//! Strata: arms compared within each, and only then together. Steps of a release with other shares are strata: summed first, a
//! good variant looks bad where the mix of days changes with the share (Simpson's paradox). Looked at once.

use crate::Effect;
use crate::count::counted;
use crate::distribution::chi_squared_above;
use crate::proportions::{self, Share};

/// The effect over independent strata, each weighed by how sure it is (inverse variance). Assumes one true effect in all; strata
/// of which nothing is known drop out.
///
/// Needs in each stratum what its own test needs: with fewer than ten events in an arm a stratum's variance goes with its
/// difference, and [`MantelHaenszel`] is to be asked.
pub fn together(effects: &[Effect]) -> Effect {
    let known = || effects.iter().filter(|one| one.standard_error.is_finite() && one.standard_error > 0.0);
    let weight = |one: &Effect| one.standard_error.powi(-2);
    let weights: f64 = known().map(weight).sum();
    let difference = known().map(|one| one.difference * weight(one)).sum::<f64>() / weights;
    Effect::of(difference, 1.0 / weights, f64::INFINITY)
}

/// The difference of shares over strata of control and treatment, as [`together`].
pub fn difference(strata: &[(Share, Share)]) -> Effect {
    let effects: Vec<Effect> =
        strata.iter().map(|(control, treatment)| proportions::difference(*control, *treatment)).collect();
    together(&effects)
}

/// Cochran, Mantel and Haenszel's test of one odds ratio of 1 in all strata. Good for few events in each stratum, if there are ten
/// and more in each arm of all together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MantelHaenszel {
    /// χ² with one degree of freedom, without continuity correction; 0 where nothing could be compared.
    pub chi_squared: f64,
    /// The ratio of the rates, treatment's to control's, one for all strata; infinite where only treatment has events, 1 without
    /// any. Where all strata have the same shares it is the ratio of their sums.
    pub rate_ratio: f64,
}

impl MantelHaenszel {
    /// Of strata of control and treatment; those with one arm only drop out.
    ///
    /// Source: Mantel and Haenszel (1959); the rate ratio as Greenland and Robins (1985), `riskratio_pooled` of statsmodels.
    pub fn of(strata: &[(Share, Share)]) -> MantelHaenszel {
        let (mut away, mut variance, mut above, mut below) = (0.0, 0.0, 0.0, 0.0);
        for (control, treatment) in strata {
            let (n1, n2) = (counted(treatment.n), counted(control.n));
            let n = n1 + n2;
            if !(n1 > 0.0 && n2 > 0.0 && n >= 2.0) {
                continue;
            }
            let (x1, x2) = (treatment.x.clamp(0.0, n1), control.x.clamp(0.0, n2));
            let x = x1 + x2;
            away += x1 * (n2 / n) - x2 * (n1 / n);
            variance += (n1 / n) * (n2 / n) * x * ((n - x) / (n - 1.0));
            above += x1 * (n2 / n);
            below += x2 * (n1 / n);
        }
        let (chi_squared, rate_ratio): (f64, f64) = (away * away / variance, above / below);
        MantelHaenszel {
            chi_squared: if chi_squared.is_finite() { chi_squared } else { 0.0 },
            rate_ratio: if rate_ratio.is_nan() { 1.0 } else { rate_ratio },
        }
    }

    /// The chance of a statistic as large, were there no effect.
    pub fn p(&self) -> f64 {
        let p = chi_squared_above(self.chi_squared, 1.0);
        if p.is_nan() { 1.0 } else { p }
    }
}
