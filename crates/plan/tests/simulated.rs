//! What a plan says of guardrails, held against simulated releases and their very judge: within three standard errors over steps, rates and effects.
//! `WEIR_PLAN_RUNS=5000` runs each release as often, more kinds of them, and prints all numbers.

use std::time::Duration;

use weir_plan::sight::{Eyes, Finds, SURE, Seen};
use weir_plan::traffic::{Effects, Traffic};
use weir_policy::Source;
use weir_release::{Measure, Release, Step};
use weir_simulate::{Harm, Latency, Life, Population, Rate, Traffic as Drawn, Trouble, Weir, many};

/// Seconds between two looks.
const LOOK: u64 = 10;
const MARGIN: f64 = 0.2;

/// A kind of release: its steps, the requests of everybody in a second, and how many of them fail.
struct Case {
    name: &'static str,
    steps: &'static [(u32, u64)],
    arms: usize,
    requests: f64,
    rate: f64,
    by_query: bool,
}

const DEFAULT: &[(u32, u64)] = &[(5, 10), (10, 10), (50, 10), (95, 10)];
const HOURS: &[(u32, u64)] = &[(5, 60), (10, 60), (50, 60)];

const SHORT: [Case; 3] = [
    Case { name: "the default plan", steps: DEFAULT, arms: 1, requests: 33.0, rate: 0.005, by_query: false },
    Case { name: "more failing", steps: DEFAULT, arms: 1, requests: 20.0, rate: 0.03, by_query: false },
    Case { name: "counted by queries", steps: DEFAULT, arms: 1, requests: 66.0, rate: 0.02, by_query: true },
];

const LONG: [Case; 7] = [
    Case { name: "an hour each", steps: HOURS, arms: 1, requests: 33.0, rate: 0.005, by_query: false },
    Case { name: "few requests", steps: HOURS, arms: 1, requests: 3.0, rate: 0.02, by_query: false },
    Case { name: "many requests", steps: DEFAULT, arms: 1, requests: 600.0, rate: 0.005, by_query: false },
    Case { name: "rare", steps: HOURS, arms: 1, requests: 200.0, rate: 0.0005, by_query: false },
    Case { name: "one step", steps: &[(50, 60)], arms: 1, requests: 33.0, rate: 0.005, by_query: false },
    Case { name: "nearly all", steps: &[(90, 240)], arms: 1, requests: 33.0, rate: 0.005, by_query: false },
    Case { name: "three ideas", steps: &[(75, 120)], arms: 3, requests: 66.0, rate: 0.005, by_query: false },
];

#[test]
fn what_is_planned_is_what_happens() {
    let asked = std::env::var("WEIR_PLAN_RUNS").ok().and_then(|runs| runs.parse::<usize>().ok());
    let runs = asked.unwrap_or(200);
    let cases: Vec<&Case> = if asked.is_some() { SHORT.iter().chain(&LONG).collect() } else { SHORT.iter().collect() };
    let mut wrong = Vec::new();
    for case in cases {
        let found = case.found();
        let last = found.last().unwrap();
        let mut tried = vec![(1.0, None), (1.5, None), (2.0, None)];
        tried.extend(last.smallest.map(|smallest| (smallest, Some(SURE))));
        for (ratio, expected) in tried {
            let is = case.simulated(ratio, runs);
            for (step, (found, (stopped, suspected))) in found.iter().zip(is).enumerate() {
                let of_two = if ratio == 1.5 { found.half_more } else { found.twice };
                let of_ratio = if ratio == 1.0 { found.false_stop } else { of_two };
                let suspects = [(1.0, found.false_suspicion), (2.0, found.suspects_twice)];
                let suspects = suspects.into_iter().find(|(of, _)| *of == ratio && expected.is_none());
                let stops = match expected {
                    Some(_) if step + 1 < case.steps.len() => None,
                    Some(sure) => Some(sure),
                    None => Some(of_ratio),
                };
                let held = [("stopped", stops, stopped), ("suspected", suspects.map(|(_, chance)| chance), suspected)];
                for (what, expected, is) in held {
                    let Some(expected) = expected else { continue };
                    // One or two runs are no proof of anything.
                    let (runs, few) = (runs as f64, 2.0 / runs as f64);
                    let error = ((expected + few) * (1.0 - expected + few) / runs).sqrt();
                    let off = (is - expected) / error;
                    let said = format!(
                        "{}, x{ratio:.2}, step {step}: {what} planned {expected:.4}, is {is:.4}, {off:.1} off",
                        case.name
                    );
                    if asked.is_some() {
                        println!("{said}");
                    }
                    if off.abs() > 3.0 {
                        wrong.push(said);
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

impl Case {
    fn found(&self) -> Vec<Finds> {
        let traffic = Traffic {
            requests: Some(self.requests),
            errors: Some(self.rate),
            bad: [("counts".to_owned(), self.rate)].into(),
            ..Traffic::default()
        };
        let effects = Effects { given: Some(1.0), ..Effects::default() };
        let sight = Eyes::default().look(&self.release(), &traffic, &effects);
        let found = sight.steps.iter().map(|step| match step.guardrails.as_slice() {
            [Seen::Finds(finds)] => *finds,
            other => panic!("{}: {other:?}", self.name),
        });
        found.collect()
    }

    fn release(&self) -> Release {
        let arms: String = (0..self.arms).map(|arm| format!("  a{arm}: {{routes: {{owl: v{arm}}}}}\n")).collect();
        let kind = match self.arms {
            1 => "services: {owl: v2}\n".to_owned(),
            _ => format!("kind: test\ntraffic: 100%\narms:\n{arms}"),
        };
        let guardrail = match self.by_query {
            true => {
                "{name: counts, counts: {bad: 'sum(a{v=\"$variant\"})', all: 'sum(b{v=\"$variant\"})', margin: 20%}}"
            }
            false => "{name: errors, errors: {margin: 20%}}",
        };
        let steps: String =
            self.steps.iter().map(|(share, minutes)| format!("- {{share: {share}%, hold: {minutes}m}}\n")).collect();
        let end = if self.arms == 1 { "- {share: 100%}\n" } else { "" };
        let text = format!("release: 1\nid: owl-v2\nunit: user\n{kind}guardrails: [{guardrail}]\nsteps:\n{steps}{end}");
        let mut release = weir_release::read_alone(Source::yaml("release", text)).unwrap();
        // A simulated step has no tick in which it is answered.
        let tick = Duration::from_secs(LOOK);
        release.steps.iter_mut().for_each(|step| *step = Step { hold: step.hold - tick, ..step.clone() });
        release.steps.truncate(self.steps.len());
        assert!(
            matches!(release.guardrails[0].measure, Measure::Outcome { margin, .. } | Measure::Counts { margin, .. } if margin == MARGIN)
        );
        release
    }

    /// The part of releases that was stopped by the end of each step, and that was suspected, by the judge that releases have.
    fn simulated(&self, ratio: f64, runs: usize) -> Vec<(f64, f64)> {
        let release = self.release();
        let tick = Duration::from_secs(LOOK);
        let mut on_time = release.clone();
        on_time.steps.iter_mut().for_each(|step| *step = Step { hold: step.hold + tick, ..step.clone() });
        let arm = release.arms.first().map_or("", |arm| &arm.id);
        let harm = Trouble::of(arm, Harm { errors: ratio, ..Harm::NONE });
        let life = Life::new(&on_time, tick, self.requests * LOOK as f64, vec![harm]);
        let population = Population {
            users: 4_000,
            volume_sigma: 0.0,
            errors: Rate::Same(self.rate),
            unanswered: Rate::Same(0.0),
            latency: Latency { median_ms: 1.0, users_sigma: 0.0, requests_sigma: 0.1 },
        };
        // A suspicion would keep it where it is: what a step finds is asked of one that goes on.
        let run = |run: usize| {
            let mut traffic = Drawn::new(&population, run as u64);
            life.run_beside(&mut traffic, &mut [&mut Weir::new(&on_time, tick)])
        };
        let mut ends = vec![(0_usize, 0_usize); self.steps.len()];
        for fates in many(runs, run, |_| {}) {
            let [fate] = fates.as_slice() else { panic!("one judge") };
            let mut end = Duration::ZERO;
            for (step, (stopped, suspected)) in on_time.steps.iter().zip(&mut ends) {
                end += step.hold;
                let by_then = |at: Option<Duration>| at.is_some_and(|at| at <= end);
                *stopped += usize::from(by_then(fate.stopped));
                *suspected += usize::from(by_then(fate.halted) || by_then(fate.stopped));
            }
        }
        let part = |times: usize| times as f64 / runs as f64;
        ends.into_iter().map(|(stopped, suspected)| (part(stopped), part(suspected))).collect()
    }
}
