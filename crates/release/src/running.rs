//! What is kept of a running release between ticks: its times and its tallies. It is written down with the ledger, as one record.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weir_policy::evidence::{Outcome, PARTS};

use crate::evidence::{Evidence, VariantCounts};
use crate::judge::Verdict;
use crate::release::{CONTROL, Guardrail, Measure, Release};
use crate::tally::{Comparison, Counted, Deviation, Recent, Run, Seen, Step as Came, planned};
use crate::tick::{Answer, Tick, Totals};

mod time;

pub(crate) use time::milliseconds;
use time::{Of, Times};

/// The most nodes that are named.
const BEHIND_MAX: usize = 20;

/// Requests by part.
pub(crate) type ByPart = [u64; PARTS as usize];

/// What is kept of a running release. Numbers that are equal are equal to the bit after it was written and read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Running {
    pub(crate) times: Times,
    pub(crate) arms: BTreeMap<String, OfArm>,
    /// Requests of control in this step.
    pub(crate) control: Recent<ByPart>,
    /// Requests of all arms and control in this step, those of its warm-up too.
    pub(crate) traffic: u64,
    /// Guardrails that ask, by name.
    pub(crate) asked: BTreeMap<String, Asked>,
    /// Edges that have not answered the newest push, as far as they are named.
    pub(crate) behind: BTreeSet<String>,
    /// Why the last poll was not accepted, if it was not.
    pub(crate) refusal: Option<String>,
}

/// What is kept of an arm beside control.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OfArm {
    /// In this step, after its warm-up.
    pub requests: u64,
    pub deviation: Deviation,
    /// Requests of this step.
    pub recent: Recent<ByPart>,
    /// All that harm is judged by, of the arm and of control: polls without a warm-up, in which both had requests.
    pub counted: [VariantCounts; 2],
    pub guardrails: BTreeMap<String, OfGuardrail>,
}

/// What is kept of an arm by one guardrail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OfGuardrail {
    pub comparison: Comparison,
    /// For a bound of the rate itself.
    #[serde(skip_serializing_if = "is_default")]
    pub recent: Recent<Rate>,
    /// Of a guardrail that asks: the counters of the arm and of control.
    #[serde(skip_serializing_if = "is_default")]
    counters: [Counted; 2],
    /// Whether they were asked in a warm-up last.
    #[serde(skip_serializing_if = "is_default")]
    in_warmup: bool,
    /// What came of them and waits for both to have some: two that are scraped at different times are compared over the same time.
    #[serde(skip_serializing_if = "is_default")]
    waiting: Waiting,
}

/// Bad requests among all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub bad: f64,
    pub all: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Waiting {
    came: Seen,
    in_warmup: bool,
    /// The step's push when it began to wait.
    push: u64,
}

/// What a guardrail's query was answered last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// When, by the release's clock.
    pub at: u64,
    pub trouble: Option<Trouble>,
    pub run: Run,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    /// The provider did not answer.
    Unreachable(String),
    /// There is no such series, or no number.
    Nothing(String),
}

impl Running {
    /// Takes in what a tick saw. `step` is the step that the release is in, none before the first has begun; `push` is the number of
    /// the push that it began with, or of the release's first one.
    pub fn observe(&mut self, release: &Release, step: Option<usize>, push: u64, tick: &Tick) {
        if self.times.tick(step, push, tick) {
            self.begin_step();
        }
        self.forget();
        if let Some(evidence) = &tick.poll {
            // Nobody is dealt before tags and routes are known everywhere.
            let answered = if step.is_none() { tick.known() } else { tick.answered };
            self.poll(release, evidence, answered);
            self.times.polled(release.warmup, answered);
            self.refusal = None;
        }
        if let Some(refusal) = tick.refusal {
            self.refusal = Some(refusal.to_string());
        }
        self.behind = tick.behind.iter().take(BEHIND_MAX).cloned().collect();
        for guardrail in &release.guardrails {
            if let Some(answer) = tick.queries.answer(&release.id, &guardrail.name) {
                self.ask(release, guardrail, answer);
            }
        }
    }

    /// Remembers what was judged in this tick: whether the time until the next one counts for `max_hold`.
    pub fn judged(&mut self, verdict: &Verdict) {
        self.times.waits = verdict.waits;
    }

    fn begin_step(&mut self) {
        self.traffic = 0;
        self.control.clear();
        for arm in self.arms.values_mut() {
            (arm.requests, arm.deviation) = (0, Deviation::default());
            arm.recent.clear();
            arm.guardrails.values_mut().for_each(|guardrail| guardrail.comparison.begin_step());
        }
    }

    fn forget(&mut self) {
        let now = self.times.clock;
        self.control.forget(now);
        for arm in self.arms.values_mut() {
            arm.recent.forget(now);
            arm.guardrails.values_mut().for_each(|guardrail| guardrail.recent.forget(now));
        }
    }

    /// Adds what a poll gave out: that of this step together, and that of each earlier one on its own.
    fn poll(&mut self, release: &Release, evidence: &[Evidence], answered: u64) {
        let worth = self.times.worth(release.warmup);
        let mut of_step: Vec<&Evidence> = Vec::new();
        for one in evidence {
            let mark = one.mark.as_ref().and_then(|mark| mark.parse::<u64>().ok());
            match mark {
                Some(mark) if mark >= self.times.push => of_step.push(one),
                _ => self.add(release, &[one], worth.earlier, answered),
            }
        }
        self.add(release, &of_step, worth.own, answered);
    }

    fn add(&mut self, release: &Release, evidence: &[&Evidence], of: Of, answered: u64) {
        let counts = |variant: &str| {
            let mut all = VariantCounts::default();
            evidence
                .iter()
                .filter_map(|one| one.counts.of(&release.id, variant))
                .for_each(|one| all.add(&one.clamped()));
            all
        };
        let control = counts(CONTROL);
        let (at, of_control) = (self.times.clock, control.by_part(Outcome::All));
        if matches!(of, Of::Step | Of::Warmup) {
            self.traffic = self.traffic.saturating_add(control.total(Outcome::All));
        }
        if of == Of::Step {
            self.control.add(at, of_control);
        }
        for arm in &release.arms {
            let counted = counts(&arm.id);
            if matches!(of, Of::Step | Of::Warmup) {
                self.traffic = self.traffic.saturating_add(counted.total(Outcome::All));
            }
            let planned = planned(release, self.times.step);
            let tally = self.arms.entry(arm.id.clone()).or_default();
            if of == Of::Step {
                tally.recent.add(at, counted.by_part(Outcome::All));
                let requests = if self.times.is_answered(answered) { counted.total(Outcome::All) } else { 0 };
                tally.requests = tally.requests.saturating_add(requests);
                if let Some(planned) = planned {
                    tally.deviation.add(planned, &counted.by_part(Outcome::All), &of_control);
                }
            }
            tally.compare(release, &counted, &control, of, at);
        }
    }

    /// Takes in what a guardrail's query was answered.
    fn ask(&mut self, release: &Release, guardrail: &Guardrail, answer: &Answer) {
        let at = self.times.clock;
        let is_warming = self.times.is_warming(release.warmup);
        let asked = self.asked.entry(guardrail.name.clone()).or_default();
        (asked.at, asked.trouble) = (at, None);
        match (answer, &guardrail.measure) {
            (Answer::Value(value), Measure::Value { above, .. }) if !value.is_nan() => {
                asked.run.add(at, *value, *above, is_warming, self.times.run_gap_max());
            }
            (Answer::Counts(counts), Measure::Counts { margin, .. }) => {
                let of = |variant: &str| counts.get(variant).copied().unwrap_or_default();
                if let Some(arm) = release.arms.iter().find(|arm| of(&arm.id).all.is_none()) {
                    asked.trouble = Some(Trouble::Nothing(format!("nothing was counted of {}", arm.id)));
                }
                for arm in &release.arms {
                    let tally = self.arms.entry(arm.id.clone()).or_default();
                    let tally = tally.guardrails.entry(guardrail.name.clone()).or_default();
                    tally.count(*margin, [of(&arm.id), of(CONTROL)], &self.times, is_warming);
                }
            }
            (Answer::Unreachable(why), _) => asked.trouble = Some(Trouble::Unreachable(why.clone())),
            (Answer::Bad(why), _) => asked.trouble = Some(Trouble::Nothing(why.clone())),
            _ => asked.trouble = Some(Trouble::Nothing("no such series".to_owned())),
        }
    }
}

impl OfArm {
    /// Adds a poll to what each guardrail of the evidence says.
    fn compare(&mut self, release: &Release, arm: &VariantCounts, control: &VariantCounts, of: Of, at: u64) {
        let all = (arm.total(Outcome::All), control.total(Outcome::All));
        if !of.is_warmup() && all.0 > 0 && all.1 > 0 {
            let [own, others] = &mut self.counted;
            own.add(arm);
            others.add(control);
        }
        for guardrail in &release.guardrails {
            let Measure::Outcome { outcome, margin, above } = &guardrail.measure else { continue };
            let tally = self.guardrails.entry(guardrail.name.clone()).or_default();
            let (bad, control_bad) = (arm.total(*outcome) as f64, control.total(*outcome) as f64);
            let (all, control_all) = (all.0 as f64, all.1 as f64);
            let seen = Seen { bad, all, control_bad, control_all };
            tally.comparison.add(*margin, seen, of.is_warmup(), of == Of::Step);
            if above.is_some() && all > 0.0 && !of.is_warmup() {
                tally.recent.add(at, Rate { bad, all });
            }
        }
    }
}

impl OfGuardrail {
    /// Takes in the counters of the arm and of control.
    fn count(&mut self, margin: f64, totals: [Totals; 2], times: &Times, is_warming: bool) {
        let [arm, control] = &mut self.counters;
        let [of_arm, of_control] = totals;
        let steps =
            [arm.step(of_arm.bad, of_arm.all, times.clock), control.step(of_control.bad, of_control.all, times.clock)];
        let [(bad, all), (control_bad, control_all)] = steps.map(|came| match came {
            Came::Grown { bad, all } => (bad.min(all) as f64, all as f64),
            Came::Base | Came::Unsettled | Came::NoData => (0.0, 0.0),
        });
        // What came since the last tick began in what the release was in then.
        let before = self.waiting;
        if all > 0.0 && !self.in_warmup {
            self.recent.add(times.clock, Rate { bad, all });
        }
        self.in_warmup = is_warming;
        self.waiting.came = self.waiting.came.and(Seen { bad, all, control_bad, control_all });
        let came = self.waiting.came;
        let is_of_step = before.push == times.push && times.step.is_some();
        if came.all > 0.0 && came.control_all > 0.0 {
            self.comparison.add(margin, came, before.in_warmup, is_of_step);
            self.waiting = Waiting { came: Seen::default(), in_warmup: is_warming, push: times.push };
        } else if came == Seen::default() {
            self.waiting = Waiting { came, in_warmup: is_warming, push: times.push };
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
