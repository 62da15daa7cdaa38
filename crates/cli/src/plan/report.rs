//! A plan as data: what `--json` prints and the text says.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use weir_plan::masks::{self, Masks};
use weir_plan::sight::{Finds, OfStep, Seen};
use weir_plan::traffic::Traffic;
use weir_policy::Range;
use weir_policy::written::Kind;
use weir_release::Release;
use weir_release::journal::Wait;

use super::found::{self, Found};
use super::planned::{Planned, milliseconds};
use super::rates::Rate;

/// A plan.
#[derive(Serialize)]
pub struct Report {
    /// From when on.
    pub from: Timestamp,
    /// Whether nothing is wrong.
    pub good: bool,
    /// Requests in a second, if they are known.
    pub requests_per_second: Option<f64>,
    /// What is taken of requests, and where it came from.
    pub rates: Vec<Rate>,
    /// Services that releases touch, each with its bit.
    pub services: Vec<ServiceView>,
    /// Those that run, then those that start, by when they do; then those that do not.
    pub releases: Vec<ReleaseView>,
    /// What can never work.
    pub problems: Vec<Found>,
    /// What somebody should know.
    pub notes: Vec<Found>,
}

/// A service.
#[derive(Serialize)]
pub struct ServiceView {
    pub service: String,
    pub bit: usize,
}

/// A release.
#[derive(Serialize)]
pub struct ReleaseView {
    pub id: String,
    pub kind: &'static str,
    pub services: Vec<String>,
    /// The sum of the bits of its services, a number in decimal or hexadecimal.
    pub mask: String,
    pub line: String,
    /// In parts per million.
    pub traffic: u32,
    pub waits: Vec<Wait>,
    pub starts: Option<Timestamp>,
    pub ends: Option<Timestamp>,
    /// Half open.
    pub slots: Vec<(u32, u32)>,
    pub steps: Vec<StepView>,
}

/// A step.
#[derive(Serialize)]
pub struct StepView {
    /// In parts per million.
    pub share: u32,
    pub approve: bool,
    /// None where it has begun, and where nobody knows.
    pub begins: Option<Timestamp>,
    pub takes_ms: u64,
    /// By arm; none where they were not given.
    pub requests: Option<BTreeMap<String, f64>>,
    pub guardrails: Vec<GuardrailView>,
}

/// A guardrail in a step.
#[derive(Serialize)]
pub struct GuardrailView {
    pub name: String,
    /// `finds`, `not_compared`, `bound` or `unknown`.
    pub sees: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finds: Option<FindsView>,
}

/// What it finds by the end of the step.
#[derive(Serialize)]
pub struct FindsView {
    /// How many times as many bad requests are found with 80%; null where it does not even find that all are.
    pub smallest_ratio: Option<f64>,
    /// Chances.
    pub half_more: f64,
    pub twice: f64,
    pub suspects_twice: f64,
    pub false_stop: f64,
    pub false_suspicion: f64,
    /// How long the step must take for it to be found with 80%; null where that is in no time.
    pub half_more_takes_ms: Option<u64>,
    pub twice_takes_ms: Option<u64>,
    pub design_effect: f64,
    /// Requests of each arm with which a test that looks once finds twice as many.
    pub once: f64,
}

impl Report {
    /// Of all that is planned.
    pub fn of(
        from: Timestamp,
        planned: &[Planned<'_>],
        traffic: &Traffic,
        parts: &BTreeMap<String, f64>,
        never_starting: Vec<Found>,
    ) -> Report {
        let masks = Masks::of(planned.iter().map(|planned| planned.release));
        let mut releases: Vec<ReleaseView> = planned.iter().map(|planned| ReleaseView::of(planned, &masks)).collect();
        releases.sort_by_key(|release| (release.starts.is_none(), release.starts, release.id.clone()));
        let mut problems = never_starting;
        problems.extend(planned.iter().flat_map(found::problems));
        let mut notes: Vec<Found> = planned.iter().flat_map(|planned| found::notes(planned, traffic, parts)).collect();
        notes.extend(found::unused(planned, traffic, parts));
        let services = masks.services().map(|(service, bit)| ServiceView { service: service.to_owned(), bit });
        Report {
            from,
            good: problems.is_empty(),
            requests_per_second: traffic.requests,
            rates: Vec::new(),
            services: services.collect(),
            releases,
            problems,
            notes,
        }
    }
}

impl ReleaseView {
    fn of(planned: &Planned<'_>, masks: &Masks<'_>) -> ReleaseView {
        let Planned { release, sight, scheduled } = planned;
        let slots = scheduled.map_or(&[][..], |scheduled| &scheduled.slots);
        let begins = |step: usize| scheduled.and_then(|scheduled| scheduled.times.begin.get(step).copied().flatten());
        let steps = release.steps.iter().zip(&sight.steps).enumerate();
        ReleaseView {
            id: release.id.clone(),
            kind: if release.kind == Kind::Test { "test" } else { "release" },
            services: release.services.clone(),
            mask: masks::number(&masks.bits(release)),
            line: weir_release::pool::line(&release.unit),
            traffic: release.traffic,
            waits: scheduled.map(|scheduled| scheduled.waits.clone()).unwrap_or_default(),
            starts: scheduled.and_then(|scheduled| scheduled.starts),
            ends: scheduled.and_then(|scheduled| scheduled.times.end),
            slots: slots.iter().map(|Range { start, end }| (*start, *end)).collect(),
            steps: steps
                .map(|(index, (step, seen))| StepView {
                    share: step.share,
                    approve: step.approve,
                    begins: begins(index),
                    takes_ms: milliseconds(seen.takes),
                    requests: seen.requests.as_ref().map(|requests| requests.iter().cloned().collect()),
                    guardrails: guardrails(release, seen),
                })
                .collect(),
        }
    }
}

fn guardrails(release: &Release, step: &OfStep) -> Vec<GuardrailView> {
    let each = release.guardrails.iter().zip(&step.guardrails);
    each.map(|(guardrail, seen)| {
        let (sees, finds) = match seen {
            Seen::NotCompared => ("not_compared", None),
            Seen::Bound => ("bound", None),
            Seen::Unknown => ("unknown", None),
            Seen::Finds(finds) => ("finds", Some(FindsView::of(finds))),
        };
        GuardrailView { name: guardrail.name.clone(), sees, finds }
    })
    .collect()
}

impl FindsView {
    fn of(finds: &Finds) -> FindsView {
        // More digits than anybody can use differ between machines.
        let rounded = |value: f64, digits: i32| (value * 10_f64.powi(digits)).round() / 10_f64.powi(digits);
        FindsView {
            smallest_ratio: finds.smallest.map(|ratio| rounded(ratio, 2)),
            half_more: rounded(finds.half_more, 4),
            twice: rounded(finds.twice, 4),
            suspects_twice: rounded(finds.suspects_twice, 4),
            false_stop: rounded(finds.false_stop, 5),
            false_suspicion: rounded(finds.false_suspicion, 5),
            half_more_takes_ms: finds.half_more_takes.map(milliseconds),
            twice_takes_ms: finds.twice_takes.map(milliseconds),
            design_effect: rounded(finds.design_effect, 2),
            once: finds.once.ceil(),
        }
    }
}
