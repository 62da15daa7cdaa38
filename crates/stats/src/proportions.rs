//! Shares of units: two of them compared, looked at once.

use crate::distribution::{beta_below, normal_quantile_above};
use crate::{Effect, Interval};

/// How many units of an arm did something.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// Units that did; at most `n`, more counts as `n`.
    pub x: f64,
    /// Units.
    pub n: f64,
}

/// Fewer events than this, in one arm, and [`p`] counts exactly.
const FEW: f64 = 10.0;
/// As many events as [`p`] counts one by one.
const COUNTED_MAX: f64 = 1e6;

impl Share {
    fn kept(self) -> Share {
        let n = self.n.max(0.0);
        Share { x: self.x.clamp(0.0, n), n }
    }

    /// x/n; 0 without units.
    pub fn rate(&self) -> f64 {
        if self.n > 0.0 { self.kept().x / self.n } else { 0.0 }
    }
}

/// The difference of two shares with its own standard error: for intervals. Wald's, of unpooled variances; normal, so good for
/// ten and more units of each kind in each arm.
pub fn difference(control: Share, treatment: Share) -> Effect {
    let (control, treatment) = (control.kept(), treatment.kept());
    if control.n == 0.0 || treatment.n == 0.0 {
        return Effect::UNKNOWN;
    }
    let variance = |one: Share| one.rate() * (1.0 - one.rate()) / one.n;
    Effect::of(treatment.rate() - control.rate(), variance(control) + variance(treatment), f64::INFINITY)
}

/// The difference with the standard error that it would have were there none: for tests (the score test; pooled variances).
pub fn score(control: Share, treatment: Share) -> Effect {
    let (control, treatment) = (control.kept(), treatment.kept());
    if control.n == 0.0 || treatment.n == 0.0 {
        return Effect::UNKNOWN;
    }
    let pooled = (control.x + treatment.x) / (control.n + treatment.n);
    let variance = pooled * (1.0 - pooled) * (1.0 / control.n + 1.0 / treatment.n);
    Effect::of(treatment.rate() - control.rate(), variance, f64::INFINITY)
}

/// The chance of a difference as far from none, in either direction: by [`score`], and with fewer than ten events in one arm by
/// [`conditional_p`].
pub fn p(control: Share, treatment: Share) -> f64 {
    let (control, treatment) = (control.kept(), treatment.kept());
    if control.n == 0.0 || treatment.n == 0.0 {
        return 1.0;
    }
    let few = control.x.min(treatment.x) < FEW && control.x + treatment.x <= COUNTED_MAX;
    if few { conditional_p(control, treatment) } else { score(control, treatment).p() }
}

/// The exact chance for rare events: of x₁ + x₂ events each is the treatment's with the chance n₂/(n₁ + n₂), and all splits that
/// are no likelier than this one count. Events are taken for Poisson ones: rates up to a few percent.
///
/// Source: Przyborowski and Wilenski (1940); `scipy.stats.binomtest`.
pub fn conditional_p(control: Share, treatment: Share) -> f64 {
    let (control, treatment) = (control.kept(), treatment.kept());
    let events = (control.x + treatment.x).round();
    if control.n == 0.0 || treatment.n == 0.0 || events == 0.0 {
        return 1.0;
    }
    let q = treatment.n / (control.n + treatment.n);
    binomial_p(treatment.x.round(), events, q)
}

/// Newcombe's hybrid score interval of the difference: good also near 0 and 1.
///
/// Source: Newcombe (1998), method 10.
pub fn newcombe(control: Share, treatment: Share, alpha: f64) -> Interval {
    let (control, treatment) = (control.kept(), treatment.kept());
    if control.n == 0.0 || treatment.n == 0.0 {
        return Interval { low: -1.0, high: 1.0 };
    }
    let (of1, of2) = (wilson(control, alpha), wilson(treatment, alpha));
    let (p1, p2) = (control.rate(), treatment.rate());
    let both = |one: f64, other: f64| (one * one + other * other).sqrt();
    let difference = p2 - p1;
    Interval {
        low: difference - both(p2 - of2.low, of1.high - p1),
        high: difference + both(of2.high - p2, p1 - of1.low),
    }
}

/// Wilson's score interval of one share; all from 0 to 1 without units.
pub fn wilson(share: Share, alpha: f64) -> Interval {
    let share = share.kept();
    if share.n == 0.0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let z = normal_quantile_above(0.5 * alpha.clamp(f64::MIN_POSITIVE, 1.0));
    let (n, p, square) = (share.n, share.rate(), z * z);
    let middle = (p + square / (2.0 * n)) / (1.0 + square / n);
    let half = z / (1.0 + square / n) * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
    Interval { low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
}

/// The two-sided binomial test: all counts that are no likelier than `x` of `n` count. By tails, whose far one is found by
/// bisection.
fn binomial_p(x: f64, n: f64, q: f64) -> f64 {
    let ln_chance = |k: f64| {
        libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0) + k * q.ln() + (n - k) * (-q).ln_1p()
    };
    // As scipy: what differs by rounding alone is as likely.
    let limit = ln_chance(x) + 1e-7;
    let mean = n * q;
    if x == mean {
        return 1.0;
    }
    let at_most = |k: f64| if k < 0.0 { 0.0 } else { beta_below(1.0 - q, n - k, k + 1.0) };
    let at_least = |k: f64| if k > n { 0.0 } else { beta_below(q, k, n - k + 1.0) };
    if x < mean {
        let (mut low, mut high) = (mean.ceil(), n + 1.0);
        while low < high {
            let middle = ((low + high) / 2.0).floor();
            if ln_chance(middle) <= limit { high = middle } else { low = middle + 1.0 }
        }
        (at_most(x) + at_least(low)).min(1.0)
    } else {
        let (mut low, mut high) = (-1.0, mean.floor());
        while low < high {
            let middle = ((low + high) / 2.0).ceil();
            if ln_chance(middle) <= limit { low = middle } else { high = middle - 1.0 }
        }
        (at_least(x) + at_most(low)).min(1.0)
    }
}
