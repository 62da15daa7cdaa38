//! Deviation: whether an arm and control have their planned parts of the requests, as a release of Weir judges it.

use weir_stats::sample_ratio::SequentialRatio;

use crate::crowd::PARTS;
use crate::run::{Judge, Look, Verdict};
use crate::traffic::Parts;

/// The chance below which a deviation is believed, as the least of all looks.
const ALPHA: f64 = 0.001;
/// How many times as many requests as make the threshold significant at once it takes.
const TIMES: f64 = 10.0;
/// The critical value of the chi-squared distribution of one degree of freedom at 0.05%.
const CRITICAL: f64 = 12.1157;
/// How many standard errors, as parts show them, a deviation has to be.
const ERRORS: f64 = 4.0;

/// Stops where an arm deviates. What was counted in a step before does not count.
#[derive(Clone, Debug, Default)]
pub struct Deviation {
    step: Option<usize>,
    of_arms: Vec<Ratio>,
}

/// An arm beside control, in one step.
#[derive(Clone, Debug)]
struct Ratio {
    /// The arm's planned part of both.
    planned: f64,
    threshold: f64,
    sequential: SequentialRatio,
    /// Requests by part, of the arm and of control.
    parts: [[f64; PARTS]; 2],
}

impl Judge for Deviation {
    fn look(&mut self, look: &Look) -> Verdict {
        let Some((control, arms)) = look.counted.split_last() else { return Verdict::Go };
        if self.step != Some(look.step) {
            self.step = Some(look.step);
            let ratio = |arm| Ratio::new(look.arms.part_of_arm(arm), threshold(look.share));
            self.of_arms = (0..arms.len()).map(ratio).collect();
        }
        if look.in_warmup {
            return Verdict::Go;
        }
        let mut deviates = false;
        for (ratio, arm) in self.of_arms.iter_mut().zip(arms) {
            ratio.add(arm, control);
            deviates |= ratio.deviates();
        }
        if deviates { Verdict::Stop } else { Verdict::Go }
    }
}

/// How far off is too far, at a share.
fn threshold(share: f64) -> f64 {
    match share {
        ..=0.05 => 0.2,
        ..=0.1 => 0.1,
        ..=0.5 => 0.05,
        _ => 0.03,
    }
}

impl Ratio {
    fn new(planned: f64, threshold: f64) -> Ratio {
        let sequential = SequentialRatio::new(&[planned, 1.0 - planned]);
        Ratio { planned, threshold, sequential, parts: Default::default() }
    }

    fn add(&mut self, arm: &Parts, control: &Parts) {
        let sums = [arm, control].map(|counted| counted.iter().map(|part| part.all).sum());
        self.sequential.add(&sums);
        for (parts, counted) in self.parts.iter_mut().zip([arm, control]) {
            parts.iter_mut().zip(counted).for_each(|(part, counted)| *part += counted.all);
        }
    }

    fn deviates(&self) -> bool {
        let [arm, control] = self.parts.map(|parts| parts.iter().sum::<f64>());
        let (planned, rest) = (self.planned, 1.0 - self.planned);
        if arm == 0.0 || control == 0.0 || rest <= 0.0 {
            return false;
        }
        let all = arm + control;
        let furthest = (arm / (all * planned) - 1.0).abs().max((control / (all * rest) - 1.0).abs());
        let variance: f64 = self.parts.iter().map(variance_of_logarithm).sum();
        all >= TIMES * CRITICAL * rest / (planned * self.threshold * self.threshold)
            && furthest >= self.threshold
            && (arm * rest / (control * planned)).ln().abs() >= ERRORS * variance.sqrt()
            && self.sequential.p() < ALPHA
    }
}

/// Of the sum of parts, by how unlike each other they are.
fn variance_of_logarithm(parts: &[f64; PARTS]) -> f64 {
    let (sum, count) = (parts.iter().sum::<f64>(), PARTS as f64);
    let squares: f64 = parts.iter().map(|part| (part - sum / count).powi(2)).sum();
    count / (count - 1.0) * squares / (sum * sum)
}

#[cfg(test)]
mod tests;
