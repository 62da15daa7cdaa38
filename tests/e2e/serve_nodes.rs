//! One `weir serve`, several kinds of Envoys: each gets the attachment that is for it.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    Client, Envoy, Fleet, Predictor, Process, Protocol, attachment_for, checkout, envelope, envelope_of, event,
    eventually, policy, weir,
};

const SOON: Duration = Duration::from_secs(20);

async fn role_of(envoy: &Envoy) -> Option<String> {
    envelope_of(envoy).await.map(|envelope| envelope["role"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edges_and_hops_hang_on_one_server_and_each_gets_its_own() {
    let policies = [policy("20%"), policy("40%")];
    let attachments = [("edge.yaml", attachment_for("edge", "edge")), ("mesh.yaml", attachment_for("mesh", "mesh"))];
    let fleet = Fleet::start(&policies[0], &attachments, &[]).await;
    let (edge, mesh) = (fleet.envoy("edge-1", "edge").await, fleet.envoy("mesh-1", "mesh").await);
    let numbers = policies.each_ref().map(|policy| Predictor::new(&envelope("edge", policy)).revision_number());
    for (number, policy) in numbers.iter().zip(&policies) {
        fleet.write("policy.yaml", &policy.to_string());
        for envoy in [&edge, &mesh] {
            envoy.until_revision(*number).await;
        }
    }
    assert_eq!((role_of(&edge).await.as_deref(), role_of(&mesh).await.as_deref()), (Some("edge"), Some("mesh")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envoy_that_no_attachment_is_for_is_named_and_lets_traffic_through() {
    let fleet = Fleet::start(&policy("20%"), &[("edge.yaml", attachment_for("edge", "edge"))], &[]).await;
    let other = fleet.envoy("other-1", "other").await;
    let mut client = Client::new(other.listener("edge").await, Protocol::Http1);
    assert_eq!(client.send(checkout(0)).await.unwrap().status, 200);
    fleet.weir.until(&event("unmatched").with("node", "other-1")).await;
    assert_eq!(role_of(&other).await, None);

    // The attachment is widened while it is connected.
    let mut wide = attachment_for("edge", "edge");
    wide["nodes"] = json!({"cluster": ["edge", {"prefix": "oth"}]});
    fleet.write("attach/edge.yaml", &wide.to_string());
    eventually(SOON, "the filter arrives", async || role_of(&other).await.ok_or_else(|| fleet.weir.log())).await;

    // And narrowed: the filter is taken back, and traffic goes on without.
    fleet.write("attach/edge.yaml", &attachment_for("edge", "edge").to_string());
    eventually(SOON, "the filter is gone", async || {
        let answer = client.send(checkout(0)).await?;
        assert_eq!(answer.status, 200);
        answer
            .header("x-weir-decision")
            .as_deref()
            .is_none_or(str::is_empty)
            .then_some(())
            .ok_or_else(|| format!("{answer:?}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_attachments_for_one_filter_of_one_envoy_change_nothing_there() {
    let fleet = Fleet::start(&policy("20%"), &[("edge.yaml", attachment_for("edge", "edge"))], &[]).await;
    let edge = fleet.envoy("edge-1", "edge").await;
    assert_eq!(role_of(&edge).await.as_deref(), Some("edge"));

    // Only this Envoy tells that it is in both.
    let mut other = attachment_for("mesh", "edge");
    other["nodes"] = json!({"id": "edge-1"});
    fleet.write("attach/other.yaml", &other.to_string());
    fleet.weir.until(&event("clash").with("node", "edge-1").with("filter", "weir.shop")).await;
    assert_eq!(role_of(&edge).await.as_deref(), Some("edge"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_that_are_seen_to_overlap_are_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.yaml"), policy("20%").to_string()).unwrap();
    let mut wide = attachment_for("mesh", "edge");
    wide["nodes"] = json!({});
    for (file, attachment) in [("edge.yaml", attachment_for("edge", "edge")), ("wide.yaml", wide)] {
        std::fs::write(folder.path().join(file), attachment.to_string()).unwrap();
    }
    let words = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--policy",
        "policy.yaml",
        "--attach",
        "edge.yaml",
        "--attach",
        "wide.yaml",
    ];
    let mut process = Process::start("weir", &weir(), &words.map(str::to_owned), folder.path());
    let ended = eventually(SOON, "weir serve ends", async || process.ended().ok_or_else(|| process.tail())).await;
    assert_eq!(ended.code(), Some(1), "{}", process.tail());
    for part in ["conflict: another attachment gives the filter weir.shop to the same Envoys", "wide.yaml:1:"] {
        assert!(process.stderr().contains(part), "no {part:?}\n{}", process.tail());
    }
}
