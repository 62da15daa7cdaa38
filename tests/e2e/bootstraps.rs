//! The bootstraps that ship, with a filter that has no policy to apply: the routes and the edge's guard alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::support::{
    Answer, Bench, Client, Options, Predictor, Protocol, Pushed, Workers, envelope, eventually, policy,
    string_configuration, text, wasm,
};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_filter_steers_by_cluster_at_an_edge_and_in_the_mesh() {
    for (role, tagged) in [("edge", "none"), ("mesh", "owl-v21")] {
        let mut envelope = envelope(role, &policy("5%"));
        envelope["steer"] = "cluster".into();
        let configuration = string_configuration(&envelope);
        let bench = match role {
            "edge" => Bench::edge(&configuration, Options::default()).await,
            _ => Bench::mesh(&configuration, Options::default()).await,
        };
        let mut client = Client::new(bench.address, Protocol::Http1);
        // A list makes user-18 a canary, and the tag does in the mesh; user-0 is dealt nothing and brings no tag.
        for (user, tag, route) in [("user-18", tagged, "canary-by-cluster"), ("user-0", "none", "stable")] {
            let request = Request::get("/").header("x-user-id", user).header("x-env-tag", tag);
            let answer = client.send(request.body(Bytes::new()).unwrap()).await.unwrap();
            assert_eq!(answer.echo().lines("x-weir-cluster"), Vec::<String>::new(), "{role}");
            let entry = logged(&bench, &answer).await;
            assert_eq!(entry["route"], route, "{role}: {entry}");
            assert_eq!(entry["cluster"] == CANARY, answer.echo().upstream == "canary", "{role}: {entry}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_pushed_by_a_file_that_is_renamed_into_place() {
    let envelopes = ["20%", "40%"].map(|share| envelope("edge", &policy(share)));
    let pushed = Pushed::start(&envelopes[0], &wasm()).await;
    let mut workers = Workers::of(&pushed.bench).await;
    workers.follow(&Predictor::new(&envelopes[0])).await.unwrap();
    pushed.push(&envelopes[1], &wasm());
    workers.until_they_follow(&Predictor::new(&envelopes[1])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_is_logged_is_not_shown_to_clients() {
    for role in ["edge", "mesh"] {
        let mut envelope = envelope(role, &policy("50%"));
        envelope["log_unit"] = json!("user");
        let (configuration, predictor) = (string_configuration(&envelope), Predictor::new(&envelope));
        let bench = match role {
            "edge" => Bench::edge(&configuration, Options::default()).await,
            _ => Bench::mesh(&configuration, Options::default()).await,
        };
        let mut client = Client::new(bench.address, Protocol::Http1);
        for user in ["x-user-id", "x-somebody"] {
            let request = Request::get("/checkout").header(user, "ada").body(Bytes::new()).unwrap();
            let answer = client.send(request.clone()).await.unwrap();
            let state = predictor.state(&request).unwrap();
            assert_eq!(state.contains(";u=ada"), user == "x-user-id", "{state}");
            assert_eq!(logged(&bench, &answer).await["decision"], state);
            let shown: Vec<&(String, Vec<u8>)> =
                answer.headers.iter().filter(|(name, _)| name == "x-weir-decision").collect();
            let expected = state.replace(";u=ada", "").into_bytes();
            assert_eq!(shown, [&("x-weir-decision".to_owned(), expected)], "{role} {user}");
        }
    }
}

#[test]
fn every_bootstrap_makes_the_same_labels() {
    let files = ["ads", "ecds", "mesh", "static", "telemetry"].map(|name| format!("envoy/{name}.yaml"));
    let block = |file: &String| {
        let text = text(file);
        let lines = text.lines().skip_while(|line| *line != "stats_config:").take_while(|line| !line.is_empty());
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let blocks: BTreeMap<&String, Vec<String>> = files.iter().map(|file| (file, block(file))).collect();
    let different: BTreeSet<&Vec<String>> = blocks.values().collect();
    assert!(different.len() == 1 && blocks.values().all(|block| block.len() > 2), "{blocks:#?}");
}

/// The entry of the access log on a request.
async fn logged(bench: &Bench, answer: &Answer) -> Value {
    let id = answer.echo().lines("x-request-id").concat();
    eventually(Duration::from_secs(20), "an entry of the access log", async || {
        let mut entries = bench.envoy.access_log().into_iter();
        entries.find(|entry| entry["id"] == id.as_str()).ok_or_else(|| format!("none of {id}"))
    })
    .await
}

fn nothing_to_decide(role: &str) -> String {
    string_configuration(&json!({"weir": 1, "name": "shop", "role": role, "policy": {"version": 1, "layers": []}}))
}

async fn send(bench: &Bench, header: (&str, &str)) -> Answer {
    let request = Request::get("/").header(header.0, header.1).body(Bytes::new()).unwrap();
    Client::new(bench.address, Protocol::Http1).send(request).await.unwrap()
}
