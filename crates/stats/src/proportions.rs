//! Shares of units: two of them compared, looked at once.
//!
//! Units are independent of each other, and each counts once. Requests of the same users are not: they ask [`crate::ratios`], with
//! users as units.

use crate::count::counted;
use crate::distribution::{beta_below, normal_quantile_above};
use crate::{Effect, Interval};

/// How many units of an arm did something.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// Units that did; more than `n` count as `n`.
    pub x: f64,
    /// Units.
    pub n: f64,
}

/// Fewer events than this, in one arm, and [`p`] counts exactly.
pub const FEW: f64 = 10.0;
/// As many events of both arms are counted exactly.
const COUNTED_MAX: f64 = 1e6;

impl Share {
    fn kept(self) -> Share {
        let n = counted(self.n);
        Share { x: if n > 0.0 { self.x.clamp(0.0, n) } else { 0.0 }, n }
    }

    /// x/n; 0 without units.
    pub fn rate(&self) -> f64 {
        let Share { x, n } = self.kept();
        if n > 0.0 { x / n } else { 0.0 }
    }

    /// Those that did not.
    fn rest(self) -> Share {
        Share { x: self.n - self.x, n: self.n }
    }

    /// The variance of the rate.
    fn variance(self) -> f64 {
        self.rate() * self.rest().rate() / self.n
    }
}

/// The difference of two shares with its own standard error: for intervals.
///
/// Wald's, of unpooled variances; normal, so good for ten and more units of each kind in each arm; [`newcombe`] is good for fewer.
/// Unknown where neither arm has units of both kinds.
pub fn difference(control: Share, treatment: Share) -> Effect {
    compared(control, treatment, |control, treatment| {
        let variance = control.variance() + treatment.variance();
        Effect::of(treatment.rate() - control.rate(), variance, f64::INFINITY)
    })
}

/// The difference with the standard error that it would have were there none: for tests (the score test, of pooled variances).
/// Good for ten and more units of each kind in each arm. Unknown where all units are of one kind.
pub fn score(control: Share, treatment: Share) -> Effect {
    compared(control, treatment, |control, treatment| {
        let pooled = Share { x: control.x + treatment.x, n: control.n + treatment.n };
        let variance = pooled.rate() * pooled.rest().rate() * (1.0 / control.n + 1.0 / treatment.n);
        Effect::of(treatment.rate() - control.rate(), variance, f64::INFINITY)
    })
}

/// By what part of control's share treatment's differs: 0.1 for a tenth more; with its own standard error, by the delta method.
/// Good for ten and more events in each arm. Unknown where control has no events.
pub fn relative(control: Share, treatment: Share) -> Effect {
    compared(control, treatment, |control, treatment| {
        let (square, ratio) = (control.rate().powi(2), treatment.rate() / control.rate());
        let variance = treatment.variance() / square + control.variance() * ratio * ratio / square;
        Effect::of(ratio - 1.0, variance, f64::INFINITY)
    })
}

/// The chance of a difference as far from none, in either direction: by [`score`], and with fewer than [`FEW`] events or
/// non-events in one arm by [`conditional_p`] of the rarer ones. 1 without units in an arm.
pub fn p(control: Share, treatment: Share) -> f64 {
    let (control, treatment) = (control.kept(), treatment.kept());
    let events = control.x + treatment.x;
    let (rare1, rare2) =
        if 2.0 * events > control.n + treatment.n { (control.rest(), treatment.rest()) } else { (control, treatment) };
    let are_few = rare1.x.min(rare2.x) < FEW && rare1.x + rare2.x <= COUNTED_MAX;
    if are_few { conditional_p(rare1, rare2) } else { score(control, treatment).p() }
}

/// The exact chance for rare events: of x₁ + x₂ events each is the treatment's with the chance n₂/(n₁ + n₂), and all splits that
/// are no likelier than this one count. 1 without events, or without units in an arm.
///
/// Events are taken for Poisson ones, which is exact for rates up to a few percent and careful above. Parts of an event are
/// rounded. Source: Przyborowski and Wilenski (1940); `scipy.stats.binomtest`.
pub fn conditional_p(control: Share, treatment: Share) -> f64 {
    let (control, treatment) = (control.kept(), treatment.kept());
    let (x, events) = (treatment.x.round(), (control.x.round() + treatment.x.round()));
    if control.n > 0.0 && treatment.n > 0.0 && events > 0.0 {
        binomial_p(x, events, treatment.n / (control.n + treatment.n))
    } else {
        1.0
    }
}

/// Newcombe's hybrid score interval of the difference: good also near 0 and 1. From -1 to 1 without units in an arm.
///
/// Source: Newcombe (1998), method 10.
pub fn newcombe(control: Share, treatment: Share, alpha: f64) -> Interval {
    const ALL: Interval = Interval { low: -1.0, high: 1.0 };
    let (control, treatment) = (control.kept(), treatment.kept());
    if !(control.n > 0.0 && treatment.n > 0.0) {
        return ALL;
    }
    let (of1, of2) = (wilson(control, alpha), wilson(treatment, alpha));
    let (p1, p2) = (control.rate(), treatment.rate());
    let both = |one: f64, other: f64| (one * one + other * other).sqrt();
    let difference = p2 - p1;
    let low = difference - both(p2 - of2.low, of1.high - p1);
    let high = difference + both(of2.high - p2, p1 - of1.low);
    if low.is_nan() || high.is_nan() { ALL } else { Interval { low, high } }
}

/// Wilson's score interval of one share; all from 0 to 1 without units.
///
/// Source: Wilson (1927).
pub fn wilson(share: Share, alpha: f64) -> Interval {
    const ALL: Interval = Interval { low: 0.0, high: 1.0 };
    let share = share.kept();
    let z = normal_quantile_above(0.5 * alpha.clamp(f64::MIN_POSITIVE, 1.0));
    let (n, p, square) = (share.n, share.rate(), z * z);
    let middle = (p + square / (2.0 * n)) / (1.0 + square / n);
    let half = z / (1.0 + square / n) * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
    if half.is_nan() || middle.is_nan() {
        return ALL;
    }
    // Rounding does not leave the share outside.
    Interval { low: (middle - half).clamp(0.0, p), high: (middle + half).clamp(p, 1.0) }
}

/// Unknown without units in both arms.
fn compared(control: Share, treatment: Share, compare: impl FnOnce(Share, Share) -> Effect) -> Effect {
    let (control, treatment) = (control.kept(), treatment.kept());
    if control.n > 0.0 && treatment.n > 0.0 { compare(control, treatment) } else { Effect::UNKNOWN }
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
