//! The gamma function and its incomplete one, without taking large logarithms from each other.

/// From here on Stirling's series has all digits.
pub(crate) const LARGE: f64 = 10.0;
/// Steps of the series and of the continued fraction: they need about ten times the root of the parameter.
const STEPS_MAX: usize = 200_000;

/// The regularised upper incomplete gamma function Q(a, x), for `a` and `x` above 0 and up to 1e8.
///
/// By the series up to the mean and by Lentz's continued fraction above (Numerical Recipes, 6.2).
pub(crate) fn gamma_above(a: f64, x: f64) -> f64 {
    let above = if x < a + 1.0 { 1.0 - power_term(a, x) / a * series(a, x) } else { power_term(a, x) * fraction(a, x) };
    above.clamp(0.0, 1.0)
}

/// x^a e^-x / Γ(a).
fn power_term(a: f64, x: f64) -> f64 {
    if a < LARGE {
        return (a * x.ln() - x - libm::lgamma(a)).exp();
    }
    // Around the mean the powers and the gamma function nearly cancel: what is left is written down alone.
    (a / (2.0 * std::f64::consts::PI)).sqrt() * (-a * beyond_linear((x - a) / a) - stirling(a)).exp()
}

/// Σ x^k / ((a + 1) … (a + k)).
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for step in 1..STEPS_MAX {
        term *= x / (a + step as f64);
        sum += term;
        if term < f64::EPSILON * sum {
            break;
        }
    }
    sum
}

fn fraction(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let keep = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / keep(b);
    let mut h = d;
    for step in 1..STEPS_MAX {
        let i = step as f64;
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / keep(an * d + b);
        c = keep(b + an / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() < 2.0 * f64::EPSILON {
            break;
        }
    }
    h
}

/// u - ln(1 + u).
pub(crate) fn beyond_linear(u: f64) -> f64 {
    if u.abs() > 0.1 {
        return u - u.ln_1p();
    }
    // ln(1+u) = 2 atanh(r) with r = u/(2+u), and u = 2r/(1-r).
    let r = u / (2.0 + u);
    let square = r * r;
    let mut odd = 3.0;
    let mut power = square * r;
    let mut rest = 0.0;
    while power.abs() / odd > f64::EPSILON * f64::EPSILON && odd < 60.0 {
        rest += power / odd;
        power *= square;
        odd += 2.0;
    }
    r * u - 2.0 * rest
}

/// What Stirling's formula lacks of ln Γ(x), for `x` above 0.
pub(crate) fn ln_stirling_rest(x: f64) -> f64 {
    if x >= LARGE {
        return stirling(x);
    }
    libm::lgamma(x) - ((x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln())
}

/// The same from [`LARGE`] on (Abramowitz and Stegun 6.1.41).
pub(crate) fn stirling(x: f64) -> f64 {
    let square = 1.0 / (x * x);
    let series = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
        43_867.0 / 244_188.0,
    ];
    series.iter().rev().fold(0.0, |sum, one| sum * square + one) / x
}
