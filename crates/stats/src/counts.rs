//! Events in requests, looked at after every poll: an e-process against "the treatment has at most `margin` more".
//!
//! Of `x + y` events of a poll each is the treatment's with the chance r·nₜ/(r·nₜ + n_c), where r is the ratio of the rates. The
//! likelihood ratio of r > r₀ against r₀ is a supermartingale for every true ratio up to r₀, and so is the mean over a grid
//! of ratios: by Ville's inequality it ever reaches 1/α with at most the chance α, however often one looks.
//!
//! Events are rare, up to a tenth of the requests; above that the test is careful, and [`crate::sequences`] sees more.
//!
//! Source: Robbins' mixtures (1970) of likelihood ratios; e-processes as in Ramdas, Grünwald, Vovk and Shafer (2023).

use crate::count::counted;
use crate::distribution::{beta_below, ln_beta};

/// Ratios of the grid.
pub const RATIOS: usize = 24;
/// The least and the greatest ratio of the grid, times r₀.
pub const SPAN: (f64, f64) = (1.05, 8.0);

/// Events of one poll, or of whatever else has one exposure.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Poll {
    /// Events of the treatment.
    pub treatment_events: f64,
    /// Events of the control.
    pub control_events: f64,
    /// Requests of the treatment.
    pub treatment: f64,
    /// Requests of the control.
    pub control: f64,
}

/// Evidence that the treatment's rate of events is more than 1 + `margin` times the control's.
///
/// Assumes that events are independent of each other; for requests of the same users divide by the design effect
/// ([`EProcess::ln_e_with`]). Exposure may change from poll to poll, and polls must not be summed before they are added:
/// then what users do at one time of the day is compared with another. Polls of one exposure may come in any order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EProcess {
    r0: f64,
    ln_ratios: [f64; RATIOS],
}

impl EProcess {
    /// No evidence yet. `margin` is 0.2 for a fifth more; below 0 counts as 0.
    pub fn new(margin: f64) -> EProcess {
        EProcess { r0: 1.0 + margin.max(0.0), ln_ratios: [0.0; RATIOS] }
    }

    /// Goes on from what [`EProcess::ln_ratios`] said. What is not finite there counts as no evidence.
    pub fn resumed(margin: f64, ln_ratios: [f64; RATIOS]) -> EProcess {
        let ln_ratios = ln_ratios.map(|one| if one.is_finite() { one } else { 0.0 });
        EProcess { ln_ratios, ..EProcess::new(margin) }
    }

    /// The logarithm of the likelihood ratio at each ratio of the grid: all that there is to keep.
    pub fn ln_ratios(&self) -> &[f64; RATIOS] {
        &self.ln_ratios
    }

    /// Adds a poll. Where one arm had no requests nothing can be compared, and nothing is added.
    pub fn add(&mut self, poll: &Poll) {
        let (x, y) = (counted(poll.treatment_events), counted(poll.control_events));
        let (treatment, control) = (self.r0 * counted(poll.treatment), counted(poll.control));
        // Without events every ratio is as likely as before.
        if treatment == 0.0 || control == 0.0 || x + y == 0.0 {
            return;
        }
        for (one, ln_ratio) in self.ln_ratios.iter_mut().zip(grid()) {
            // ln[(r·nₜ + n_c) / (r₀·nₜ + n_c)], so that exposures of any size keep their digits.
            let more = (ln_ratio.exp_m1() * (treatment / (treatment + control))).ln_1p();
            let step = x * ln_ratio - (x + y) * more;
            // What is no number is no evidence.
            *one += if step.is_finite() { step } else { 0.0 };
        }
    }

    /// The logarithm of e: 0 without evidence; harm is shown at alpha once it is at least -ln(alpha).
    pub fn ln_e(&self) -> f64 {
        self.ln_e_with(1.0)
    }

    /// The same where requests count for less, because users make many: every logarithm is divided by the design effect
    /// ([`crate::design::effect`]), at least 1, before the mean is taken.
    pub fn ln_e_with(&self, design_effect: f64) -> f64 {
        let effect = if design_effect.is_finite() { design_effect.max(1.0) } else { f64::INFINITY };
        let scaled = self.ln_ratios.map(|one| one / effect);
        ln_mean_exp(&scaled)
    }
}

/// ln(r/r₀) of the ratios, evenly spaced.
fn grid() -> impl Iterator<Item = f64> {
    let (low, high) = (SPAN.0.ln(), SPAN.1.ln());
    (0..RATIOS).map(move |j| low + (high - low) * j as f64 / (RATIOS - 1) as f64)
}

/// ln of the mean of exponentials, without overflow.
fn ln_mean_exp(all: &[f64]) -> f64 {
    let most = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return most;
    }
    most + (all.iter().map(|one| (one - most).exp()).sum::<f64>() / all.len() as f64).ln()
}

/// Evidence of independent requests, such as of services or of steps with evidence of their own: e-values are multiplied, so
/// their logarithms are added. 0 for none, and where ∞ meets -∞.
pub fn independent(ln_es: impl IntoIterator<Item = f64>) -> f64 {
    let sum: f64 = ln_es.into_iter().sum();
    if sum.is_nan() { 0.0 } else { sum }
}

/// Evidence of several looks at the same requests, such as bounds of latency: the mean, which needs no independence. 0 for none.
/// What is NaN is evidence of nothing, 0.
pub fn dependent(ln_es: &[f64]) -> f64 {
    let known: Vec<f64> = ln_es.iter().map(|ln_e| if ln_e.is_nan() { 0.0 } else { *ln_e }).collect();
    if known.is_empty() { 0.0 } else { ln_mean_exp(&known) }
}

/// The textbook's form for one constant exposure, in one step: a Beta prior around θ₀ with weight `kappa`, each side at least
/// 1/2, cut to θ > θ₀. `theta0` is the chance, above 0 and below 1, that an event is the treatment's at the margin:
/// r₀nₜ/(r₀nₜ + n_c). Also valid at every look, of the sums so far. 0 where numbers say nothing.
///
/// `kappa` of 100 sees a doubling soonest; 2 and 1,000 are worse. Source: Robbins' mixtures with the prior of the R package
/// `safestats`, cut to one side.
pub fn closed_form_ln_e(treatment_events: f64, control_events: f64, theta0: f64, kappa: f64) -> f64 {
    let (x, y) = (counted(treatment_events), counted(control_events));
    let (theta0, kappa) = (theta0.clamp(f64::EPSILON, 1.0 - f64::EPSILON), counted(kappa));
    let (a, b) = ((kappa * theta0).max(0.5), (kappa * (1.0 - theta0)).max(0.5));
    let ln_above = |a: f64, b: f64| beta_below(1.0 - theta0, b, a).max(f64::MIN_POSITIVE).ln();
    let ln_e = ln_beta(a + x, b + y) + ln_above(a + x, b + y)
        - ln_beta(a, b)
        - ln_above(a, b)
        - x * theta0.ln()
        - y * (-theta0).ln_1p();
    if ln_e.is_nan() { 0.0 } else { ln_e }
}
