//! `weir serve --state` is killed and comes back: a push that was under way goes on by stages, from what Envoys had.

use std::time::Duration;

use serde_json::{Value, json};
use weir_policy::Gauge;

use crate::support::{Fleet, PolicyFile, acked, event, eventually, policy, served, with_more};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_that_was_cut_off_between_its_stages_goes_on_when_the_mesh_is_back() {
    let state = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::of_tiers(&["--state", &state.path().display().to_string()]).await;
    let (edge, mut mesh) = fleet.both().await;
    let (before, more) = (PolicyFile::of(&policy("10%")), PolicyFile::of(&with_more("10%")));
    fleet.weir.until_asked(&["edge-1", "mesh-1"]).await;
    mesh.freeze(true);
    fleet.write("policy.yaml", &more.text);
    let stage = event("stage").with("edges", &before.revision).with("mesh", &more.revision);
    fleet.weir.until(&stage).await;

    fleet.weir.kill();
    fleet.weir.restart().await;
    // Whether the stage was saved before the crash or not, an edge that is back first is not sent what the mesh may not know yet.
    fleet.weir.until(&stage.or("resumed")).await;
    fleet.weir.until(&event("awaiting_reconnects").with("revision", &more.revision)).await;
    fleet.weir.until(&event("connected").with("node", "edge-1")).await;
    assert_eq!(edge.gauge(Gauge::Revision).await, Some(before.number));
    mesh.freeze(false);
    for envoy in [&mesh, &edge] {
        envoy.until_revision(more.number).await;
    }
    let edge_acked = fleet.weir.until(&acked("edge-1", &more.revision)).await;
    // The mesh node may have read it before it noticed that the server was gone, and then acks nothing anew.
    let mesh_back = fleet.weir.until(&event("connected").with("node", "mesh-1")).await;
    assert!(mesh_back < edge_acked, "{}", fleet.weir.log());
    fleet.weir.until(&served(&more.revision)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_policy_that_was_cut_off_on_its_way_arrives_whole() {
    let mut fleet = Fleet::of_tiers(&[]).await;
    let mut edge = fleet.envoy("edge-1", "edge").await;
    fleet.weir.until_asked(&["edge-1"]).await;
    let large = PolicyFile::of(&with_listed(130_000));
    assert!(large.text.len() > 30 << 20, "{}", large.text.len());
    // What it does not read stays in its kernel's buffers, and from then on in the server's.
    edge.freeze(true);
    fleet.write("policy.yaml", &large.text);
    let port = fleet.weir.address().port();
    eventually(SOON, "the server is writing it", async || unread(port).ok_or("no bytes on their way".into())).await;

    fleet.weir.kill();
    edge.freeze(false);
    fleet.weir.restart().await;
    edge.until_revision(large.number).await;
    fleet.weir.until(&acked("edge-1", &large.revision)).await;
}

/// The policy of all tests with so many units, each nearly as long as one may be, that meet the canary.
fn with_listed(units: usize) -> Value {
    let mut policy = policy("10%");
    policy["lists"] = json!({"staff": (0..units).map(|number| format!("staff-{number:0240}")).collect::<Vec<_>>()});
    policy["layers"][0]["overrides"] = json!([{"list": "staff", "experiment": "owl-v21", "variant": "canary"}]);
    policy
}

/// How many bytes that a server wrote to its clients they have not taken, as far as the kernel holds them; `None` for none.
fn unread(port: u16) -> Option<u64> {
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let queue = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (local, queues) = (words.next()?, words.nth(2)?);
        let (sent, _) = queues.split_once(':')?;
        local.ends_with(&format!(":{port:04X}")).then(|| u64::from_str_radix(sent, 16).ok())?
    };
    let sum: u64 = sockets.lines().filter_map(queue).sum();
    (sum > 0).then_some(sum)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_that_a_start_finds_reaches_edges_at_once() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path().display().to_string();
    let mut fleet = Fleet::of_tiers(&["--state", &state, "--stage-deadline", "1h"]).await;
    let (edge, mesh) = fleet.both().await;
    fleet.weir.until_asked(&["edge-1", "mesh-1"]).await;
    let mut killed = policy("10%");
    killed["layers"][0]["enabled"] = json!(false);
    let (before, killed) = (PolicyFile::of(&policy("10%")), PolicyFile::of(&killed));

    fleet.weir.kill();
    fleet.write("policy.yaml", &killed.text);
    fleet.weir.restart().await;
    edge.until_revision(killed.number).await;
    fleet.weir.until(&event("connected").with("node", "mesh-1")).await;
    fleet.weir.until(&event("awaiting_reconnects").with("revision", &killed.revision)).await;
    assert_eq!(
        mesh.gauge(Gauge::Revision).await,
        Some(before.number),
        "the mesh knows the tag until no edge stamps it"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revision_that_was_held_back_is_held_back_after_a_restart_too() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path().display().to_string();
    let words = ["--state", &state, "--stage-deadline", "10s", "--canary-nodes", "1%", "--canary-deadline", "1s"];
    let mut fleet = Fleet::of_tiers(&words).await;
    let (edge, _mesh) = fleet.both().await;
    fleet.weir.until_asked(&["edge-1", "mesh-1"]).await;
    let (before, next) = (PolicyFile::of(&policy("10%")), PolicyFile::of(&policy("20%")));
    fleet.write("policy.yaml", &next.text);
    let held = event("held").with("revision", &next.revision);
    fleet.weir.until(&held).await;

    fleet.weir.kill();
    fleet.weir.restart().await;
    fleet.weir.until(&event("awaiting_reconnects").with("revision", &next.revision)).await;
    fleet.weir.until(&held).await;
    edge.until_revision(before.number).await;
    assert_eq!(fleet.weir.count(&event("served")), 0, "{}", fleet.weir.log());
}
