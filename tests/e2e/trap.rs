//! A filter that traps costs the request that made it, and is loaded anew with the policy that was in force.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use weir_policy::Gauge;

use crate::support::{
    Answer, Bench, Client, Options, Predictor, Protocol, Shown, checkout, envelope, eventually, policy,
    string_configuration,
};

const SOON: Duration = Duration::from_secs(20);
const RELOADS: &str = "wasm.weir.shop.vm_reload_success";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_trap_the_same_decisions_are_made_again() {
    let envelope = envelope("edge", &policy("50%"));
    let options = Options { workers: 1, ..Options::default() };
    let bench = Bench::trapping_edge(&string_configuration(&envelope), options).await;
    let predictor = Predictor::new(&envelope);
    let mut client = Client::new(bench.address, Protocol::Http1);
    for traps in 1..=2 {
        check(&mut client, &predictor).await;
        let answer = client.send(trapping()).await.unwrap();
        assert_eq!(answer.status, 503, "trap {traps}");
        eventually(SOON, "requests are served again", async || {
            let answer = client.send(checkout(0)).await?;
            (answer.status == 200).then_some(()).ok_or_else(|| format!("{}\n{}", answer.status, bench.envoy.log()))
        })
        .await;
        check(&mut client, &predictor).await;
        bench.envoy.until_stat(RELOADS, traps).await;
    }
    assert_eq!(bench.envoy.gauge(Gauge::Revision).await, Some(predictor.revision_number()));
    assert_eq!(bench.envoy.gauge(Gauge::Rejected).await, Some(0));
}

/// The released module must not have what this file leans on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_filter_that_ships_does_not_trap_when_asked_to() {
    let envelope = envelope("edge", &policy("50%"));
    let bench = Bench::edge(&string_configuration(&envelope), Options::default()).await;
    let answer = Client::new(bench.address, Protocol::Http1).send(trapping()).await.unwrap();
    assert_eq!(Shown::by(&answer, &trapping()), Predictor::new(&envelope).shown(&trapping()));
}

async fn check(client: &mut Client, predictor: &Predictor) {
    for user in 0..50 {
        let answer: Answer = client.send(checkout(user)).await.unwrap();
        assert_eq!(Shown::by(&answer, &checkout(user)), predictor.shown(&checkout(user)), "user {user}");
    }
}

fn trapping() -> Request<Bytes> {
    Request::get("/checkout").header("x-weir-trap", "1").body(Bytes::new()).unwrap()
}
