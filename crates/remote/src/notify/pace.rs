//! How long is waited between one try and the next.

use std::time::Duration;

/// Each wait is about twice the one before, up to a bound.
#[derive(Clone, Copy)]
pub struct Pace {
    pub first: Duration,
    pub most: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { first: Duration::from_secs(1), most: Duration::from_secs(5 * 60) }
    }
}

impl Pace {
    /// The wait after so many tries in vain: from half of what it may be to all of it, by chance, so that servers that were
    /// refused together do not come back together.
    pub fn after(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let most = self.first.saturating_mul(1 << doublings).min(self.most);
        // Without dice all of it is waited.
        let dice = getrandom::u32().unwrap_or(u32::MAX);
        most.mul_f64(0.5 + f64::from(dice) / f64::from(u32::MAX) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound() {
        for (failures, most) in [(0, 1), (1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (u32::MAX, 300)] {
            let most = Duration::from_secs(most);
            for _ in 0..100 {
                let wait = Pace::default().after(failures);
                assert!((most / 2..=most).contains(&wait), "{failures}: {wait:?}");
            }
        }
    }
}
