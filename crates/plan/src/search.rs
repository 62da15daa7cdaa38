//! The smallest ratio that is found with a chance by the end of each stretch. What is found rises with the ratio, and as a quantile of
//! the normal distribution nearly by a straight line, so that few walks do.

use crate::stretch::Stretch;
use crate::walk::Gate;
use weir_stats::distribution::normal_quantile_above;

/// Ratios that nobody tells apart.
const RATIO_EXACT: f64 = 0.003;
/// Ratios between which the line is as good as a walk.
const STRAIGHT: f64 = 0.08;
/// Times as far from the margin as the greatest ratio that was tried.
const FARTHER: f64 = 1.8;
/// Chances beyond this say only on which side a ratio is.
const TELLING: f64 = 1e-4;

/// A search among ratios that were tried: each with what was found of it by the end of the first stretches.
pub struct Search<'a> {
    gate: &'a Gate,
    stretches: &'a [Stretch],
    tried: Vec<(f64, Vec<f64>)>,
}

impl<'a> Search<'a> {
    /// With what is known of some ratios already.
    pub fn new<const N: usize>(gate: &'a Gate, stretches: &'a [Stretch], known: [(f64, Vec<f64>); N]) -> Search<'a> {
        let least = 1.0 + gate.margin;
        Search { gate, stretches, tried: known.into_iter().filter(|(ratio, _)| *ratio > least).collect() }
    }

    /// The smallest ratio by the end of each stretch; none where even that all requests are bad is not found.
    pub fn smallest(mut self, sure: f64) -> Vec<Option<f64>> {
        // A walk to the end of the last tells of those before it too.
        let mut smallest: Vec<Option<f64>> =
            (0..self.stretches.len()).rev().map(|index| self.of(index, sure)).collect();
        smallest.reverse();
        smallest
    }

    fn of(&mut self, index: usize, sure: f64) -> Option<f64> {
        let (least, most) = (1.0 + self.gate.margin, 1.0 / self.gate.rate);
        let away = |ratio: f64| (ratio / least).ln();
        loop {
            let tried = self.tried.iter().filter_map(|(ratio, found)| Some((*ratio, *found.get(index)?)));
            let (found, missed): (Vec<_>, Vec<_>) = tried.partition(|(_, found)| *found >= sure);
            let low = missed.into_iter().max_by(|one, other| one.0.total_cmp(&other.0));
            let high = found.into_iter().min_by(|one, other| one.0.total_cmp(&other.0));
            let below = low.map_or(least, |(ratio, _)| ratio);
            let next = match high {
                Some((above, _)) if above / below <= 1.0 + RATIO_EXACT => return Some(above),
                Some(high) => match between(low, high, sure, &away) {
                    Some(far) if high.0 / below <= 1.0 + STRAIGHT => return Some(least * far.exp()),
                    Some(far) => least * aside(far, below, high.0, &away).exp(),
                    None => (below * high.0).sqrt(),
                },
                None if below >= most => return None,
                None => (least * (FARTHER * away(below).max(0.2)).exp()).min(most),
            };
            self.try_ratio(next, index);
        }
    }

    fn try_ratio(&mut self, ratio: f64, index: usize) {
        let stretches = self.stretches.get(..=index).unwrap_or_default();
        self.tried.push((ratio, self.gate.found(stretches, ratio)));
    }
}

/// Where a straight line between two ratios has the chance.
fn between(low: Option<(f64, f64)>, high: (f64, f64), sure: f64, away: &impl Fn(f64) -> f64) -> Option<f64> {
    let low = low.filter(|(_, found)| *found > TELLING)?;
    if high.1 > 1.0 - TELLING {
        return None;
    }
    let z = |found: f64| normal_quantile_above(1.0 - found);
    let (from, to) = (away(low.0), away(high.0));
    let far = from + (z(sure) - z(low.1)) / (z(high.1) - z(low.1)) * (to - from);
    (far > from && far < to).then_some(far)
}

/// A little to the side of the farther one, so that both come so near that the line is straight between them.
fn aside(far: f64, below: f64, above: f64, away: &impl Fn(f64) -> f64) -> f64 {
    let (from, to, by) = (away(below), away(above), 0.4 * STRAIGHT);
    let to_farther = if far - from > to - far { far - by } else { far + by };
    if to_farther > from && to_farther < to { to_farther } else { far }
}
