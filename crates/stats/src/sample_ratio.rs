//! Sample ratio: did each arm get its part of the units? If not, something loses or adds some, and no comparison can be believed.

use crate::distribution::{chi_squared_above, ln_gamma};

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

    /// The chance of a statistic as large.
    pub fn p(&self) -> f64 {
        chi_squared_above(self.statistic, self.df)
    }

    /// Both together: of independent counts, such as the steps of a release with their own shares.
    #[must_use]
    pub fn and(&self, other: &ChiSquared) -> ChiSquared {
        ChiSquared { statistic: self.statistic + other.statistic, df: self.df + other.df }
    }
}

/// Units of each arm, and the shares that they were to have, in whatever unit; arms without a share drop out. Looked at once:
/// whoever looks again and again asks [`SequentialRatio`].
pub fn chi_squared(arms: &[(f64, f64)]) -> ChiSquared {
    let arms = || arms.iter().filter(|(_, share)| *share > 0.0).map(|(units, share)| (units.max(0.0), *share));
    let (units, shares) = arms().fold((0.0, 0.0), |(units, shares), arm| (units + arm.0, shares + arm.1));
    let statistic =
        arms().map(|(observed, share)| (observed - units * share / shares).powi(2) / (units * share / shares));
    ChiSquared::of(statistic.sum(), arms().count() as f64 - 1.0)
}

/// Whether the arms have the same make-up, such as of browsers: counts by arm (rows) and kind (columns). Rows and columns without
/// units drop out; rows that are shorter than others end in zeros.
pub fn contingency(rows: &[Vec<f64>]) -> ChiSquared {
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let at = |row: &Vec<f64>, column: usize| row.get(column).copied().unwrap_or_default().max(0.0);
    let of_rows: Vec<f64> = rows.iter().map(|row| (0..width).map(|column| at(row, column)).sum()).collect();
    let of_columns: Vec<f64> = (0..width).map(|column| rows.iter().map(|row| at(row, column)).sum()).collect();
    let all: f64 = of_rows.iter().sum();
    let mut statistic = 0.0;
    for (row, of_row) in rows.iter().zip(&of_rows) {
        for (column, of_column) in of_columns.iter().enumerate() {
            let expected = of_row * of_column / all;
            if expected > 0.0 {
                statistic += (at(row, column) - expected).powi(2) / expected;
            }
        }
    }
    let counted = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count() as f64 - 1.0;
    ChiSquared::of(statistic, counted(&of_rows) * counted(&of_columns))
}

/// The weight of the prior around the shares.
const KAPPA: f64 = 10_000.0;

/// A sample ratio that may be looked at after every poll: a Bayes factor of "some other shares" against these ones, which is a
/// martingale. Source: Lindon and Malek, "Anytime-valid inference for multinomial count data" (2020); `ssrm-test`.
#[derive(Clone, Debug, PartialEq)]
pub struct SequentialRatio {
    /// Units and share, of 1, of each arm.
    arms: Vec<(f64, f64)>,
    ln_e_max: f64,
}

impl SequentialRatio {
    /// No units yet. Shares are in whatever unit; what is not above 0 drops out.
    pub fn new(shares: &[f64]) -> SequentialRatio {
        let all: f64 = shares.iter().filter(|share| **share > 0.0).sum();
        let arms = shares.iter().map(|share| (0.0, if *share > 0.0 { share / all } else { 0.0 })).collect();
        SequentialRatio { arms, ln_e_max: 0.0 }
    }

    /// Adds the units of a poll, by arm.
    pub fn add(&mut self, units: &[f64]) {
        for (arm, units) in self.arms.iter_mut().zip(units) {
            if arm.1 > 0.0 {
                arm.0 += units.max(0.0);
            }
        }
        self.ln_e_max = self.ln_e_max.max(self.ln_e());
    }

    /// The logarithm of the evidence of now.
    pub fn ln_e(&self) -> f64 {
        let arms = || self.arms.iter().filter(|(_, share)| *share > 0.0);
        let units: f64 = arms().map(|(units, _)| units).sum();
        let of_arms = arms().map(|(units, share)| {
            let weight = KAPPA * share;
            rising(weight, *units) - units * share.ln()
        });
        of_arms.sum::<f64>() - rising(KAPPA, units)
    }

    /// The least chance so far: it is below alpha with at most that chance, however often one looks.
    pub fn p(&self) -> f64 {
        (-self.ln_e_max).exp().min(1.0)
    }
}

/// ln Γ(a + n) - ln Γ(a).
fn rising(a: f64, n: f64) -> f64 {
    ln_gamma(a + n) - ln_gamma(a)
}
