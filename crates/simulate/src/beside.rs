//! A life under others than the judge that releases have, or beside it.

use std::time::Duration;

use crate::counts::{Counts, Parts};
use crate::judge::{Fate, Judge, Look, Verdict};
use crate::life::{End, Life, Lived};
use crate::traffic::Traffic;
use crate::weir::Weir;

impl Life {
    /// What becomes of the release by several who look at the same requests. Steps end when their time is over, whoever halts.
    pub fn run_beside(&self, traffic: &mut Traffic, judges: &mut [&mut dyn Judge]) -> Vec<Fate> {
        let mut fates = vec![Fate::default(); judges.len()];
        let mut look = |look: &Look, goes_on: &[bool]| {
            let one = |(judge, goes_on): (&mut &mut dyn Judge, &bool)| goes_on.then(|| judge.look(look));
            judges.iter_mut().zip(goes_on).map(|one_of| one(one_of).unwrap_or(Verdict::Stop)).collect()
        };
        self.go(traffic, &mut fates, Duration::ZERO, &mut look);
        fates
    }

    /// The same by each guardrail of the very judge on its own, in the order of that judge's release.
    pub fn run_by_each(&self, traffic: &mut Traffic, weir: &mut Weir) -> Vec<Fate> {
        let mut fates = vec![Fate::default(); weir.guardrails()];
        self.go(traffic, &mut fates, Duration::ZERO, &mut |look, _| weir.look_by_each(look));
        fates
    }

    /// What becomes of it by a judge of another kind than a release has, for whom a step goes on for as long as it halts, up to the
    /// release's `max_hold`.
    pub fn run_under(&self, traffic: &mut Traffic, judge: &mut dyn Judge) -> Fate {
        let mut fate = [Fate::default()];
        self.go(traffic, &mut fate, self.release.max_hold, &mut |look, _| vec![judge.look(look)]);
        let [fate] = fate;
        fate
    }

    /// `look` says what each says; it is told who is not done yet.
    fn go(
        &self,
        traffic: &mut Traffic,
        fates: &mut [Fate],
        waits: Duration,
        look: &mut dyn FnMut(&Look, &[bool]) -> Vec<Verdict>,
    ) {
        let mut scene = self.scene(traffic);
        let (mut number, mut after) = (0, Duration::ZERO);
        let mut go_on = vec![true; fates.len()];
        for (step, of_step) in self.release.steps.iter().enumerate() {
            let (mut held, mut halts) = (Duration::ZERO, false);
            while held < of_step.hold || (halts && held < of_step.hold + waits) {
                let counted = scene.count(step, after);
                (held, after) = (held + self.every, after + self.every);
                let verdicts = look(&Look { number, step, arms: scene.arms(), counted: &counted }, &go_on);
                number += 1;
                halts = verdicts.contains(&Verdict::Halt);
                let (exposed, is_over) = (exposed(&counted), held >= of_step.hold);
                for ((fate, go_on), verdict) in fates.iter_mut().zip(&mut go_on).zip(verdicts) {
                    if *go_on {
                        fate.note(verdict, after, is_over);
                        fate.exposed += exposed;
                        *go_on = verdict != Verdict::Stop;
                    }
                }
                if !go_on.contains(&true) {
                    return;
                }
            }
            if halts && !waits.is_zero() {
                return;
            }
        }
    }
}

impl Fate {
    fn note(&mut self, verdict: Verdict, after: Duration, step_is_over: bool) {
        match verdict {
            Verdict::Go => {}
            Verdict::Halt => {
                self.halted.get_or_insert(after);
                if step_is_over {
                    self.held.get_or_insert(after);
                }
            }
            Verdict::Stop => self.stopped = Some(after),
        }
    }
}

/// A life by the judge that releases have, beside those by others.
impl From<&Lived> for Fate {
    fn from(lived: &Lived) -> Fate {
        Fate {
            stopped: matches!(lived.end, End::RolledBack(_)).then_some(lived.after),
            halted: lived.suspected,
            held: lived.held,
            deviated: lived.deviated,
            exposed: lived.met.requests,
        }
    }
}

/// Requests of all arms but control.
fn exposed(counted: &[Parts]) -> f64 {
    let arms = counted.split_last().map_or(&[][..], |(_, arms)| arms);
    arms.iter().map(|arm| Counts::sum(arm).all).sum()
}

#[cfg(test)]
mod tests;
