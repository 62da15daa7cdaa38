//! Nothing is lost or counted twice while policies are pushed and the module is replaced under load.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::numbers::Numbers;
use crate::support::{
    ANSWER, Client, Load, Predictor, Prometheus, Protocol, Pushed, checkout, envelope, eventually, other_wasm, policy,
    wasm,
};

const SOON: Duration = Duration::from_secs(20);
const PUSHES: usize = 16;
const CONNECTIONS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_go_on_over_pushes_and_new_code() {
    let modules = tempfile::tempdir().unwrap();
    let modules = [wasm(), other_wasm(modules.path())];
    let pushed = Pushed::start(&envelope_of(0), &modules[0]).await;
    let prometheus = Prometheus::scraping(&pushed.bench.envoy).await;
    let mut numbers = Numbers::default();
    let mut workers = numbers.opened(&pushed.bench, &Predictor::new(&envelope_of(0))).await;

    // A request that began under the first module and policy ends when others have come.
    let mut held = checkout(0);
    held.headers_mut().insert("location", "shenzhen".parse().unwrap());
    held.headers_mut().insert(ANSWER, "never".parse().unwrap());
    let held_state = Predictor::new(&envelope_of(0)).shown(&held).state.unwrap();
    let (address, begun) = (pushed.bench.address, Instant::now());
    let held = tokio::spawn(async move { Client::new(address, Protocol::Http2).send(held).await });
    pushed.bench.envoy.until_stat("http.edge.downstream_rq_active", 1).await;
    let under_way = Instant::now();

    let load = Load::start(pushed.bench.address, CONNECTIONS, |number| {
        let mut request = checkout(number);
        request.headers_mut().insert(ANSWER, ["200", "503"][number % 2].parse().unwrap());
        request
    });
    let machines_before = machines(&pushed).await;
    for push in 1..=PUSHES {
        // Every fourth push brings the other module.
        pushed.push(&envelope_of(push), &modules[push / 4 % 2]);
        let revision = Predictor::new(&envelope_of(push)).revision();
        for client in &mut workers.clients {
            eventually(SOON, &format!("revision {revision} decides"), async || {
                let answer = numbers.send(client, checkout(0)).await;
                let state = answer.header("x-weir-decision").unwrap();
                state.contains(&revision).then_some(()).ok_or_else(|| format!("{state}\n{}", pushed.bench.envoy.log()))
            })
            .await;
        }
    }
    assert!(machines(&pushed).await > machines_before, "no new machine");
    for sample in load.stop().await {
        numbers.answered(&sample.outcome.unwrap_or_else(|error| panic!("request {}: {error}", sample.index)));
    }
    let held_at_least = under_way.elapsed();
    held.abort();
    numbers.decided(&held_state);
    numbers.ended(&held_state, "0");
    numbers.check(&prometheus).await;

    // The one that was held is most of the time; together they cannot have taken more than all connections have had.
    let sum = "sum(weir_request_duration_milliseconds_sum{variant=\"canary\"})";
    let sum = prometheus.series(sum).await.into_values().sum::<f64>();
    let (least, most) =
        (held_at_least.as_millis() as f64, begun.elapsed().as_millis() as f64 * (CONNECTIONS + 3) as f64);
    // Envoy keeps durations in buckets some per cent wide.
    assert!((least * 0.9..most * 1.1).contains(&sum), "{sum} ms, not between {least} and {most}");
}

/// A policy for each push: another share.
fn envelope_of(push: usize) -> Value {
    envelope("edge", &policy(&format!("{}%", 10 + push)))
}

/// How many WebAssembly machines this Envoy has made so far.
async fn machines(pushed: &Pushed) -> u64 {
    pushed.bench.envoy.stat("wasm.envoy.wasm.runtime.v8.created").await.unwrap()
}
