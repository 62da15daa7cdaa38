//! What a person sees of `weir serve` while Envoys hang on it: edits arrive, bad ones are told and change nothing.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};
use weir_policy::Gauge;

use crate::support::{
    ATTACHMENT, Ads, Client, Envoy, Predictor, Process, Protocol, SERVICE, Served, Workers, acked, attachment,
    envelope, event, eventually, policy, replaced, weir,
};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_becomes_bad_is_reported_whole_and_the_last_good_one_stays() {
    let good = policy("30%");
    let served = Served::start(&good, Ads::Delta).await;
    let predictor = Predictor::new(&envelope("edge", &good));
    let mut workers = Workers::of(&served.bench).await;
    workers.until_they_follow(&predictor).await;

    let mut bad = good.clone();
    bad["layers"][0]["unit"] = json!("nobody");
    bad["layers"][1]["experiments"][0]["variants"][0]["share"] = json!("500%");
    bad["colour"] = json!("red");
    served.write_policy(&bad.to_string());
    let told = ["unknown_unit: ", "layers[0].unit", "bad_share: ", ".variants[0].share", "unknown_field: ", "colour"];
    let stays = event("not_served").with("revision", &predictor.revision());
    served.weir.until(&told.iter().fold(stays.clone(), |stays, part| stays.containing("why", part))).await;
    served.write_policy("version: 1\nlayers: [\n");
    served.weir.until(&stays.containing("why", "syntax: ")).await;
    workers.follow(&predictor).await.unwrap();
    assert_eq!(served.bench.envoy.gauge(Gauge::Rejected).await, Some(0));

    let better = policy("45%");
    served.write_policy(&better.to_string());
    let predictor = Predictor::new(&envelope("edge", &better));
    workers.until_they_follow(&predictor).await;
    served.weir.until(&acked("edge-1", &predictor.revision())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_resource_arrives_and_one_that_envoy_refuses_is_told() {
    let good = policy("30%");
    for ads in [Ads::StateOfTheWorld, Ads::Delta] {
        let served = Served::start(&good, ads).await;
        let predictor = Predictor::new(&envelope("edge", &good));
        let mut client = Client::new(served.bench.address, Protocol::Http1);
        assert_eq!(client.send(get("/teapot")).await.unwrap().status, 200);
        let routes = served.resource("routes.yaml");

        let first = "    - name: canary-by-tag\n";
        let teapot = "    - {match: {prefix: /teapot}, direct_response: {status: 418}}\n";
        served.write_resource("routes.yaml", &replaced(&routes, first, &format!("{teapot}{first}")));
        until_status(&mut client, "/teapot", 418).await;

        // Good for the server, which does not know regexes of Envoy's, and refused by Envoy.
        let refused = replaced(&routes, "(.*,)?owl-v21(,.*)?", "(.*");
        served.write_resource("routes.yaml", &refused);
        let rejected = event("rejected").with("node", "edge-1").with("type", "rds");
        served.weir.until(&rejected.with("revision", &predictor.revision())).await;
        assert_eq!(client.send(get("/teapot")).await.unwrap().status, 418);

        served.write_resource("routes.yaml", &routes);
        until_status(&mut client, "/teapot", 200).await;
        Workers::of(&served.bench).await.follow(&predictor).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hop_in_the_mesh_is_sent_what_it_follows_and_no_more() {
    let policy = policy("30%");
    let mut mesh = attachment();
    mesh["role"] = json!("mesh");
    mesh["log_unit"] = json!("user");
    let served = Served::attached(&mesh, &policy, Ads::Delta).await;
    let revision = Predictor::new(&envelope("edge", &policy)).revision().to_string();
    let dump: Value =
        serde_json::from_str(&served.bench.envoy.admin("/config_dump?resource=ecds_filters").await).unwrap();
    let sent = &dump["configs"][0]["ecds_filter"]["typed_config"]["config"]["configuration"]["value"];
    let sent: Value = serde_json::from_str(sent.as_str().unwrap_or_else(|| panic!("{dump:#}"))).unwrap();
    let canary = json!({"id": "canary", "env_tag": "owl-v21", "routes": {SERVICE: "v21"}});
    let layers = json!([
        {"id": "banner", "experiments": [{"id": "blue", "variants": [{"id": "blue"}, {"id": "control"}]}]},
        {"id": "checkout", "experiments": [{"id": "owl-v21", "variants": [canary, {"id": "control"}]}]},
    ]);
    let projection = json!({"version": 1, "units": {"user": [{"header": "x-user-id"}]}, "layers": layers});
    let mut expected = envelope("mesh", &projection);
    expected["log_unit"] = json!("user");
    expected["steer"] = json!("tag");
    expected["revision"] = json!(revision);
    // Which one it is is told by the gauge, and by nothing else.
    expected["offer"] = json!(format!("{:08x}", served.bench.envoy.gauge(Gauge::Offer).await.unwrap()));
    assert_eq!(sent, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_offer_tells_a_changed_attachment_and_a_changed_resource() {
    let served = Served::start(&policy("30%"), Ads::Delta).await;
    let envoy = &served.bench.envoy;
    let revision = envoy.gauge(Gauge::Revision).await.unwrap();
    let first = envoy.gauge(Gauge::Offer).await.unwrap();
    assert!((1..1 << 32).contains(&first), "{first}");

    let mut logging = attachment();
    logging["log_unit"] = json!("user");
    served.write_attachment(&logging.to_string());
    let changed = until_another(envoy, first).await;

    served.write_resource("routes.yaml", &format!("{}# Says nothing.\n", served.resource("routes.yaml")));
    served.write_attachment(&attachment().to_string());
    envoy.until_stat(&Gauge::Offer.shown(ATTACHMENT), first).await;

    let (old, new) = ("(.*,)?owl-v21(,.*)?", "(.*,)?owl-v21(,.*)?$");
    served.write_resource("routes.yaml", &replaced(&served.resource("routes.yaml"), old, new));
    let other = until_another(envoy, first).await;
    assert_ne!(other, changed);
    assert_eq!(envoy.gauge(Gauge::Revision).await, Some(revision), "the policy is the same");
}

/// Waits for another offer than this.
async fn until_another(envoy: &Envoy, offer: u64) -> u64 {
    eventually(SOON, "another offer", async || {
        let seen = envoy.gauge(Gauge::Offer).await;
        seen.filter(|seen| *seen != offer).ok_or_else(|| format!("{seen:?}"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_answered_on_the_same_address() {
    let served = Served::start(&policy("30%"), Ads::Delta).await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let answer = Client::new(served.weir.address(), protocol).send(get("/healthz")).await.unwrap();
        assert_eq!(answer.status, 200, "{protocol:?}");
        let answer = Client::new(served.weir.address(), protocol).send(get("/elsewhere")).await.unwrap();
        assert_ne!(answer.status, 200, "{protocol:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_policy_at_the_start_ends_it_with_the_problems() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.yaml"), "version: 1\nlayers: [{id: checkout}]\ncolour: red\n").unwrap();
    std::fs::write(folder.path().join("attach.yaml"), attachment().to_string()).unwrap();
    let words = ["serve", "--policy", "policy.yaml", "--attach", "attach.yaml", "--listen", "127.0.0.1:0"];
    let mut process = Process::start("weir", &weir(), &words.map(str::to_owned), folder.path());
    let ended = eventually(SOON, "weir serve ends", async || process.ended().ok_or_else(|| process.tail())).await;
    assert_eq!(ended.code(), Some(1), "{}", process.tail());
    assert_eq!(process.stdout(), "");
    for problem in ["missing_field: `unit`", "at layers[0]", "unknown_field: ", "at colour"] {
        assert!(process.stderr().contains(problem), "no {problem:?}\n{}", process.tail());
    }
}

fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

async fn until_status(client: &mut Client, path: &str, status: u16) {
    eventually(SOON, &format!("{path} is answered by {status}"), async || {
        let answer = client.send(get(path)).await?;
        (answer.status == status).then_some(()).ok_or_else(|| format!("{answer:?}"))
    })
    .await;
}
