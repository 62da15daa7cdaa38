//! The bootstraps that ship, with a filter that has no policy to apply: the routes and the edge's guard alone.

use bytes::Bytes;
use hyper::Request;
use serde_json::json;

use crate::support::{Answer, Bench, Client, Options, Protocol, string_configuration};

/// The canary's cluster, as Istio would name it.
const CANARY: &str = "outbound|80|v21|owl.shop.svc.cluster.local";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_believes_no_tag_from_outside() {
    // Inbound, the filter leaves everything alone: what is gone was taken by Envoy.
    let bench = Bench::edge(&nothing_to_decide("inbound"), Options::default()).await;
    for forged in
        [("x-env-tag", "owl-v21"), ("x-weir-subset", "v21"), ("x-weir-cluster", CANARY), ("x-weir-weight", "1")]
    {
        let answer = send(&bench, forged).await;
        assert_eq!(
            (answer.echo().upstream.as_str(), answer.echo().lines(forged.0)),
            ("stable", Vec::new()),
            "{forged:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hop_in_the_mesh_routes_by_the_tag_among_others() {
    let bench = Bench::mesh(&nothing_to_decide("inbound"), Options::default()).await;
    for (tags, upstream) in
        [("owl-v21", "canary"), ("a,owl-v21,b", "canary"), ("owl-v210", "stable"), ("a-owl-v21", "stable")]
    {
        let answer = send(&bench, ("x-env-tag", tags)).await;
        assert_eq!(
            (answer.echo().upstream.as_str(), answer.echo().lines("x-env-tag")),
            (upstream, vec![tags.to_owned()])
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_the_filter_names_comes_before_all_other_routes() {
    let bench = Bench::mesh(&nothing_to_decide("inbound"), Options::default()).await;
    assert_eq!(send(&bench, ("x-weir-cluster", CANARY)).await.echo().upstream, "canary");
    assert_eq!(send(&bench, ("x-weir-cluster", "")).await.status, 503);
    assert_eq!(send(&bench, ("x-other", CANARY)).await.echo().upstream, "stable");
}

fn nothing_to_decide(role: &str) -> String {
    string_configuration(&json!({"weir": 1, "name": "shop", "role": role, "policy": {"version": 1, "layers": []}}))
}

async fn send(bench: &Bench, header: (&str, &str)) -> Answer {
    let request = Request::get("/").header(header.0, header.1).body(Bytes::new()).unwrap();
    Client::new(bench.address, Protocol::Http1).send(request).await.unwrap()
}
