//! In the mesh only the variant that routed a request there counts it, so that a request is counted once on its way.

use std::collections::BTreeSet;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use super::numbers::{Numbers, Outcome, until_shown};
use crate::support::{
    Bench, Client, Options, Prometheus, Protocol, SERVICE, Workers, envelope, policy, series, string_configuration,
};

/// What a hop says of the layer that routes its service.
const ROUTED: Outcome<'static> = Outcome { layer: "checkout", experiment: "owl-v21", variant: "canary", reason: "tag" };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hop_counts_what_it_routes() {
    let (bench, prometheus) = hop(&policy("50%")).await;
    let mut numbers = Numbers::default();
    let mut client = Client::new(bench.address, Protocol::Http1);
    for tags in ["owl-v21.control", "blue.blue", "other", "", "owl-v21", "owl-v21,blue.blue"] {
        let answer = client.send(tagged(tags)).await.unwrap();
        let routed = tags.split(',').any(|tag| tag == "owl-v21");
        assert_eq!(answer.echo().upstream, if routed { "canary" } else { "stable" }, "{tags}");
        if routed {
            numbers.request(Outcome { variant: "canary", ..ROUTED }, "2xx");
            numbers.took_time("owl-v21", "canary");
            numbers.reason("checkout", "tag");
        }
    }
    numbers.check(&prometheus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_routed_for_another_service_is_not_counted() {
    let mut policy = policy("50%");
    let variants = &mut policy["layers"][0]["experiments"][0]["variants"];
    variants[0]["routes"] = json!({"cat.shop.svc.cluster.local": "v21"});
    variants[1]["routes"] = json!({SERVICE: "v21"});
    let (bench, prometheus) = hop(&policy).await;
    let answer = Client::new(bench.address, Protocol::Http1).send(tagged("owl-v21")).await.unwrap();
    assert!(answer.header("x-weir-decision").unwrap().contains("owl-v21/canary/tag"), "{answer:?}");
    // Once what comes after it on each worker is shown, and how long that took, it would be too.
    let mut numbers = Numbers::default();
    for mut client in Workers::of(&bench).await.clients {
        client.send(tagged("owl-v21.control")).await.unwrap();
        numbers.request(Outcome { variant: "control", ..ROUTED }, "2xx");
        numbers.took_time("owl-v21", "control");
        numbers.reason("checkout", "tag");
    }
    numbers.check(&prometheus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_requests_that_follow_a_tag_stand_at_0_at_a_hop() {
    let (_bench, prometheus) = hop(&policy("50%")).await;
    let shown = prometheus.series("weir_requests_total").await;
    let reasons: BTreeSet<&str> = shown.keys().map(|labels| labels["reason"].as_str()).collect();
    assert_eq!((shown.len(), reasons), (4 * 6, BTreeSet::from(["tag"])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbound_side_has_gauges_and_no_counters() {
    let configuration = string_configuration(&envelope("inbound", &policy("50%")));
    let bench = Bench::mesh(&configuration, Options::default()).await;
    let stats = bench.envoy.admin("/stats?filter=weir_").await;
    assert!(stats.contains("weir_policy_revision") && !stats.contains("_total"), "{stats}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_that_are_dropped_count_by_cause() {
    let (bench, prometheus) = hop(&policy("50%")).await;
    let mut client = Client::new(bench.address, Protocol::Http1);
    for tags in ["owl-v21,owl-v21,owl-v21", "-,?,owl-v21", "owl-v21,owl-v21.control"] {
        client.send(tagged(tags)).await.unwrap();
    }
    let mut overflow = tagged("owl-v21");
    for number in 0..20 {
        overflow.headers_mut().append("x-env-tag", format!("unknown-{number}").parse().unwrap());
    }
    client.send(overflow).await.unwrap();
    let expected = [("duplicate", 2.0), ("malformed", 2.0), ("overflow", 4.0), ("superseded", 1.0)];
    let expected = series(expected.map(|(cause, count)| ([("cause", cause)], count)));
    until_shown(&prometheus, ["weir_tags_dropped_total > 0"], [&expected]).await;
}

async fn hop(policy: &Value) -> (Bench, Prometheus) {
    let configuration = string_configuration(&envelope("mesh", policy));
    let bench = Bench::mesh(&configuration, Options::default()).await;
    let prometheus = Prometheus::scraping(&bench.envoy).await;
    (bench, prometheus)
}

fn tagged(tags: &str) -> Request<Bytes> {
    Request::get("/checkout").header("x-env-tag", tags).body(Bytes::new()).unwrap()
}
