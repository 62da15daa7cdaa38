//! A push goes in stages, and first to a few nodes if so wished: who is asked before whom shows in the log and in gauges.

use serde_json::{Value, json};

use crate::serve_fleet::until_row;
use crate::support::{Envoy, Fleet, Predictor, Prometheus, acked, attachment, envelope, event, policy, served};

pub const REVISION: &str = "wasmcustom.attachment=.=shop;.;weir_policy_revision";

/// A policy, its revision, and that revision as Envoy's gauge has it.
pub struct Good {
    pub text: String,
    pub revision: String,
    pub number: u64,
}

pub fn good(policy: &Value) -> Good {
    let predictor = Predictor::new(&envelope("edge", policy));
    Good { text: policy.to_string(), revision: predictor.revision(), number: predictor.revision_number() }
}

/// The policy of all tests with one more experiment.
pub fn with_more(share: &str) -> Value {
    let mut more = policy(share);
    let experiment = json!({"id": "red", "slots": [[500_000, 600_000]], "variants": [{"id": "red", "share": "50%"}]});
    more["layers"][1]["experiments"].as_array_mut().unwrap().push(experiment);
    more
}

pub fn attached(role: &str) -> Value {
    let mut file = attachment();
    file["role"] = json!(role);
    file["nodes"] = json!({"cluster": role});
    file
}

pub async fn start(words: &[&str]) -> Fleet {
    let attachments = [("edge.yaml", attached("edge")), ("mesh.yaml", attached("mesh"))];
    Fleet::start(&policy("10%"), &attachments, &[&["--http", "127.0.0.1:0"], words].concat()).await
}

/// Waits until the server knows that these have their filters: an ack is known a moment before the filters it is of.
pub async fn until_asked(fleet: &Fleet, nodes: &[&str]) {
    for node in nodes {
        let asked =
            |row: &Value| row["node"] == *node && row["acked"] == row["offered"] && row["attachments"] != json!([]);
        until_row(&fleet.weir, "filters", asked).await;
    }
}

pub async fn both(fleet: &Fleet) -> (Envoy, Envoy) {
    (fleet.envoy("edge-1", "edge").await, fleet.envoy("mesh-1", "mesh").await)
}

/// Panics unless the first of these nodes acked a revision before the second did.
async fn acked_in_order(fleet: &Fleet, [first, second]: [&str; 2], good: &Good) {
    let first = fleet.weir.until(&acked(first, &good.revision)).await;
    let second = fleet.weir.until(&acked(second, &good.revision)).await;
    assert!(first < second, "{}", fleet.weir.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_is_known_in_the_mesh_first_and_what_is_killed_leaves_the_edge_first() {
    let fleet = start(&[]).await;
    let (edge, mesh) = both(&fleet).await;
    let (before, more) = (good(&policy("10%")), good(&with_more("10%")));
    fleet.write("policy.yaml", &more.text);
    for envoy in [&mesh, &edge] {
        envoy.until_stat(REVISION, more.number).await;
    }
    fleet.weir.until(&event("stage").with("edges", &before.revision).with("mesh", &more.revision)).await;
    fleet.weir.until(&served(&more.revision)).await;
    acked_in_order(&fleet, ["mesh-1", "edge-1"], &more).await;

    let mut killed = with_more("10%");
    killed["layers"][0]["enabled"] = json!(false);
    let killed = good(&killed);
    fleet.write("policy.yaml", &killed.text);
    for envoy in [&mesh, &edge] {
        envoy.until_stat(REVISION, killed.number).await;
    }
    acked_in_order(&fleet, ["edge-1", "mesh-1"], &killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_that_change_with_their_policy_reach_the_mesh_first() {
    let fleet = start(&[]).await;
    let (edge, mesh) = both(&fleet).await;
    until_asked(&fleet, &["edge-1", "mesh-1"]).await;
    let (before, more) = (good(&policy("10%")), good(&with_more("10%")));
    // While the policy is bad nothing is served; then all of it changes at once.
    fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    fleet.weir.until(&event("not_served")).await;
    for role in ["edge", "mesh"] {
        let mut changed = attached(role);
        changed["trace"] = json!("shaped");
        fleet.write(&format!("attach/{role}.yaml"), &changed.to_string());
    }
    fleet.write("policy.yaml", &more.text);
    for envoy in [&mesh, &edge] {
        envoy.until_stat(REVISION, more.number).await;
    }
    fleet.weir.until(&event("stage").with("edges", &before.revision).with("mesh", &more.revision)).await;
    acked_in_order(&fleet, ["mesh-1", "edge-1"], &more).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_answer_is_named_and_holds_up_nobody_for_ever() {
    let fleet = start(&["--stage-deadline", "3s"]).await;
    let (edge, mut mesh) = both(&fleet).await;
    until_asked(&fleet, &["edge-1", "mesh-1"]).await;
    mesh.freeze(true);
    let more = good(&with_more("10%"));
    fleet.write("policy.yaml", &more.text);
    edge.until_stat(REVISION, more.number).await;
    fleet.weir.until(&event("nodes_late").with("revision", &more.revision).with("nodes", "mesh-1")).await;

    // Named once, it is not waited for again; it takes what is newest when it comes back.
    let last = good(&with_more("20%"));
    fleet.write("policy.yaml", &last.text);
    edge.until_stat(REVISION, last.number).await;
    assert_eq!(fleet.weir.count(&event("nodes_late")), 1, "{}", fleet.weir.log());
    mesh.freeze(false);
    mesh.until_stat(REVISION, last.number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revision_goes_on_when_it_is_active_on_its_first_nodes() {
    let mut fleet = start(&[]).await;
    let (one, two) = (fleet.envoy("edge-1", "edge").await, fleet.envoy("edge-2", "edge").await);
    let prometheus = Prometheus::scraping_nodes(&[("edge-1", &one), ("edge-2", &two)]).await;
    fleet.weir.restart_with(&["--canary-nodes", "50%", "--prometheus", &prometheus.address().to_string()]).await;
    until_asked(&fleet, &["edge-1", "edge-2"]).await;
    let next = good(&policy("20%"));
    fleet.write("policy.yaml", &next.text);
    for envoy in [&one, &two] {
        envoy.until_stat(REVISION, next.number).await;
    }
    let canary = event("canary_started").with("revision", &next.revision);
    let [begun, told] = [fleet.weir.until(&canary).await, fleet.weir.until(&served(&next.revision)).await];
    let nodes = match fleet.weir.count(&canary.with("nodes", "edge-1")) {
        1 => ["edge-1", "edge-2"],
        _ => ["edge-2", "edge-1"],
    };
    acked_in_order(&fleet, nodes, &next).await;
    let first = fleet.weir.until(&acked(nodes[0], &next.revision)).await;
    assert!(begun < first && first < told, "{}", fleet.weir.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revision_that_nobody_sees_active_is_taken_back_and_a_kill_is_not_held_up() {
    let fleet = start(&["--canary-nodes", "1%", "--canary-deadline", "5s"]).await;
    let (one, two) = (fleet.envoy("edge-1", "edge").await, fleet.envoy("edge-2", "edge").await);
    until_asked(&fleet, &["edge-1", "edge-2"]).await;
    let (before, next) = (good(&policy("10%")), good(&policy("20%")));
    fleet.write("policy.yaml", &next.text);
    let held = event("held").with("revision", &next.revision).containing("why", "edge-");
    fleet.weir.until(&held.containing("why", "nobody could read its gauges")).await;
    for envoy in [&one, &two] {
        envoy.until_stat(REVISION, before.number).await;
    }
    assert_eq!(fleet.weir.count(&served(&next.revision)), 0, "{}", fleet.weir.log());

    let mut killed = policy("10%");
    killed["enabled"] = json!(false);
    let killed = good(&killed);
    fleet.write("policy.yaml", &killed.text);
    for envoy in [&one, &two] {
        envoy.until_stat(REVISION, killed.number).await;
    }
    assert_eq!(fleet.weir.count(&event("canary_started")), 1, "{}", fleet.weir.log());
}
