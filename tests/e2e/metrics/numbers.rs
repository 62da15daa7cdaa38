//! What Prometheus must show, counted from what the answers say of their own decisions.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;

use crate::support::{Answer, Bench, Client, Predictor, Prometheus, Series, Workers, connections, eventually};

/// Envoy merges histograms every five seconds.
const SOON: Duration = Duration::from_secs(60);
/// More scrapes of numbers that are right, to see whether they stay so. The filter hands its counts over between two.
const LOOKS: usize = 3;

/// Series with more than 0.
#[derive(Default)]
pub struct Numbers {
    requests: Series,
    timed: Series,
    decisions: Series,
}

impl Numbers {
    /// Sends a request to an edge and counts it by its answer.
    pub async fn send(&mut self, client: &mut Client, request: Request<Bytes>) -> Answer {
        let answer = client.send(request).await.unwrap();
        self.answered(&answer);
        answer
    }

    /// Counts a request to an edge by its answer.
    pub fn answered(&mut self, answer: &Answer) {
        let state = answer.header("x-weir-decision").unwrap_or_else(|| panic!("no decision: {answer:?}"));
        self.decided(&state);
        self.ended(&state, class(answer.status));
    }

    /// Counts the requests that opened a connection to each worker.
    pub async fn opened(&mut self, bench: &Bench, predictor: &Predictor) -> Workers {
        let workers = Workers::of(bench).await;
        let state = predictor.shown(&Request::get("/").body(()).unwrap()).state.unwrap();
        for _ in 0..connections(bench).await.values().sum() {
            self.decided(&state);
            self.ended(&state, "2xx");
        }
        workers
    }

    /// Counts the reason of each layer of a filter state, which was made with `trace: all`.
    pub fn decided(&mut self, state: &str) {
        outcomes(state).for_each(|outcome| self.reason(outcome.layer, outcome.reason));
    }

    pub fn reason(&mut self, layer: &str, reason: &str) {
        add(&mut self.decisions, &[("layer", layer), ("reason", reason)]);
    }

    /// Counts each variant in force of a filter state.
    pub fn ended(&mut self, state: &str, code: &str) {
        for outcome in in_force(state) {
            self.request(outcome, code);
            self.took_time(outcome.experiment, outcome.variant);
        }
    }

    pub fn request(&mut self, outcome: Outcome<'_>, code: &str) {
        let Outcome { experiment, variant, reason, .. } = outcome;
        let labels = [("experiment", experiment), ("variant", variant), ("reason", reason), ("code", code)];
        add(&mut self.requests, &labels);
    }

    pub fn took_time(&mut self, experiment: &str, variant: &str) {
        add(&mut self.timed, &[("experiment", experiment), ("variant", variant)]);
    }

    /// How many requests of variants ended so.
    pub fn total(&self, code: &str) -> f64 {
        self.requests.iter().filter(|(labels, _)| labels["code"] == code).map(|(_, count)| count).sum()
    }

    /// Waits until Prometheus shows exactly this, and sees that it stays so.
    pub async fn check(&self, prometheus: &Prometheus) {
        let queries =
            ["weir_requests_total > 0", "weir_decisions_total > 0", "weir_request_duration_milliseconds_count > 0"];
        until_shown(prometheus, queries, [&self.requests, &self.decisions, &self.timed]).await;
    }
}

/// Waits until queries give exactly this, and sees that it stays so.
pub async fn until_shown<const N: usize>(prometheus: &Prometheus, queries: [&str; N], expected: [&Series; N]) {
    let what = queries.join(", ");
    eventually(SOON, &what, async || same(prometheus, queries, expected).await).await;
    for _ in 0..LOOKS {
        same(prometheus, queries, expected).await.unwrap_or_else(|seen| panic!("changed once it was right: {seen}"));
    }
}

/// What a filter state says of a layer.
#[derive(Clone, Copy)]
pub struct Outcome<'a> {
    pub layer: &'a str,
    pub experiment: &'a str,
    pub variant: &'a str,
    pub reason: &'a str,
}

/// Each layer of a filter state where a variant is in force.
pub fn in_force(state: &str) -> impl Iterator<Item = Outcome<'_>> {
    outcomes(state).filter(|outcome| outcome.variant != "stable")
}

/// `404` is `4xx`.
pub fn class(status: u16) -> &'static str {
    ["0", "1xx", "2xx", "3xx", "4xx", "5xx"][usize::from(status / 100)]
}

async fn same<const N: usize>(
    prometheus: &Prometheus,
    queries: [&str; N],
    expected: [&Series; N],
) -> Result<(), String> {
    let seen = prometheus.series_of(queries).await;
    let differences = queries.iter().zip(seen.iter().zip(expected)).flat_map(|(query, (seen, expected))| {
        let labels: BTreeSet<_> = seen.keys().chain(expected.keys()).collect();
        let differ = labels.into_iter().filter(|labels| seen.get(*labels) != expected.get(*labels));
        differ.map(move |labels| format!("{query} {labels:?}: {:?}, not {:?}", seen.get(labels), expected.get(labels)))
    });
    let differences: Vec<String> = differences.collect();
    if differences.is_empty() { Ok(()) } else { Err(differences.join("\n")) }
}

fn add(series: &mut Series, labels: &[(&str, &str)]) {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    *series.entry(labels).or_default() += 1.0;
}

/// Each layer of `1;REVISION;LAYER=EXPERIMENT/VARIANT/REASON,...`; of an experiment with audiences a fourth part follows.
fn outcomes(state: &str) -> impl Iterator<Item = Outcome<'_>> {
    let layers = state.split(';').nth(2).unwrap_or_else(|| panic!("no filter state: {state}"));
    layers.split(',').map(move |entry| {
        let (layer, outcome) = entry.split_once('=').unwrap_or_else(|| panic!("no outcome: {entry} in {state}"));
        let parts: Vec<&str> = outcome.split('/').collect();
        let [experiment, variant, reason, ..] = parts[..] else { panic!("no outcome: {entry} in {state}") };
        Outcome { layer, experiment, variant, reason }
    })
}
