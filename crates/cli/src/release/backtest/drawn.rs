//! What a picture needs of many looks: more of them than it has room for are thinned out as they come.

use weir_release::Looked;
use weir_release::judge::GuardrailNumbers;

/// As many as a wide picture has points across.
const LOOKS_MAX: usize = 1_000;

/// Each so many looks, and the last.
pub struct Drawn {
    looks: Vec<(f64, Vec<GuardrailNumbers>)>,
    last: Option<(f64, Vec<GuardrailNumbers>)>,
    every: usize,
    seen: usize,
}

impl Default for Drawn {
    fn default() -> Drawn {
        Drawn { looks: Vec::new(), last: None, every: 1, seen: 0 }
    }
}

impl Drawn {
    /// The next look.
    pub fn add(&mut self, look: &Looked) {
        let now = (look.after.as_secs_f64(), look.guardrails.clone());
        self.last = None;
        if self.seen.is_multiple_of(self.every) {
            self.looks.push(now);
        } else {
            self.last = Some(now);
        }
        self.seen += 1;
        if self.looks.len() > LOOKS_MAX {
            let mut place = 0;
            self.looks.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.every *= 2;
        }
    }

    /// Seconds since the first, each with its numbers.
    pub fn looks(&self) -> impl Iterator<Item = (f64, &[GuardrailNumbers])> {
        self.looks.iter().chain(&self.last).map(|(at, numbers)| (*at, numbers.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    #[test]
    fn however_many_come_few_are_kept_with_the_first_and_the_last() {
        for count in [1, 2, 1_000, 1_001, 1_002, 50_003] {
            let mut drawn = Drawn::default();
            for second in 0..count {
                let (at, after) = (Timestamp::UNIX_EPOCH, Duration::from_secs(second));
                let (guardrails, rolls_back) = (Vec::new(), Vec::new());
                drawn.add(&Looked { at, after, step: 0, guardrails, rolls_back, is_suspected: false });
            }
            let at: Vec<f64> = drawn.looks().map(|(at, _)| at).collect();
            assert!(
                at.len() <= LOOKS_MAX + 1 && at.len() >= (count as usize).min(LOOKS_MAX / 2),
                "{count}: {}",
                at.len()
            );
            assert_eq!((at[0], at[at.len() - 1]), (0.0, (count - 1) as f64), "{count}");
            assert!(at.is_sorted_by(|one, next| one < next), "{count}");
        }
    }
}
