//! Ranks: whether the values of one arm tend to be greater than those of another, whatever their distribution, and by how much.
//! Looked at once; values are independent of each other.
//!
//! The test is blind to spread, and to a tail that few values are in: arms of which one varies more may look alike to it. Shares
//! beyond a bound ([`crate::histogram::above`]) see those.

use crate::Interval;
use crate::count::counted;
use crate::distribution::{normal_above, normal_quantile_above};

/// The largest arm for which [`MannWhitney::exact_p`] counts all orders.
pub const EXACT_MAX: usize = 20;
/// The most values in an arm whose shift is asked for: all of them are looked at hundreds of times.
pub const SHIFT_MAX: usize = 100_000;

/// The Mann-Whitney test of a treatment against a control.
///
/// Source: Mann and Whitney (1947); variance with ties as in Lehmann, "Nonparametrics" (1975), 1.5.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannWhitney {
    /// Pairs of a treatment's and a control's value in which the treatment's is greater; ties count half.
    pub u: f64,
    /// Values of the control.
    pub control: f64,
    /// Values of the treatment.
    pub treatment: f64,
    /// (N³ - Σt³)/3 over groups of t equal values, as a sum in which nothing cancels where nearly all values are equal.
    spread: f64,
    /// No two values are equal.
    is_distinct: bool,
}

impl MannWhitney {
    /// Of single values. What is NaN is left out; infinite values are greater or less than all others.
    pub fn of(control: &[f64], treatment: &[f64]) -> MannWhitney {
        let tagged = |values: &[f64], mine: f64| -> Vec<(f64, f64)> {
            // -0 is 0.
            values.iter().filter(|value| !value.is_nan()).map(|value| (value + 0.0, mine)).collect()
        };
        let mut all = tagged(control, 0.0);
        all.extend(tagged(treatment, 1.0));
        all.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        let groups = all.chunk_by(|one, other| one.0 == other.0).map(|group| {
            let mine: f64 = group.iter().map(|(_, mine)| mine).sum();
            (group.len() as f64 - mine, mine)
        });
        MannWhitney::grouped(groups)
    }

    /// Of counts in ordered groups, as a histogram has them: control's and treatment's of each, the least values first. Values of
    /// one group are taken for equal. It is the test of [`MannWhitney::of`] in as many steps as there are groups.
    pub fn grouped(groups: impl IntoIterator<Item = (f64, f64)>) -> MannWhitney {
        let mut sums = MannWhitney { u: 0.0, control: 0.0, treatment: 0.0, spread: 0.0, is_distinct: true };
        for (control, treatment) in groups {
            let (control, treatment) = (counted(control), counted(treatment));
            let (below, equal) = (sums.control + sums.treatment, control + treatment);
            sums.u += treatment * (sums.control + 0.5 * control);
            sums.spread += below * equal * (below + equal);
            sums.is_distinct &= equal == 0.0 || equal == 1.0;
            sums.control += control;
            sums.treatment += treatment;
        }
        sums
    }

    /// The chance that a treatment's value is greater than a control's (common language effect size); 1/2 without values.
    pub fn greater(&self) -> f64 {
        let greater = self.u / (self.control * self.treatment);
        if greater.is_nan() { 0.5 } else { greater.min(1.0) }
    }

    /// The chance, were both alike, that values are as far apart in either direction; normal, corrected for ties and by half a
    /// pair for continuity. For 8 values and more in each arm. 1 without values in an arm, and where all are equal.
    pub fn p(&self) -> f64 {
        let far = self.u.max(self.control * self.treatment - self.u);
        (2.0 * self.beyond(far)).min(1.0)
    }

    /// The same in one direction: that the treatment's values are so great.
    pub fn p_greater(&self) -> f64 {
        self.beyond(self.u)
    }

    /// The chance in either direction by counting all orders, which p-values of small arms need; none with ties, without values
    /// in an arm, or with more than [`EXACT_MAX`].
    pub fn exact_p(&self) -> Option<f64> {
        let is_counted = |count: f64| (1.0..=EXACT_MAX as f64).contains(&count);
        if !self.is_distinct || !is_counted(self.control) || !is_counted(self.treatment) {
            return None;
        }
        let orders = orders(self.control as usize, self.treatment as usize);
        let far = self.u.max(self.control * self.treatment - self.u);
        let beyond: f64 = orders.iter().skip(far as usize).sum();
        Some((2.0 * beyond / orders.iter().sum::<f64>()).min(1.0))
    }

    /// The chance of U that is at least so great.
    fn beyond(&self, u: f64) -> f64 {
        let chance = normal_above((u - 0.5 * self.control * self.treatment - 0.5) / self.sigma());
        // Without spread nothing is far.
        if self.sigma() > 0.0 && !chance.is_nan() { chance } else { 1.0 }
    }

    /// U from its mean, less a correction, in standard deviations; without spread in whole pairs.
    fn standardised(&self, correction: f64) -> f64 {
        let (away, sigma) = (self.u - 0.5 * self.control * self.treatment - correction, self.sigma());
        if sigma > 0.0 { away / sigma } else { away }
    }

    fn sigma(&self) -> f64 {
        let n = self.control + self.treatment;
        if n < 2.0 { 0.0 } else { (self.control * self.treatment / (4.0 * n * (n - 1.0)) * self.spread).sqrt() }
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
    /// Hodges and Lehmann's estimate, in the unit of the values: the median of the differences of all pairs.
    pub estimate: f64,
    /// The shifts that the test would not refuse at alpha.
    pub interval: Interval,
}

/// The Hodges-Lehmann shift: the one by which both arms would look alike to the test, and those at which its p-value is `alpha`.
/// Assumes that both distributions have one shape. None where an arm is empty or larger than [`SHIFT_MAX`], or where values or
/// their differences are not finite.
///
/// Source: Hodges and Lehmann (1963). It is what R's `wilcox.test(treatment, control, conf.int = TRUE, exact = FALSE)` and
/// Kayenta look for, which stop within 1e-4 of it.
pub fn hodges_lehmann(control: &[f64], treatment: &[f64], alpha: f64) -> Option<Shift> {
    let is_good = |all: &[f64]| !all.is_empty() && all.len() <= SHIFT_MAX && all.iter().all(|one| one.is_finite());
    if !is_good(control) || !is_good(treatment) {
        return None;
    }
    let sorted = |all: &[f64]| {
        let mut all = all.to_vec();
        all.sort_unstable_by(f64::total_cmp);
        all
    };
    let (control, treatment) = (sorted(control), sorted(treatment));
    let ends = (treatment.first()? - control.last()?, treatment.last()? - control.first()?);
    if !(ends.1 - ends.0).is_finite() {
        return None;
    }
    let z = normal_quantile_above(0.5 * alpha.clamp(f64::MIN_POSITIVE, 1.0));
    let search = |is_low: &dyn Fn(&MannWhitney) -> bool| shift_at(&control, &treatment, ends, is_low);
    // Between both the test sees no difference at all.
    let (below, above) = (search(&|test| test.standardised(0.0) > 0.0), search(&|test| test.standardised(0.0) >= 0.0));
    let low = search(&|test| test.standardised(0.5) > z);
    let high = search(&|test| test.standardised(-0.5) >= -z);
    Some(Shift { estimate: below + 0.5 * (above - below), interval: Interval { low, high } })
}

/// The shift up to which the test finds it too low. It changes its mind at the difference of a pair: found by bisection, as the
/// statistic never rises with the shift, and then taken as it is.
fn shift_at(
    control: &[f64],
    treatment: &[f64],
    (mut low, mut high): (f64, f64),
    is_low: &dyn Fn(&MannWhitney) -> bool,
) -> f64 {
    for _ in 0..100 {
        let middle = low + 0.5 * (high - low);
        if is_low(&shifted(control, treatment, middle)) { low = middle } else { high = middle }
    }
    let middle = low + 0.5 * (high - low);
    let (mut controls, mut below, mut nearest) = (control.iter().peekable(), None, f64::INFINITY);
    for value in treatment {
        // The controls around value - middle, which only goes up.
        while let Some(control) = controls.next_if(|control| value - **control >= middle) {
            below = Some(control);
        }
        for control in [below, controls.peek().copied()].into_iter().flatten() {
            let difference = value - control;
            if (difference - middle).abs() < (nearest - middle).abs() {
                nearest = difference;
            }
        }
    }
    nearest
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
