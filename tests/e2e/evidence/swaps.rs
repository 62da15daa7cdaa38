//! Evidence is exact over pushes and new code under load.

use super::expected::{Expected, StandingClock, policy};
use crate::support::{
    ANSWER, Client, Load, Options, Predictor, Prometheus, Protocol, Pushed, Workers, checkout, envelope, other_wasm,
    wasm,
};

const SWAPS: usize = 7;
const CONNECTIONS: usize = 4;
/// Nobody of the load.
const HELD: usize = 1_000_003;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seven_modules_after_another_lose_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let modules = [wasm(), other_wasm(folder.path())];
    let mut clock = StandingClock::new();
    let runner = clock.runner();
    let options = Options { runner: &runner, ..Options::default() };
    let pushed = Pushed::with(&envelope_of(0), &modules[0], options).await;
    let prometheus = Prometheus::scraping(&pushed.bench.envoy).await;
    let mut expected = Expected::default();
    let mut workers = Workers::of(&pushed.bench).await;

    // A request that began in the first machine ends in it, as none did before, when six others have come.
    let mut held = checkout(HELD);
    held.headers_mut().insert(ANSWER, "never".parse().unwrap());
    let address = pushed.bench.address;
    let held = tokio::spawn(async move { Client::new(address, Protocol::Http2).send(held).await });
    pushed.bench.envoy.until_stat("http.edge.downstream_rq_active", 1).await;

    let load = Load::start(pushed.bench.address, CONNECTIONS, |number| {
        let mut request = checkout(number + 100);
        request.headers_mut().insert(ANSWER, status(number).parse().unwrap());
        request
    });
    for swap in 1..=SWAPS {
        pushed.push(&envelope_of(swap), &modules[swap % 2]);
        workers.until_decided_by(&Predictor::new(&envelope_of(swap))).await;
    }
    let samples = load.stop().await;
    for sample in &samples {
        let answer = sample.outcome.as_ref().unwrap_or_else(|error| panic!("request {}: {error}", sample.index));
        assert_eq!(answer.status.to_string(), status(sample.index));
        expected.dealt(sample.index + 100, if answer.status == 503 { "all error" } else { "all" });
    }
    assert!(samples.len() > 1_000, "only {} requests", samples.len());
    let before = expected.counters("none");
    clock.advance(3_000_000);
    held.abort();
    pushed.bench.envoy.until_stat("http.edge.downstream_rq_active", 0).await;
    expected.dealt(HELD, "all none over_250 over_500 over_1000 over_2500");
    assert!(expected.counters("none") > before, "the request that was held is nobody's");
    expected.check(&pushed.bench.envoy, &prometheus, true).await;
}

fn status(number: usize) -> &'static str {
    ["200", "503", "200"][number % 3]
}

/// A policy for each push, in which nothing is dealt otherwise on the line of the pool.
fn envelope_of(swap: usize) -> serde_json::Value {
    envelope("edge", &policy(&format!("{}%", 10 + swap)))
}
