//! A trial: one release, again and again with other users, before several judges at once.

use std::borrow::Borrow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use weir_simulate::{Fate, Judge, Plan, Population, Tally, Traffic, many};

/// The seed of the first run; each further one has the next. Trials have the same seeds, so the same users.
pub const SEED: u64 = 20_000;

/// A judge that can be had anew for each run.
pub type NewJudge = Box<dyn Fn() -> Box<dyn Judge> + Sync>;

/// What is tried.
pub struct Trial<'a> {
    /// For those who wait.
    pub name: &'a str,
    pub population: Population,
    pub plan: Plan,
    pub runs: usize,
    pub seed: u64,
}

/// So that `judge(Guardrails::default_of_release())` is one.
pub fn judge<J: Judge + Clone + Sync + 'static>(judge: J) -> NewJudge {
    Box::new(move || Box::new(judge.clone()))
}

impl Trial<'_> {
    /// What became of all runs under each judge, all looking at the same requests.
    pub fn beside<N: Borrow<NewJudge> + Sync>(&self, judges: &[N]) -> Vec<Tally> {
        self.tallies(judges.len(), |traffic| {
            let mut judges: Vec<Box<dyn Judge>> = judges.iter().map(|new| new.borrow()()).collect();
            let mut judges: Vec<&mut dyn Judge> = judges.iter_mut().map(|judge| judge.as_mut() as _).collect();
            self.plan.run_beside(traffic, &mut judges)
        })
    }

    /// What became of all runs under this judge, for which steps wait.
    pub fn alone(&self, judge: &NewJudge) -> Tally {
        self.tallies(1, |traffic| vec![self.plan.run(traffic, judge().as_mut())]).remove(0)
    }

    /// The same on however many threads: runs are independent, and added in their order.
    fn tallies(&self, judges: usize, run: impl Fn(&mut Traffic) -> Vec<Fate> + Sync) -> Vec<Tally> {
        let (started, told) = (Instant::now(), AtomicU64::new(0));
        let run = |number: usize| run(&mut Traffic::new(&self.population, self.seed + number as u64));
        let mut tallies = vec![Tally::default(); judges];
        for fates in many(self.runs, run, |runs| self.tell(runs, started, &told)) {
            tallies.iter_mut().zip(&fates).for_each(|(tally, fate)| tally.add(fate));
        }
        tallies
    }

    /// Every few seconds a line for those who wait.
    fn tell(&self, runs: usize, started: Instant, told: &AtomicU64) {
        let seconds = started.elapsed().as_secs();
        if runs == self.runs || seconds >= told.load(Ordering::Relaxed) + 5 {
            told.store(seconds, Ordering::Relaxed);
            eprintln!("calibrate: {}: {runs} of {} runs in {seconds} s", self.name, self.runs);
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_simulate::{Control, Guardrails};

    use super::*;
    use crate::settings;

    #[test]
    fn runs_beside_each_other_are_those_one_after_the_other() {
        let plan = settings::release(Control::Equal, &[0.5], 30);
        let trial = Trial { name: "test", population: Population::heavy(500), plan, runs: 20, seed: 5 };
        let rule = judge(Guardrails::default_of_release());
        let mut tally = Tally::default();
        for seed in 5..25 {
            tally.add(&trial.plan.run_beside(&mut Traffic::new(&trial.population, seed), &mut [rule().as_mut()])[0]);
        }
        assert_eq!(trial.beside(&[rule]), [tally]);
    }
}
