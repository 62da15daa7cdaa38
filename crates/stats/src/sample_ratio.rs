//! Sample ratio: did each arm get its part of the units? If not, something loses or adds some, and no comparison can be believed.
//!
//! Units are independent: users, or requests divided by their design effect. At large numbers both tests see what is too small to
//! matter, so whoever stops by them asks for a deviation that matters too. An arm without a share is not looked at: units in
//! it are a leak, whatever the others have.

use crate::count::counted;
use crate::distribution::{chi_squared_above, ln_stirling_rest, normal_quantile_above};

/// A chi-squared test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquared {
    /// Σ (O - E)²/E.
    pub statistic: f64,
    /// Degrees of freedom; 0 where nothing could be compared.
    pub df: f64,
}

impl ChiSquared {
    /// What is beyond f64 was not compared.
    fn of(statistic: f64, df: f64) -> ChiSquared {
        if statistic.is_finite() && df > 0.0 {
            ChiSquared { statistic, df }
        } else {
            ChiSquared { statistic: 0.0, df: 0.0 }
        }
    }

    /// The chance of a statistic as large; 1 where nothing could be compared.
    pub fn p(&self) -> f64 {
        let p = chi_squared_above(self.statistic, self.df);
        if p.is_nan() { 1.0 } else { p }
    }

    /// Both together: of independent counts, such as the steps of a release with their own shares.
    #[must_use]
    pub fn and(&self, other: &ChiSquared) -> ChiSquared {
        ChiSquared::of(self.statistic + other.statistic, self.df + other.df)
    }
}

/// Whether units came as shares said, looked at once: units of each arm, and its share, in whatever unit. Good where each arm expects
/// five units and more. Whoever looks again and again asks [`SequentialRatio`].
///
/// Source: Pearson (1900).
pub fn chi_squared(arms: &[(f64, f64)]) -> ChiSquared {
    let (arms, units) = expected(arms);
    let statistic = arms.iter().map(|(observed, part)| (observed - units * part).powi(2) / (units * part));
    ChiSquared::of(statistic.sum(), arms.len() as f64 - 1.0)
}

/// The weight of the prior around the shares.
const KAPPA: f64 = 10_000.0;

/// The same, looked at as often as one likes: evidence that the shares are others.
///
/// A Bayes factor of a Dirichlet prior around the shares with the weight 10,000, which is a martingale. Source: Lindon and Malek,
/// "Anytime-valid inference for multinomial count data" (2020); `ssrm-test`.
#[derive(Clone, Debug, PartialEq)]
pub struct SequentialRatio {
    /// Share of each arm, in whatever unit.
    shares: Vec<f64>,
    units: Vec<f64>,
    ln_e_max: f64,
}

impl SequentialRatio {
    /// No units yet. Shares are in whatever unit; arms whose share is not above 0 are not looked at.
    pub fn new(shares: &[f64]) -> SequentialRatio {
        SequentialRatio { shares: shares.to_vec(), units: vec![0.0; shares.len()], ln_e_max: 0.0 }
    }

    /// Goes on from what [`SequentialRatio::units`] and [`SequentialRatio::ln_e_max`] said. Arms that are missing have no units.
    pub fn resumed(shares: &[f64], units: &[f64], ln_e_max: f64) -> SequentialRatio {
        let mut resumed = SequentialRatio::new(shares);
        resumed.add(units);
        resumed.ln_e_max = if ln_e_max.is_finite() { ln_e_max.max(0.0) } else { 0.0 };
        resumed
    }

    /// Units of each arm so far.
    pub fn units(&self) -> &[f64] {
        &self.units
    }

    /// The logarithm of the most evidence so far, at least 0.
    pub fn ln_e_max(&self) -> f64 {
        self.ln_e_max
    }

    /// Adds the units of a poll, by arm.
    pub fn add(&mut self, units: &[f64]) {
        for (all, units) in self.units.iter_mut().zip(units) {
            *all = counted(*all + counted(*units));
        }
        self.ln_e_max = self.ln_e_max.max(self.ln_e());
    }

    /// The logarithm of the evidence of now, which comes from all units so far alone; 0 where there is none.
    pub fn ln_e(&self) -> f64 {
        let arms: Vec<(f64, f64)> = self.units.iter().copied().zip(self.shares.iter().copied()).collect();
        let (arms, units) = expected(&arms);
        // The gamma functions by Stirling's formula, whose large parts cancel on paper: what is left of them is how far the shares of
        // prior and units together are from the shares, and small corrections.
        let all = KAPPA + units;
        let of_arm = |(observed, part): &(f64, f64)| {
            let away = (observed - units * part) / (part * all);
            let divergence = part * all * (away * away.ln_1p() - (away - away.ln_1p()));
            divergence - correction(KAPPA * part, *observed)
        };
        let ln_e = arms.iter().map(of_arm).sum::<f64>() + correction(KAPPA, units);
        if arms.len() > 1 && ln_e.is_finite() { ln_e } else { 0.0 }
    }

    /// The least chance so far: it is below alpha with at most that chance, however often one looks.
    pub fn p(&self) -> f64 {
        (-self.ln_e_max).exp().min(1.0)
    }
}

/// By how much ln √x less what Stirling's formula lacks grows from `a` to `a + n`.
fn correction(a: f64, n: f64) -> f64 {
    0.5 * (n / a).ln_1p() - (ln_stirling_rest(a + n) - ln_stirling_rest(a))
}

/// Units of both arms at which a deviation by the part `deviation` of an arm that was to have the part `part` of them gives this
/// p-value. Infinite for no deviation, and for an arm that was to have none or all.
pub fn units_to_see(part: f64, deviation: f64, p: f64) -> f64 {
    let critical = normal_quantile_above(0.5 * p).powi(2);
    let units = critical * (1.0 - part) / (part * deviation * deviation);
    if part > 0.0 && part < 1.0 && !units.is_nan() { units } else { f64::INFINITY }
}

/// Whether the arms have the same make-up, such as of browsers: counts by arm (rows) and kind (columns). Rows and columns without
/// units drop out; rows that are shorter than others end in zeros. Looked at once; good where each count is five and more.
pub fn contingency(rows: &[Vec<f64>]) -> ChiSquared {
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let at = |row: &Vec<f64>, column: usize| counted(row.get(column).copied().unwrap_or_default());
    let of_rows: Vec<f64> = rows.iter().map(|row| (0..width).map(|column| at(row, column)).sum()).collect();
    let of_columns: Vec<f64> = (0..width).map(|column| rows.iter().map(|row| at(row, column)).sum()).collect();
    let all: f64 = of_rows.iter().sum();
    let mut statistic = 0.0;
    for (row, of_row) in rows.iter().zip(&of_rows) {
        for (column, of_column) in of_columns.iter().enumerate() {
            let expected = of_row / all * of_column;
            if expected > 0.0 {
                statistic += (at(row, column) - expected).powi(2) / expected;
            }
        }
    }
    let kinds = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count() as f64 - 1.0;
    ChiSquared::of(statistic, kinds(&of_rows) * kinds(&of_columns))
}

/// Units and part, of 1, of each arm with a share, and the units of all of these.
fn expected(arms: &[(f64, f64)]) -> (Vec<(f64, f64)>, f64) {
    let arms = || arms.iter().filter(|(_, share)| *share > 0.0).map(|(units, share)| (counted(*units), *share));
    let (units, shares) = arms().fold((0.0, 0.0), |(units, shares), arm| (units + arm.0, shares + arm.1));
    (arms().map(|(observed, share)| (observed, share / shares)).collect(), units)
}
