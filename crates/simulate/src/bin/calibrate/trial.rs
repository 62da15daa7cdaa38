//! A trial: releases, again and again with other users, before several judges at once.

use std::borrow::Borrow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use weir_simulate::{Fate, Judge, Life, Population, Tally, Traffic, Weir, many};

/// The seed of the first run; each further one has the next. Trials have the same seeds, so the same users.
pub const SEED: u64 = 20_000;

/// A judge that can be had anew for each run.
pub type NewJudge = Box<dyn Fn() -> Box<dyn Judge> + Sync>;

/// Releases that are tried on the same users, each again and again.
pub struct Trial<'a> {
    /// For those who wait.
    pub name: &'a str,
    pub population: Population,
    pub runs: usize,
    pub seed: u64,
}

/// So that `judge(Naive::new(6))` is one.
pub fn judge<J: Judge + Clone + Sync + 'static>(judge: J) -> NewJudge {
    Box::new(move || Box::new(judge.clone()))
}

impl Trial<'_> {
    /// What became of all runs of each of these by the judge that releases have: `weir simulate` does the same.
    pub fn lived(&self, lives: &[Life]) -> Vec<Tally> {
        let each =
            |traffic: &Traffic| lives.iter().map(|life| vec![Fate::from(&life.run(&mut traffic.clone()))]).collect();
        self.tallies(each).into_iter().flatten().collect()
    }

    /// What became of all runs of each under each judge, all looking at the same requests.
    pub fn beside<N: Borrow<NewJudge> + Sync>(&self, lives: &[Life], judges: &[N]) -> Vec<Vec<Tally>> {
        let one = |life: &Life, traffic: &Traffic| {
            let mut judges: Vec<Box<dyn Judge>> = judges.iter().map(|new| new.borrow()()).collect();
            let mut judges: Vec<&mut dyn Judge> = judges.iter_mut().map(|judge| judge.as_mut() as _).collect();
            life.run_beside(&mut traffic.clone(), &mut judges)
        };
        self.tallies(|traffic| lives.iter().map(|life| one(life, traffic)).collect())
    }

    /// What became of all runs of each by each guardrail of this judge on its own.
    pub fn by_each(&self, lives: &[Life], weir: &Weir) -> Vec<Vec<Tally>> {
        let one = |life: &Life, traffic: &Traffic| life.run_by_each(&mut traffic.clone(), &mut weir.clone());
        self.tallies(|traffic| lives.iter().map(|life| one(life, traffic)).collect())
    }

    /// What became of all runs of each under this judge of another tool, for which steps wait.
    pub fn under(&self, lives: &[Life], judge: &NewJudge) -> Vec<Tally> {
        let each = |traffic: &Traffic| {
            lives.iter().map(|life| vec![life.run_under(&mut traffic.clone(), judge().as_mut())]).collect()
        };
        self.tallies(each).into_iter().flatten().collect()
    }

    /// By release and judge, the same on however many threads: runs are independent, and added in their order. All releases of a run
    /// have the same users and the same luck, who are drawn once: that takes longer than a release does.
    fn tallies(&self, run: impl Fn(&Traffic) -> Vec<Vec<Fate>> + Sync) -> Vec<Vec<Tally>> {
        let (started, told) = (Instant::now(), AtomicU64::new(0));
        let run = |number: usize| run(&Traffic::new(&self.population, self.seed + number as u64));
        let mut tallies: Vec<Vec<Tally>> = Vec::new();
        for fates in many(self.runs, run, |runs| self.tell(runs, started, &told)) {
            if tallies.is_empty() {
                tallies = fates.iter().map(|fates| vec![Tally::default(); fates.len()]).collect();
            }
            let both = tallies.iter_mut().flatten().zip(fates.iter().flatten());
            both.for_each(|(tally, fate)| tally.add(fate));
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
    use std::time::Duration;

    use weir_release::evidence::TICK;
    use weir_simulate::peers::Naive;

    use super::*;
    use crate::settings;

    #[test]
    fn runs_beside_each_other_are_those_one_after_the_other() {
        let release = settings::release(&[50], Duration::from_secs(300), "");
        let lives = [1.0, 4.0].map(|errors| {
            settings::life(&release, &[settings::canary(weir_simulate::Harm { errors, ..weir_simulate::Harm::NONE })])
        });
        let trial = Trial { name: "test", population: Population::heavy(500), runs: 20, seed: 5 };
        let alone = lives.each_ref().map(|life| {
            let mut tallies = vec![Tally::default(); 2];
            for seed in 5..25 {
                let mut traffic = Traffic::new(&trial.population, seed);
                let [weir, naive]: [&mut dyn Judge; 2] = [&mut Weir::new(&release, TICK), &mut Naive::new(6)];
                let fates = life.run_beside(&mut traffic, &mut [weir, naive]);
                tallies.iter_mut().zip(&fates).for_each(|(tally, fate)| tally.add(fate));
            }
            tallies
        });
        assert_eq!(trial.beside(&lives, &[judge(Weir::new(&release, TICK)), judge(Naive::new(6))]), alone);
    }
}
