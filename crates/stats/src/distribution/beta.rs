//! The incomplete beta function, without taking large logarithms of gamma functions from each other.

use libm::lgamma as ln_gamma;

use super::gamma::{LARGE, beyond_linear, stirling};

/// Iterations of the continued fraction: it needs about the root of the larger parameter.
const STEPS_MAX: usize = 200_000;
/// Greater parameters are taken for this one, whose square is a number.
const FARTHEST: f64 = 1e150;
/// Up to here those suffice.
const FRACTION_MAX: f64 = 1e9;

/// I_x(a, b) for `x` and `y = 1 - x`, both given so that neither loses digits near 1.
pub(crate) fn beta_below_pair(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if [x, y, a, b].iter().any(|one| one.is_nan()) {
        return f64::NAN;
    }
    if x <= 0.0 || (b <= 0.0 && a > 0.0) {
        return 0.0;
    }
    if y <= 0.0 || a <= 0.0 {
        return 1.0;
    }
    let (a, b) = (a.min(FARTHEST), b.min(FARTHEST));
    let value = if a.min(b) > FRACTION_MAX {
        far_up(x, y, a, b)
    } else if x <= (a + 1.0) / (a + b + 2.0) {
        power_term(x, y, a, b) / a * continued_fraction(x, a, b)
    } else {
        1.0 - power_term(x, y, a, b) / b * continued_fraction(y, b, a)
    };
    value.clamp(0.0, 1.0)
}

/// The logarithm of the beta function.
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = (a.min(b).max(f64::MIN_POSITIVE), a.max(b).max(f64::MIN_POSITIVE));
    if large.is_infinite() {
        return f64::NEG_INFINITY;
    }
    if large < LARGE {
        return ln_gamma(small) + ln_gamma(large) - ln_gamma(small + large);
    }
    if small < LARGE {
        return ln_gamma(small) - ln_gamma_ratio(large, small);
    }
    // Γ(a)Γ(b)/Γ(a+b) by Stirling's formula, whose large parts cancel on paper.
    let corrections = stirling(small) + stirling(large) - stirling(small + large);
    let logs = -0.5 * large.ln() - (small - 0.5) * (large / small).ln_1p() - large * (small / large).ln_1p();
    0.5 * (2.0 * std::f64::consts::PI).ln() + logs + corrections
}

/// ln Γ(large + small) - ln Γ(large).
fn ln_gamma_ratio(large: f64, small: f64) -> f64 {
    let both = large + small;
    (large - 0.5) * (small / large).ln_1p() + small * both.ln() - small + stirling(both) - stirling(large)
}

/// x^a y^b / B(a, b).
fn power_term(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if a.min(b) < LARGE {
        let ln_x = if x > 0.5 { (-y).ln_1p() } else { x.ln() };
        let ln_y = if y > 0.5 { (-x).ln_1p() } else { y.ln() };
        return (a * ln_x + b * ln_y - ln_beta(a, b)).exp();
    }
    // Around the mean x = a/(a+b) the powers and the beta function nearly cancel: what is left is written down alone.
    let away = if x < y { a - (a + b) * x } else { (a + b) * y - b };
    let exponent = a * beyond_linear(-away / a) + b * beyond_linear(away / b);
    let corrections = stirling(a) + stirling(b) - stirling(a + b);
    let root = (a / (2.0 * std::f64::consts::PI) * (b / (a + b))).sqrt();
    root * (-exponent - corrections).exp()
}

/// Temme's uniform expansion for two large parameters (DLMF 8.18.9), its first term.
fn far_up(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let all = a + b;
    let (x0, y0) = (a / all, b / all);
    let away = if x < y { x - x0 } else { y0 - y };
    let exponent = x0 * beyond_linear(away / x0) + y0 * beyond_linear(-away / y0);
    let eta = (2.0 * exponent).sqrt().copysign(away);
    let spread = (x0 * y0).sqrt();
    let term = if eta.abs() > 1e-6 { 1.0 / eta - spread / away } else { (1.0 - 2.0 * x0) / (3.0 * spread) };
    let density = (-all * exponent).exp() / (2.0 * std::f64::consts::PI * all).sqrt();
    0.5 * libm::erfc(-eta * (0.5 * all).sqrt()) + density * term
}

/// The continued fraction of the incomplete beta function by Lentz's method (Numerical Recipes, 6.4).
fn continued_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let keep = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / keep(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for step in 1..STEPS_MAX {
        let m = step as f64;
        let even = m / (a + 2.0 * m - 1.0) * ((b - m) / (a + 2.0 * m)) * x;
        d = 1.0 / keep(1.0 + even * d);
        c = keep(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) / (a + 2.0 * m) * ((a + b + m) / (a + 2.0 * m + 1.0)) * x;
        d = 1.0 / keep(1.0 + odd * d);
        c = keep(1.0 + odd / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() < 2.0 * f64::EPSILON {
            break;
        }
    }
    h
}
