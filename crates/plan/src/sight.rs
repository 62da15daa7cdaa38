//! What a guardrail finds by the end of each step of a release: evidence of the steps before counts, warm-ups do not.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::Serialize;
use weir_policy::evidence::PARTS;
use weir_release::{Guardrail, Measure, Release, Step};
use weir_stats::power::{Certainty, units_by_arcsine};

use crate::search::Search;
use crate::stretch::Stretch;
use crate::times::{self, TICK};
use crate::traffic::{Effects, Traffic};
use crate::walk::Gate;

/// *Found* is found with this chance.
pub const SURE: f64 = 0.8;

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
    /// The chance that it has suspected, at some time, one that has twice as many: warm-ups count, and each request for one.
    pub suspects_twice: f64,
    /// The chance that it has suspected a release which is as good as control, in all arms together at most.
    pub false_suspicion: f64,
    /// How long the step must take for it to find that all requests fail.
    pub all_bad_takes: Option<Duration>,
    /// How many requests it takes for one.
    pub design_effect: f64,
    /// Requests of each of two equal arms with which a test that looks once, when it is over, finds twice as many against none more: what
    /// calculators of sample sizes say.
    pub once: f64,
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

/// What there is to compare in a step: polls in its warm-up, which count for suspicion alone, and after it, and the requests of an arm and
/// of control in each.
#[derive(Clone, Copy)]
struct Exposure {
    warming: f64,
    polls: f64,
    arm: f64,
    control: f64,
}

/// What is not known yet of a guardrail: each is answered by itself, so that all processors may.
pub struct Open {
    key: Vec<u64>,
    question: Question,
    exposures: Vec<Exposure>,
}

impl Open {
    /// The answer, which takes a while.
    pub fn answer(&self) -> Vec<Finds> {
        self.question.finds(&self.exposures)
    }
}

impl Eyes {
    /// What is to be known to look at these releases, each once.
    pub fn open<'a>(
        &self,
        releases: impl IntoIterator<Item = &'a Release>,
        traffic: &Traffic,
        effects: &Effects,
    ) -> Vec<Open> {
        let (mut all, mut asked) = (Vec::new(), HashSet::new());
        for release in releases {
            let exposures = exposures(release, traffic);
            for guardrail in &release.guardrails {
                let Some(question) = Question::of(release, guardrail, traffic, effects) else { continue };
                let key = question.key(&exposures);
                if !self.known.contains_key(&key) && asked.insert(key.clone()) {
                    all.push(Open { key, question, exposures: exposures.clone() });
                }
            }
        }
        all
    }

    /// What was open, with its answers in the same order.
    pub fn remember(&mut self, open: Vec<Open>, answers: Vec<Vec<Finds>>) {
        self.known.extend(open.into_iter().map(|open| open.key).zip(answers));
    }

    /// What is seen of a release. What is not known of it yet is found out.
    pub fn look(&mut self, release: &Release, traffic: &Traffic, effects: &Effects) -> Sight {
        let exposures = exposures(release, traffic);
        let steps = release.steps.iter().map(|step| {
            let each = traffic.of_arms(release, step.share);
            let takes = takes(release, step, each.as_deref());
            let seconds = takes.as_secs_f64();
            let requests = each.map(|each| each.iter().map(|(id, of)| ((*id).to_owned(), of * seconds)).collect());
            OfStep { takes, requests, guardrails: Vec::new() }
        });
        let mut steps: Vec<OfStep> = steps.collect();
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
        if let Measure::Value { .. } = &guardrail.measure {
            return vec![Seen::Bound; release.steps.len()];
        }
        let question = Question::of(release, guardrail, traffic, effects);
        let mut known = question.map(|question| {
            let known = self.known.entry(question.key(exposures)).or_insert_with(|| question.finds(exposures));
            known.clone().into_iter()
        });
        let seen = release.steps.iter().map(|step| match &mut known {
            _ if !release.is_compared(step.share) => Seen::NotCompared,
            Some(known) => known.next().map_or(Seen::Unknown, Seen::Finds),
            None => Seen::Unknown,
        });
        seen.collect()
    }
}

/// What there is to compare in each step in which anybody is compared; none where nobody knows.
fn exposures(release: &Release, traffic: &Traffic) -> Vec<Exposure> {
    let compared = release.steps.iter().filter(|step| release.is_compared(step.share));
    let each = compared.filter_map(|step| {
        let each = traffic.of_arms(release, step.share)?;
        let ((_, arm), (_, control)) = (each.first()?, each.last()?);
        let poll = TICK.as_secs_f64();
        let seconds = takes(release, step, Some(&each)).as_secs_f64();
        // The poll that begins in the warm-up belongs to it.
        let polls = ((seconds - release.warmup.as_secs_f64()) / poll).floor().max(0.0);
        let warming = (seconds / poll).floor().max(polls) - polls;
        Some(Exposure { warming, polls, arm: arm * poll, control: control * poll })
    });
    each.collect()
}

fn takes(release: &Release, step: &Step, requests: Option<&[(&str, f64)]>) -> Duration {
    times::least(release, step, requests.and_then(|each| each.first()).map(|(_, requests)| *requests))
}

impl Question {
    /// None for a guardrail that compares nothing, and where its numbers are not given.
    fn of(release: &Release, guardrail: &Guardrail, traffic: &Traffic, effects: &Effects) -> Option<Question> {
        let (margin, divided) = match &guardrail.measure {
            Measure::Outcome { margin, .. } => (*margin, None),
            Measure::Counts { margin, .. } => (*margin, Some(f64::from(release.design_effect))),
            Measure::Value { .. } => return None,
        };
        traffic.requests.filter(|requests| *requests > 0.0)?;
        let rate = traffic.rate(guardrail).filter(|rate| *rate > 0.0 && *rate < 1.0)?;
        let effect = effects.of(release, guardrail);
        let (alpha, arms, warmup) = (guardrail.alpha, release.arms.len(), release.warmup);
        Some(Question { margin, alpha, rate, effect, divided, arms, warmup })
    }

    fn key(&self, exposures: &[Exposure]) -> Vec<u64> {
        let of_exposures = exposures.iter().flat_map(|one| [one.warming, one.polls, one.arm, one.control]);
        let of_question = [self.margin, self.alpha, self.rate, self.effect, self.arms as f64];
        let key = of_question.into_iter().chain([self.warmup.as_secs_f64()]).chain(self.divided);
        key.chain(of_exposures).map(f64::to_bits).collect()
    }

    fn finds(&self, exposures: &[Exposure]) -> Vec<Finds> {
        let stretch = |one: &Exposure| Stretch::new(self.margin, one.polls, one.arm, one.control);
        let stretches: Vec<Stretch> = exposures.iter().map(stretch).collect();
        let stretches = stretches.as_slice();
        let harm = self.gate(self.measured());
        let suspicion = self.gate(vec![(1.0, 1.0)]);
        let good = harm.found(stretches, 1.0);
        let half_more = harm.found_and_polls(SURE, stretches, 1.5);
        let twice = harm.found_and_polls(SURE, stretches, 2.0);
        let known = [(1.5, &half_more), (2.0, &twice)];
        let known = known.map(|(ratio, found)| (ratio, found.iter().map(|(found, _)| *found).collect()));
        let smallest = Search::new(&harm, stretches, known).smallest(SURE);
        let all_bad = if smallest.iter().all(Option::is_some) {
            vec![None; stretches.len()]
        } else {
            harm.found_and_polls(SURE, stretches, 1.0 / self.rate).into_iter().map(|(_, polls)| polls).collect()
        };
        let with_warming =
            stretches.iter().zip(exposures).map(|(stretch, one)| stretch.lasting(one.warming + one.polls));
        let with_warming: Vec<Stretch> = with_warming.collect();
        let suspects = [1.0, 2.0].map(|ratio| suspicion.found(&with_warming, ratio).into_iter());
        let [suspects_good, suspects_twice] = suspects;
        let takes = |polls: Option<f64>| {
            let time = Duration::try_from_secs_f64(polls?.ceil() * TICK.as_secs_f64()).ok()?;
            Some(self.warmup.saturating_add(TICK).saturating_add(time))
        };
        let of_arms = |chance: f64| (chance * self.arms as f64).min(1.0);
        let found = smallest.into_iter().zip(good).zip(half_more).zip(twice).zip(all_bad);
        let each = found.zip(suspects_good).zip(suspects_twice);
        each.map(|((((((smallest, good), half_more), twice), all_bad), suspects_good), suspects_twice)| Finds {
            smallest,
            half_more: half_more.0,
            twice: twice.0,
            half_more_takes: takes(half_more.1),
            twice_takes: takes(twice.1),
            false_stop: of_arms(good),
            suspects_twice,
            false_suspicion: of_arms(suspects_good),
            all_bad_takes: if smallest.is_none() { takes(all_bad) } else { None },
            design_effect: self.effect,
            once: self.once(),
        })
        .collect()
    }

    /// One-sided, and as many times more as requests count for one.
    fn once(&self) -> f64 {
        let certainty = Certainty { alpha: 2.0 * self.alpha, power: SURE };
        self.effect * units_by_arcsine(self.rate, self.rate.min(1.0 - self.rate), certainty)
    }

    fn gate(&self, divided: Vec<(f64, f64)>) -> Gate {
        Gate { margin: self.margin, alpha: self.alpha, rate: self.rate, together: self.effect, divided }
    }

    /// What the judge divides by, with chances: where parts tell, it measures the design effect from those of two arms, which is off by a
    /// quarter, and it is never taken for less than 1.
    fn measured(&self) -> Vec<(f64, f64)> {
        if let Some(divided) = self.divided {
            return vec![(divided, 1.0)];
        }
        let freedom = 2.0 * (f64::from(PARTS) - 1.0);
        let mut all: Vec<(f64, f64)> = Vec::with_capacity(THREE.len());
        for (z, chance) in THREE {
            let divided = (self.effect * chi_square(z, freedom) / freedom).max(1.0);
            match all.last_mut() {
                Some((last, more)) if *last == divided => *more += chance,
                _ => all.push((divided, chance)),
            }
        }
        all
    }
}

/// Three values that stand for a normal distribution, with their chances: five moments are its own (Gauss and Hermite).
const THREE: [(f64, f64); 3] = [(-1.732_050_8, 1.0 / 6.0), (0.0, 2.0 / 3.0), (1.732_050_8, 1.0 / 6.0)];

/// The quantile of a chi-square distribution at that of a normal one (Wilson and Hilferty, 1931).
fn chi_square(z: f64, freedom: f64) -> f64 {
    let ninth = 2.0 / (9.0 * freedom);
    freedom * (1.0 - ninth + z * ninth.sqrt()).powi(3)
}
