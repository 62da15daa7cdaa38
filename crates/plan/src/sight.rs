//! What a guardrail finds by the end of each step of a release: evidence of the steps before counts, warm-ups do not.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use weir_policy::evidence::PARTS;
use weir_release::{Guardrail, Measure, Release};

use crate::times::{self, TICK};
use crate::traffic::{Effects, Traffic};
use crate::walk::{Gate, Stretch};

/// By how much a time that is a little short is made longer, and how often at most.
const LONGER: f64 = 1.03;
const LONGER_MAX: usize = 20;

/// *Found* is found with this chance.
pub const SURE: f64 = 0.8;
/// How much more of a ratio is worth telling apart.
const RATIO_STEP: f64 = 1.25;
/// Ratios that nobody tells apart.
const RATIO_EXACT: f64 = 0.002;

/// What is seen of a release, by its steps, each by its guardrails in the order of the document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sight {
    /// Each step.
    pub steps: Vec<OfStep>,
}

/// A step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfStep {
    /// How long it takes at least.
    pub takes: Duration,
    /// Requests of each arm in it, control last; none where nobody knows.
    pub requests: Option<Vec<(String, f64)>>,
    /// What each guardrail sees.
    pub guardrails: Vec<Seen>,
}

/// What a guardrail sees by the end of a step, in whichever arm: all have as many requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// Nobody is compared in this step.
    NotCompared,
    /// It is held against a bound alone.
    Bound,
    /// How many requests there are, or are bad, is not given.
    Unknown,
    /// What it finds.
    Finds(Finds),
}

/// What a guardrail finds by the end of a step, at a design effect.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Finds {
    /// How many times as many bad requests it finds; none if it does not even find that all are.
    pub smallest: Option<f64>,
    /// The chance to find half as many more.
    pub half_more: f64,
    /// The chance to find twice as many.
    pub twice: f64,
    /// How long the step must take for half as many more to be found; none if it is in no time that anybody has.
    pub half_more_takes: Option<Duration>,
    /// The same of twice as many.
    pub twice_takes: Option<Duration>,
    /// The chance that it rolls back a release which is as good as control, in all arms together at most.
    pub false_stop: f64,
    /// How long the step must take for it to find that all requests fail.
    pub all_bad_takes: Option<Duration>,
    /// How many requests it takes for one.
    pub design_effect: f64,
}

/// What guardrails see, remembered: many releases have the same steps.
#[derive(Default)]
pub struct Eyes {
    known: HashMap<Vec<u64>, Vec<Finds>>,
}

/// A guardrail as numbers.
#[derive(Clone, Copy)]
struct Question {
    margin: f64,
    alpha: f64,
    rate: f64,
    effect: f64,
    /// By what evidence is divided where no parts tell.
    divided: Option<f64>,
    arms: usize,
    warmup: Duration,
}

/// What there is to compare in a step after its warm-up: polls, and the requests of an arm and of control in each.
#[derive(Clone, Copy)]
struct Exposure {
    polls: f64,
    arm: f64,
    control: f64,
}

impl Eyes {
    /// What is seen of a release.
    pub fn look(&mut self, release: &Release, traffic: &Traffic, effects: &Effects) -> Sight {
        let mut steps: Vec<OfStep> = Vec::with_capacity(release.steps.len());
        let mut exposures: Vec<Exposure> = Vec::new();
        for step in &release.steps {
            let each = traffic.of_arms(release, step.share);
            let of_arm = each.as_ref().and_then(|each| each.first()).map(|(_, requests)| *requests);
            let takes = times::least(release, step, of_arm);
            let seconds = takes.as_secs_f64();
            if let Some((arm, control)) = of_arm.zip(each.as_ref().and_then(|each| each.last()))
                && release.is_compared(step.share)
            {
                let poll = TICK.as_secs_f64();
                // The poll that begins in the warm-up belongs to it.
                let polls = ((seconds - release.warmup.as_secs_f64()) / poll).floor().max(0.0);
                exposures.push(Exposure { polls, arm: arm * poll, control: control.1 * poll });
            }
            let requests = each.map(|each| each.iter().map(|(id, of)| ((*id).to_owned(), of * seconds)).collect());
            steps.push(OfStep { takes, requests, guardrails: Vec::new() });
        }
        for guardrail in &release.guardrails {
            let seen = self.of_guardrail(release, guardrail, traffic, effects, &exposures);
            steps.iter_mut().zip(seen).for_each(|(step, seen)| step.guardrails.push(seen));
        }
        Sight { steps }
    }

    fn of_guardrail(
        &mut self,
        release: &Release,
        guardrail: &Guardrail,
        traffic: &Traffic,
        effects: &Effects,
        exposures: &[Exposure],
    ) -> Vec<Seen> {
        let (margin, divided) = match &guardrail.measure {
            Measure::Outcome { margin, .. } => (*margin, None),
            Measure::Counts { margin, .. } => (*margin, Some(f64::from(release.design_effect))),
            Measure::Value { .. } => return vec![Seen::Bound; release.steps.len()],
        };
        let is_compared = |share: u32| release.is_compared(share);
        let rate = traffic.rate(guardrail).filter(|rate| *rate > 0.0 && *rate < 1.0);
        let known = rate.zip(traffic.requests.filter(|requests| *requests > 0.0)).map(|(rate, _)| {
            let effect = effects.of(release, guardrail);
            let (alpha, arms, warmup) = (guardrail.alpha, release.arms.len(), release.warmup);
            let question = Question { margin, alpha, rate, effect, divided, arms, warmup };
            self.finds(&question, exposures)
        });
        let mut known = known.map(|known| known.into_iter());
        let seen = release.steps.iter().map(|step| match &mut known {
            _ if !is_compared(step.share) => Seen::NotCompared,
            Some(known) => known.next().map_or(Seen::Unknown, Seen::Finds),
            None => Seen::Unknown,
        });
        seen.collect()
    }

    fn finds(&mut self, question: &Question, exposures: &[Exposure]) -> Vec<Finds> {
        let of_exposures = exposures.iter().flat_map(|one| [one.polls, one.arm, one.control]);
        let of_question = [question.margin, question.alpha, question.rate, question.effect];
        let warmup = question.warmup.as_secs_f64();
        let key = of_question.into_iter().chain(question.divided).chain([question.arms as f64, warmup]);
        let key: Vec<u64> = key.chain(of_exposures).map(f64::to_bits).collect();
        self.known.entry(key).or_insert_with(|| question.finds(exposures)).clone()
    }
}

impl Question {
    fn finds(&self, exposures: &[Exposure]) -> Vec<Finds> {
        let stretch = |one: &Exposure| Stretch::new(self.margin, one.polls, one.arm, one.control);
        let stretches: Vec<Stretch> = exposures.iter().map(stretch).collect();
        let stretches = stretches.as_slice();
        let (good, half_more, twice) =
            (self.found(stretches, 1.0), self.found(stretches, 1.5), self.found(stretches, 2.0));
        let smallest = self.smallest(stretches);
        let each = stretches.iter().zip(smallest).zip(good).zip(half_more).zip(twice).enumerate();
        each.map(|(index, ((((stretch, smallest), good), half_more), twice))| {
            let before = stretches.get(..index).unwrap_or_default();
            let takes = |ratio: f64| {
                let polls = self.polls_until(before, stretch, ratio)?;
                let time = Duration::try_from_secs_f64(polls.ceil() * TICK.as_secs_f64()).ok()?;
                Some(self.warmup.saturating_add(TICK).saturating_add(time))
            };
            Finds {
                smallest,
                half_more,
                twice,
                half_more_takes: takes(1.5),
                twice_takes: takes(2.0),
                false_stop: (good * self.arms as f64).min(1.0),
                all_bad_takes: if smallest.is_none() { takes(1.0 / self.rate) } else { None },
                design_effect: self.effect,
            }
        })
        .collect()
    }

    /// After how many polls of the last stretch a ratio is found. The first answer takes the number of events and what the judge measures for
    /// what is expected of them, and is a little short where there are few.
    fn polls_until(&self, before: &[Stretch], last: &Stretch, ratio: f64) -> Option<f64> {
        let mut polls = self.gate(self.mean_divided()).polls_until(SURE, before, last, ratio)?.ceil();
        let mut stretches = before.to_vec();
        for _ in 0..LONGER_MAX {
            stretches.push(last.lasting(polls));
            if self.found(&stretches, ratio).last().is_some_and(|found| *found >= SURE) {
                break;
            }
            stretches.pop();
            polls = (polls * LONGER).ceil().max(polls + 1.0);
        }
        Some(polls)
    }

    /// The chance to find a ratio by the end of each stretch, whatever the judge measures of the design effect.
    fn found(&self, stretches: &[Stretch], ratio: f64) -> Vec<f64> {
        let mut all = vec![0.0; stretches.len()];
        for (divided, chance) in self.measured() {
            let found = self.gate(divided).found(stretches, ratio);
            all.iter_mut().zip(found).for_each(|(all, found)| *all += chance * found);
        }
        all
    }

    /// The least ratio that is found by the end of each stretch.
    fn smallest(&self, stretches: &[Stretch]) -> Vec<Option<f64>> {
        let most = 1.0 / self.rate;
        let mut smallest = vec![None; stretches.len()];
        let mut below = (1.0 + self.margin, vec![0.0; stretches.len()]);
        let mut ratio = (1.0 + self.margin) * RATIO_STEP;
        loop {
            let ratio_here = ratio.min(most);
            let found = self.found(stretches, ratio_here);
            for (index, smallest) in smallest.iter_mut().enumerate() {
                let here = found.get(index).copied().unwrap_or(0.0);
                if smallest.is_none() && here >= SURE {
                    *smallest = Some(self.between(stretches, index, below.0, ratio_here));
                }
            }
            if ratio_here >= most || smallest.iter().all(Option::is_some) {
                return smallest;
            }
            below = (ratio_here, found);
            ratio *= RATIO_STEP;
        }
    }

    fn between(&self, stretches: &[Stretch], index: usize, mut low: f64, mut high: f64) -> f64 {
        let stretches = stretches.get(..=index).unwrap_or_default();
        while high / low > 1.0 + RATIO_EXACT {
            let middle = (low * high).sqrt();
            let found = self.found(stretches, middle).last().copied().unwrap_or(0.0);
            if found >= SURE { high = middle } else { low = middle }
        }
        high
    }

    fn gate(&self, divided: f64) -> Gate {
        Gate { margin: self.margin, alpha: self.alpha, rate: self.rate, together: self.effect, divided }
    }

    /// What the judge divides by, with chances: where parts tell, it measures the design effect from those of two arms, which is off by a
    /// quarter, and it is never taken for less than 1.
    fn measured(&self) -> Vec<(f64, f64)> {
        if let Some(divided) = self.divided {
            return vec![(divided, 1.0)];
        }
        let freedom = 2.0 * (f64::from(PARTS) - 1.0);
        let each = QUARTERS.map(|z| (self.effect * chi_square(z, freedom) / freedom).max(1.0));
        let mut all: Vec<(f64, f64)> = Vec::with_capacity(each.len());
        for divided in each {
            match all.last_mut() {
                Some((last, chance)) if *last == divided => *chance += 0.25,
                _ => all.push((divided, 0.25)),
            }
        }
        all
    }

    fn mean_divided(&self) -> f64 {
        self.measured().into_iter().map(|(divided, chance)| divided * chance).sum()
    }
}

/// The middles of four equal quarters of a normal distribution.
const QUARTERS: [f64; 4] = [-1.150_349, -0.318_639, 0.318_639, 1.150_349];

/// The quantile of a chi-square distribution at that of a normal one (Wilson and Hilferty, 1931).
fn chi_square(z: f64, freedom: f64) -> f64 {
    let ninth = 2.0 / (9.0 * freedom);
    freedom * (1.0 - ninth + z * ninth.sqrt()).powi(3)
}
