//! Distributions: their tails and quantiles, good to the last digits also far out, where `1 - cdf` would be 0.
//!
//! To 1e-9 of the value, as tests against scipy say, but for what the items name. NaN comes out only where it went in.

mod beta;
mod gamma;

use beta::beta_below_pair;

/// The least and the greatest chance that a quantile is asked for.
const EDGE: f64 = 1e-300;
/// Degrees of freedom from which on Student's t is a normal variable of another scale.
const HILL_FROM: f64 = 1e6;
/// Degrees of freedom from which on the cube root of chi-squared is a normal variable.
const HILFERTY_FROM: f64 = 2e8;

/// The chance that a standard normal variable is above `z`.
///
/// By the complementary error function of `libm`, whose relative error is a few 1e-16; `Normal::sf` of `statrs` 0.19 is off by
/// 5e-11.
pub fn normal_above(z: f64) -> f64 {
    0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The chance that a standard normal variable is at least as far from 0 as `z`.
pub fn normal_beyond(z: f64) -> f64 {
    libm::erfc(z.abs() * std::f64::consts::FRAC_1_SQRT_2)
}

/// The value that a standard normal variable is above with the chance `p`, from 1e-300 to 1 - 2e-16; what is beyond is taken for the
/// nearest of these, so that the values lie between -8.2 and 37.1.
///
/// Starts from Acklam's rational approximation and takes steps of Halley's method with [`normal_above`].
pub fn normal_quantile_above(p: f64) -> f64 {
    if p.is_nan() {
        return p;
    }
    let p = p.clamp(EDGE, 1.0 - f64::EPSILON);
    // The far half by symmetry keeps the digits of the near one.
    if p > 0.5 {
        return -normal_quantile_above(1.0 - p);
    }
    let mut z = first_guess(p);
    for _ in 0..4 {
        let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        if density == 0.0 {
            break;
        }
        let step = (normal_above(z) - p) / density;
        z += step / (1.0 - 0.5 * z * step).max(0.5);
    }
    z
}

/// The chance that a variable with Student's t distribution of `df` degrees of freedom is at least as far from 0 as `t`.
/// Without degrees of freedom it is 1; an infinite number makes it normal.
pub fn t_beyond(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() {
        return f64::NAN;
    }
    if df <= 0.0 {
        return 1.0;
    }
    if t.is_infinite() {
        return 0.0;
    }
    if df.is_infinite() {
        return normal_beyond(t);
    }
    let square = (t * t).min(f64::MAX);
    if df >= HILL_FROM {
        // Hill, Algorithm 395 (1970): its error falls with the square of df.
        let df = df.min(1e15);
        let (a, ln) = (df - 0.5, (square / df).ln_1p());
        let z = (a * ln).sqrt();
        return normal_beyond(z + (z * z * z + 3.0 * z) / (48.0 * a * a));
    }
    // I_x(df/2, 1/2) at x = df / (df + t²).
    beta_below_pair(df / (df + square), square / (df + square), 0.5 * df, 0.5)
}

/// The value that a variable with Student's t distribution is farther from 0 than with the chance `alpha`; infinite without
/// degrees of freedom. `alpha` is from 1e-300 to 1 - 2e-16, the value at most 1e154.
pub fn t_quantile_beyond(alpha: f64, df: f64) -> f64 {
    let alpha = alpha.clamp(EDGE, 1.0 - f64::EPSILON);
    if alpha.is_nan() || df.is_nan() {
        return f64::NAN;
    }
    if df <= 0.0 {
        return f64::INFINITY;
    }
    if df > 1e9 {
        return normal_quantile_above(0.5 * alpha);
    }
    let (mut low, mut high) = (0.0, 1.0);
    while t_beyond(high, df) > alpha && high < f64::MAX.sqrt() {
        (low, high) = (high, 2.0 * high);
    }
    // Bisection: what it costs is paid once an interval, and no tail is too thick for it.
    while high - low > 4.0 * f64::EPSILON * high {
        let middle = 0.5 * (low + high);
        if t_beyond(middle, df) > alpha { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The chance that a variable with the chi-squared distribution of `df` degrees of freedom is above `x`; 1 without any. Beyond 2·10⁸
/// degrees to 1e-6.
pub fn chi_squared_above(x: f64, df: f64) -> f64 {
    if x.is_nan() || df.is_nan() {
        return f64::NAN;
    }
    if df <= 0.0 || x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    if df == 1.0 {
        return normal_beyond(x.sqrt());
    }
    if df > HILFERTY_FROM {
        // Wilson and Hilferty (1931): the cube root is normal.
        let part = 2.0 / (9.0 * df.min(1e300));
        return normal_above(((x / df).cbrt() - (1.0 - part)) / part.sqrt());
    }
    gamma::gamma_above((0.5 * df).max(f64::MIN_POSITIVE), 0.5 * x)
}

/// The regularised incomplete beta function I_x(a, b): the chance that a variable with the Beta distribution of `a` and `b`,
/// both above 0, is at most `x`. For parameters beyond 10⁹ to 1e-7.
pub fn beta_below(x: f64, a: f64, b: f64) -> f64 {
    beta_below_pair(x, 1.0 - x, a, b)
}

/// The logarithm of the beta function of `a` and `b`, both above 0; what is not counts as the least number that is.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    beta::ln_beta(a, b)
}

/// ln Γ(x) less what Stirling's formula (x - 1/2) ln x - x + ln √(2π) gives, for `x` above 0.
pub(crate) fn ln_stirling_rest(x: f64) -> f64 {
    gamma::ln_stirling_rest(x)
}

/// Acklam's approximation of the quantile for `p` up to 1/2, good to 1e-9.
fn first_guess(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.383_577_518_672_69e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 5] = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0];
    let polynomial = |all: &[f64], x: f64| all.iter().fold(0.0, |sum, one| sum * x + one);
    if p < 0.02425 {
        let q = (-2.0 * p.ln()).sqrt();
        -polynomial(&C, q) / polynomial(&D, q)
    } else {
        let q = 0.5 - p;
        let r = q * q;
        q * polynomial(&A, r) / polynomial(&B, r)
    }
}
