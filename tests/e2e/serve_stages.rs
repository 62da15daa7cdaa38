//! A push goes in stages, and first to a few nodes if so wished: who is asked before whom shows in the log and in gauges.

use serde_json::{Value, json};

use crate::serve_fleet::until_row;
use crate::support::{Envoy, Fleet, Predictor, Prometheus, attachment, envelope, policy};

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

/// Where the log says that a node acked a revision.
pub fn acked(fleet: &Fleet, node: &str, good: &Good) -> usize {
    let (log, line) = (fleet.weir.log(), format!("acked node={node} type=ecds revision={}\n", good.revision));
    log.find(&line).unwrap_or_else(|| panic!("no {line:?} in\n{log}"))
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
    let stage = format!("stage 1 of 2: revision {} at edges, {} in the mesh", before.revision, more.revision);
    let active = format!("revision {} active in server", more.revision);
    fleet
        .weir
        .until_logged(&[&stage, &active, &format!("acked node=edge-1 type=ecds revision={}\n", more.revision)])
        .await;
    assert!(acked(&fleet, "mesh-1", &more) < acked(&fleet, "edge-1", &more), "{}", fleet.weir.log());

    let mut killed = with_more("10%");
    killed["layers"][0]["enabled"] = json!(false);
    let killed = good(&killed);
    fleet.write("policy.yaml", &killed.text);
    for envoy in [&mesh, &edge] {
        envoy.until_stat(REVISION, killed.number).await;
    }
    fleet.weir.until_logged(&[&format!("acked node=mesh-1 type=ecds revision={}\n", killed.revision)]).await;
    assert!(acked(&fleet, "edge-1", &killed) < acked(&fleet, "mesh-1", &killed), "{}", fleet.weir.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_that_change_with_their_policy_reach_the_mesh_first() {
    let fleet = start(&[]).await;
    let (edge, mesh) = both(&fleet).await;
    until_asked(&fleet, &["edge-1", "mesh-1"]).await;
    let (before, more) = (good(&policy("10%")), good(&with_more("10%")));
    // While the policy is bad nothing is served; then all of it changes at once.
    fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    fleet.weir.until_logged(&["not served, "]).await;
    for role in ["edge", "mesh"] {
        let mut changed = attached(role);
        changed["trace"] = json!("shaped");
        fleet.write(&format!("attach/{role}.yaml"), &changed.to_string());
    }
    fleet.write("policy.yaml", &more.text);
    for envoy in [&mesh, &edge] {
        envoy.until_stat(REVISION, more.number).await;
    }
    let stage = format!("stage 1 of 2: revision {} at edges, {} in the mesh", before.revision, more.revision);
    fleet.weir.until_logged(&[&stage, &format!("acked node=edge-1 type=ecds revision={}\n", more.revision)]).await;
    assert!(acked(&fleet, "mesh-1", &more) < acked(&fleet, "edge-1", &more), "{}", fleet.weir.log());
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
    let late = format!("no answer within 3s to revision {}: mesh-1\n", more.revision);
    fleet.weir.until_logged(&[&late]).await;

    // Named once, it is not waited for again; it takes what is newest when it comes back.
    let last = good(&with_more("20%"));
    fleet.write("policy.yaml", &last.text);
    edge.until_stat(REVISION, last.number).await;
    assert_eq!(fleet.weir.log().matches("no answer within").count(), 1, "{}", fleet.weir.log());
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
    let first = format!("revision {} goes first to edge-", next.revision);
    let active = format!("revision {} active in server", next.revision);
    fleet.weir.until_logged(&[&first, &active]).await;
    let log = fleet.weir.log();
    assert!(log.find(&first) < log.find(&active), "{log}");
    let (first, second) =
        if log.contains(&format!("{first}1\n")) { ("edge-1", "edge-2") } else { ("edge-2", "edge-1") };
    fleet.weir.until_logged(&[&format!("acked node={second} type=ecds revision={}\n", next.revision)]).await;
    let log = fleet.weir.log();
    let told = log.find(&active).unwrap();
    let (first, second) = (acked(&fleet, first, &next), acked(&fleet, second, &next));
    assert!(first < told && first < second, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revision_that_nobody_sees_active_is_taken_back_and_a_kill_is_not_held_up() {
    let fleet = start(&["--canary-nodes", "1%", "--canary-deadline", "5s"]).await;
    let (one, two) = (fleet.envoy("edge-1", "edge").await, fleet.envoy("edge-2", "edge").await);
    until_asked(&fleet, &["edge-1", "edge-2"]).await;
    let (before, next) = (good(&policy("10%")), good(&policy("20%")));
    fleet.write("policy.yaml", &next.text);
    let held = format!("held back: revision {} did not become active on its first nodes: edge-", next.revision);
    fleet.weir.until_logged(&[&held, "nobody could read its gauges"]).await;
    for envoy in [&one, &two] {
        envoy.until_stat(REVISION, before.number).await;
    }
    assert!(!fleet.weir.log().contains(&format!("revision {} active in server", next.revision)));

    let mut killed = policy("10%");
    killed["enabled"] = json!(false);
    let killed = good(&killed);
    fleet.write("policy.yaml", &killed.text);
    for envoy in [&one, &two] {
        envoy.until_stat(REVISION, killed.number).await;
    }
    assert_eq!(fleet.weir.log().matches(" goes first to ").count(), 1, "{}", fleet.weir.log());
}
