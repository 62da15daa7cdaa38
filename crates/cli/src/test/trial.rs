//! Requests, decided and held against what is expected of them.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::shaping::{Shaping, shaping};
use crate::explain::places::PolicyPlaces;
use crate::explain::{json, steps};
use crate::requests::unmet::{Unmet, unmet};
use crate::requests::{Case, Requests, RequestsFile};

/// A request that has been tried.
pub struct Trial<'a> {
    /// Where it stands.
    pub file: &'a RequestsFile,
    /// The request.
    pub case: &'a Case,
    /// What is expected and did not come out, each with its place.
    pub unmet: Vec<Unmet>,
    /// The steps of the layers that led to what came out otherwise.
    pub steps: String,
    /// What `weir explain --json` says of it.
    pub decision: Value,
    /// How long it took.
    pub took: Duration,
}

/// What came of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All came out as expected.
    Ok,
    /// Something did not.
    Failed,
    /// Nothing is expected of it.
    Skipped,
}

impl Trial<'_> {
    /// What came of it.
    pub fn verdict(&self) -> Verdict {
        match (&self.case.expectation, self.unmet.is_empty()) {
            (None, _) => Verdict::Skipped,
            (Some(_), true) => Verdict::Ok,
            (Some(_), false) => Verdict::Failed,
        }
    }
}

/// Tries every request.
pub fn all(requests: &Requests) -> Vec<Trial<'_>> {
    let places = PolicyPlaces::of(&requests.sources, &requests.policy);
    let mut trials = Vec::new();
    for file in &requests.files {
        for (case, decider) in requests.of(file) {
            let start = Instant::now();
            let exchange = case.request.decide(&decider.plan);
            let unmet = unmet(file, case, &exchange, &requests.model);
            let took = start.elapsed();
            let why = exchange.why(&decider.model, case.request.pairs());
            let Shaping { layers, more } = shaping(&unmet, case, &exchange, &decider.model);
            let told = why.iter().filter(|why| layers.contains(&why.layer));
            let mut steps: String = told.map(|why| steps::text(why, &places)).collect();
            if more > 0 && !steps.is_empty() {
                let (layers, them) = if more == 1 { ("layer", "it") } else { ("layers", "them") };
                steps += &format!("and {more} more {layers}; --json has {them}\n");
            }
            let decision = json::object(&exchange, &why, &places);
            trials.push(Trial { file, case, unmet, steps, decision, took });
        }
    }
    let mut problems: Vec<_> =
        trials.iter().flat_map(|trial| &trial.unmet).map(|unmet| unmet.problem.clone()).collect();
    // A text is read once for all places in it.
    requests.sources.locate(&mut problems);
    let mut located = problems.into_iter();
    for unmet in trials.iter_mut().flat_map(|trial| &mut trial.unmet) {
        unmet.problem = located.next().unwrap_or_else(|| unmet.problem.clone());
    }
    trials
}
