//! Deviation: whether an arm and control have their planned parts of the requests. If not, requests get lost or users moved, and no
//! comparison of the two can be believed.

use serde::{Deserialize, Serialize};
use weir_policy::evidence::PARTS;
use weir_stats::sample_ratio::SequentialRatio;

const COUNT: usize = PARTS as usize;

/// The chance below which a deviation is believed, as the least of all looks.
const P: f64 = 0.001;
/// How many times the requests at which the threshold is significant when looked at once must have come.
const TIMES: f64 = 10.0;
/// The critical value of the chi-squared distribution of one degree of freedom at 0.05%.
const CRITICAL: f64 = 12.1157;
/// How many standard errors a deviation must have, as the parts of the users show them. Requests are not users: without this
/// condition a tenth of good releases with heavy users stop.
const ERRORS: f64 = 4.0;

/// A deviation that is the threshold exactly is one, whatever its last bits.
const LAST_BITS: f64 = 1e-12;

/// Requests of an arm and of control by part, in one step and after its warm-up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deviation {
    arm: [u64; COUNT],
    control: [u64; COUNT],
    /// The logarithm of the most evidence so far.
    ln_e_max: f64,
}

/// How far off an arm and control are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Off {
    /// The arm that is held against control.
    pub arm: String,
    /// Its requests.
    pub requests: u64,
    /// Those of control.
    pub control: u64,
    /// The part of both that is planned to be the arm's.
    pub planned: f64,
    /// By what part the one that is further off has more than planned, or less: 0.2 for a fifth more.
    pub deviation: f64,
    /// Whether that is control.
    pub is_control: bool,
    /// From which deviation on it acts.
    pub threshold: f64,
    /// From how many requests of both on it acts.
    pub requests_min: f64,
    /// The least chance so far of what was seen, were nothing wrong.
    pub p: f64,
    /// The deviation in standard errors, as parts show them.
    pub errors: f64,
    /// The part furthest off: if it alone is, one heavy user or a robot is.
    pub part: u8,
    /// By how many requests the arm has more there than planned, or less.
    pub part_off: f64,
    /// Whether all conditions hold.
    pub deviates: bool,
}

/// From which deviation on it acts at a share, in parts per million.
pub(crate) fn threshold(share: u32) -> f64 {
    match share {
        0..=50_000 => 0.2,
        50_001..=100_000 => 0.1,
        100_001..=500_000 => 0.05,
        _ => 0.03,
    }
}

impl Deviation {
    /// Adds a poll; `planned` is the arm's planned part of both.
    pub fn add(&mut self, planned: f64, arm: &[u64; COUNT], control: &[u64; COUNT]) {
        let mut sequential =
            SequentialRatio::resumed(&[planned, 1.0 - planned], &[sum(&self.arm), sum(&self.control)], self.ln_e_max);
        sequential.add(&[sum(arm), sum(control)]);
        self.ln_e_max = sequential.ln_e_max();
        for (all, more) in [(&mut self.arm, arm), (&mut self.control, control)] {
            all.iter_mut().zip(more).for_each(|(all, more)| *all = all.saturating_add(*more));
        }
    }

    /// How far off they are.
    pub fn off(&self, arm: &str, planned: f64, threshold: f64) -> Off {
        let (requests, control, rest) = (sum(&self.arm), sum(&self.control), 1.0 - planned);
        let all = requests + control;
        let away = |requests: f64, part: f64| if all > 0.0 { requests / (all * part) - 1.0 } else { 0.0 };
        let (of_arm, of_control) = (away(requests, planned), away(control, rest));
        // Relatively, the one that was to have less is.
        let is_control = rest < planned;
        let deviation = if is_control { of_control } else { of_arm };
        let requests_min = TIMES * CRITICAL * rest / (planned * threshold * threshold);
        let (p, errors) = ((-self.ln_e_max).exp().min(1.0), self.errors(planned));
        let (part, part_off) = self.furthest(planned);
        let deviates = requests > 0.0
            && control > 0.0
            && all >= requests_min
            && p < P
            && deviation.abs() + LAST_BITS >= threshold
            && errors >= ERRORS;
        Off {
            arm: arm.to_owned(),
            requests: requests as u64,
            control: control as u64,
            planned,
            deviation,
            is_control,
            threshold,
            requests_min,
            p,
            errors,
            part,
            part_off,
            deviates,
        }
    }

    /// |ln of the ratio to the planned one| in standard errors; 0 where nothing can be said.
    fn errors(&self, planned: f64) -> f64 {
        let (arm, control) = (sum(&self.arm), sum(&self.control));
        let away = (arm * (1.0 - planned) / (control * planned)).ln().abs();
        let error = (variance_of_ln(&self.arm) + variance_of_ln(&self.control)).sqrt();
        let errors = away / error;
        match errors.is_nan() {
            true => 0.0,
            // Parts without any scatter: however little it is off, it is more than that.
            false => errors.min(f64::MAX),
        }
    }

    /// The part in which the arm has the most requests too many or too few.
    fn furthest(&self, planned: f64) -> (u8, f64) {
        let off = self.arm.iter().zip(&self.control).map(|(arm, control)| {
            let (arm, control) = (*arm as f64, *control as f64);
            arm - planned * (arm + control)
        });
        (0..PARTS).zip(off).fold((0, 0.0), |most: (u8, f64), one| if one.1.abs() > most.1.abs() { one } else { most })
    }
}

/// The variance of the logarithm of the sum of parts, by how unlike each other they are.
fn variance_of_ln(parts: &[u64; COUNT]) -> f64 {
    let (all, count) = (sum(parts), f64::from(PARTS));
    let squares: f64 = parts.iter().map(|part| (*part as f64 - all / count).powi(2)).sum();
    count / (count - 1.0) * squares / (all * all)
}

fn sum(parts: &[u64; COUNT]) -> f64 {
    parts.iter().fold(0, |all: u64, part| all.saturating_add(*part)) as f64
}
