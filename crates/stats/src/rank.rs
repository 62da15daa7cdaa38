//! Ranks: whether the values of one arm tend to be greater than those of another, whatever their distribution, and by how much.

use std::cmp::Ordering;

use crate::Interval;
use crate::distribution::{normal_above, normal_quantile_above};

/// The largest arm for which [`MannWhitney::exact_p`] counts all orders.
pub const EXACT_MAX: usize = 20;
/// The most values in an arm whose shift is asked for: all pairs are looked at again and again.
pub const SHIFT_MAX: usize = 100_000;

/// The Mann-Whitney test of a treatment against a control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannWhitney {
    /// Pairs of a treatment's and a control's value in which the treatment's is greater; ties count half.
    pub u: f64,
    /// Values of the control.
    pub control: f64,
    /// Values of the treatment.
    pub treatment: f64,
    /// Σ(t³ - t) over groups of t equal values.
    ties: f64,
}

impl MannWhitney {
    /// Of single values. What is NaN is left out.
    pub fn of(control: &[f64], treatment: &[f64]) -> MannWhitney {
        let tagged = |values: &[f64], mine: f64| -> Vec<(f64, f64)> {
            values.iter().filter(|value| !value.is_nan()).map(|value| (*value, mine)).collect()
        };
        let mut all = tagged(control, 0.0);
        all.extend(tagged(treatment, 1.0));
        all.sort_by(|one, other| one.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal));
        let groups = all.chunk_by(|one, other| one.0 == other.0).map(|group| {
            let mine: f64 = group.iter().map(|(_, mine)| mine).sum();
            (group.len() as f64 - mine, mine)
        });
        MannWhitney::grouped(groups)
    }

    /// Of counts in ordered groups, as a histogram has them: control's and treatment's of each, the least values first. Values of
    /// one group are taken for equal. It is the test of [`MannWhitney::of`] in as many steps as there are groups.
    pub fn grouped(groups: impl IntoIterator<Item = (f64, f64)>) -> MannWhitney {
        let mut sums = MannWhitney { u: 0.0, control: 0.0, treatment: 0.0, ties: 0.0 };
        for (control, treatment) in groups {
            let (control, treatment) = (control.max(0.0), treatment.max(0.0));
            sums.u += treatment * (sums.control + 0.5 * control);
            sums.control += control;
            sums.treatment += treatment;
            let equal = control + treatment;
            sums.ties += equal * (equal * equal - 1.0).max(0.0);
        }
        sums
    }

    /// The chance that a treatment's value is greater than a control's (common language effect size); 1/2 without values.
    pub fn greater(&self) -> f64 {
        let pairs = self.control * self.treatment;
        if pairs > 0.0 { self.u / pairs } else { 0.5 }
    }

    /// The chance, were both alike, that values are as far apart in either direction; normal, corrected for ties and by half a
    /// pair for continuity. For 8 values and more in each arm.
    pub fn p(&self) -> f64 {
        let far = self.u.max(self.control * self.treatment - self.u);
        (2.0 * normal_above(self.standardised(far))).min(1.0)
    }

    /// The same in one direction: that the treatment's values are so great.
    pub fn p_greater(&self) -> f64 {
        if self.sigma() > 0.0 { normal_above(self.standardised(self.u)) } else { 1.0 }
    }

    /// The chance in either direction by counting all orders; none with ties, or with more than [`EXACT_MAX`] values in an arm.
    pub fn exact_p(&self) -> Option<f64> {
        let is_small = self.control <= EXACT_MAX as f64 && self.treatment <= EXACT_MAX as f64;
        if self.ties > 0.0 || !is_small || self.control < 1.0 || self.treatment < 1.0 {
            return None;
        }
        let orders = orders(self.control as usize, self.treatment as usize);
        let far = self.u.max(self.control * self.treatment - self.u);
        let beyond: f64 = orders.iter().skip(far as usize).sum();
        Some((2.0 * beyond / orders.iter().sum::<f64>()).min(1.0))
    }

    fn standardised(&self, u: f64) -> f64 {
        let sigma = self.sigma();
        // Without spread nothing is far: p is 1.
        if sigma > 0.0 { (u - 0.5 * self.control * self.treatment - 0.5) / sigma } else { f64::NEG_INFINITY }
    }

    /// U from its mean, less a correction, in standard deviations; without spread in whole pairs.
    fn standardised_by(&self, correction: f64) -> f64 {
        let (away, sigma) = (self.u - 0.5 * self.control * self.treatment - correction, self.sigma());
        if sigma > 0.0 { away / sigma } else { away }
    }

    fn sigma(&self) -> f64 {
        let n = self.control + self.treatment;
        if n < 2.0 {
            return 0.0;
        }
        let tied = self.ties / (n * (n - 1.0));
        (self.control * self.treatment / 12.0 * (n + 1.0 - tied)).max(0.0).sqrt()
    }
}

/// How many orders of n₁ and n₂ values have each U, from 0 to n₁n₂ (Mann and Whitney's recursion, as a product of polynomials:
/// Π (1 - x^(n₂+i)) / (1 - x^i)).
fn orders(n1: usize, n2: usize) -> Vec<f64> {
    let size = n1 * n2 + 1;
    let mut all = vec![0.0; size];
    if let Some(first) = all.first_mut() {
        *first = 1.0;
    }
    for i in 1..=n1 {
        // Times 1 - x^(n2+i), from the top so that each is used before it changes.
        for k in (n2 + i..size).rev() {
            let below = all.get(k - n2 - i).copied().unwrap_or_default();
            if let Some(one) = all.get_mut(k) {
                *one -= below;
            }
        }
        // Through 1 - x^i.
        for k in i..size {
            let below = all.get(k - i).copied().unwrap_or_default();
            if let Some(one) = all.get_mut(k) {
                *one += below;
            }
        }
    }
    all
}

/// By how much a treatment's values lie above a control's: a shift, with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Hodges and Lehmann's estimate, in the unit of the values.
    pub estimate: f64,
    /// The shifts that the test would not refuse.
    pub interval: Interval,
}

/// The Hodges-Lehmann shift: the one by which both arms would look alike to the test, and those at which it gives `alpha`; as R's
/// `wilcox.test(treatment, control, conf.int = TRUE, exact = FALSE)`, which looks for them with a tolerance of 1e-4. None
/// where an arm is empty or larger than [`SHIFT_MAX`], or values are not finite.
pub fn hodges_lehmann(control: &[f64], treatment: &[f64], alpha: f64) -> Option<Shift> {
    let is_good = |all: &[f64]| !all.is_empty() && all.len() <= SHIFT_MAX && all.iter().all(|one| one.is_finite());
    if !is_good(control) || !is_good(treatment) {
        return None;
    }
    let sorted = |all: &[f64]| {
        let mut all = all.to_vec();
        all.sort_by(f64::total_cmp);
        all
    };
    let (control, treatment) = (sorted(control), sorted(treatment));
    let z = normal_quantile_above(0.5 * alpha.clamp(f64::MIN_POSITIVE, 1.0));
    let search = |is_low: &dyn Fn(&MannWhitney) -> bool| shift_at(&control, &treatment, is_low);
    // Between both the test sees no difference at all: the middle is the median of all differences.
    let estimate =
        0.5 * (search(&|test| test.standardised_by(0.0) > 0.0) + search(&|test| test.standardised_by(0.0) >= 0.0));
    let low = search(&|test| test.standardised_by(0.5) > z);
    let high = search(&|test| test.standardised_by(-0.5) >= -z);
    Some(Shift { estimate, interval: Interval { low, high } })
}

/// The shift up to which the test finds it too low, by bisection: the statistic never rises with the shift.
fn shift_at(control: &[f64], treatment: &[f64], is_low: &dyn Fn(&MannWhitney) -> bool) -> f64 {
    let ends = |all: &[f64]| (all.first().copied().unwrap_or_default(), all.last().copied().unwrap_or_default());
    let ((c0, c1), (t0, t1)) = (ends(control), ends(treatment));
    let (mut low, mut high) = (t0 - c1, t1 - c0);
    let span = (high - low).abs().max(low.abs()).max(high.abs());
    while high - low > 1e-12 * span {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if is_low(&shifted(control, treatment, middle)) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The test of sorted values, the treatment's less a shift.
fn shifted(control: &[f64], treatment: &[f64], shift: f64) -> MannWhitney {
    let mut controls = control.iter().copied().peekable();
    let mut treatments = treatment.iter().map(|value| value - shift).peekable();
    let groups = std::iter::from_fn(|| {
        let value = match (controls.peek(), treatments.peek()) {
            (Some(c), Some(t)) => c.min(*t),
            (Some(c), None) => *c,
            (None, Some(t)) => *t,
            (None, None) => return None,
        };
        let mut counts = (0.0, 0.0);
        while controls.next_if(|one| *one <= value).is_some() {
            counts.0 += 1.0;
        }
        while treatments.next_if(|one| *one <= value).is_some() {
            counts.1 += 1.0;
        }
        Some(counts)
    });
    MannWhitney::grouped(groups)
}
