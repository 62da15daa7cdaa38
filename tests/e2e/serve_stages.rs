//! A push goes in stages, and first to a few nodes if so wished: who is asked before whom shows in the log and in gauges.

use serde_json::json;

use crate::support::{Fleet, PolicyFile, Prometheus, acked, attachment_for, event, policy, served, with_more};

/// Panics unless the first of these nodes acked a revision before the second did.
async fn acked_in_order(fleet: &Fleet, [first, second]: [&str; 2], policy: &PolicyFile) {
    let first = fleet.weir.until(&acked(first, &policy.revision)).await;
    let second = fleet.weir.until(&acked(second, &policy.revision)).await;
    assert!(first < second, "{}", fleet.weir.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_is_known_in_the_mesh_first_and_what_is_killed_leaves_the_edge_first() {
    let fleet = Fleet::of_tiers(&[]).await;
    let (edge, mesh) = fleet.both().await;
    let (before, more) = (PolicyFile::of(&policy("10%")), PolicyFile::of(&with_more("10%")));
    fleet.write("policy.yaml", &more.text);
    for envoy in [&mesh, &edge] {
        envoy.until_revision(more.number).await;
    }
    fleet.weir.until(&event("stage").with("edges", &before.revision).with("mesh", &more.revision)).await;
    fleet.weir.until(&served(&more.revision)).await;
    acked_in_order(&fleet, ["mesh-1", "edge-1"], &more).await;

    let mut killed = with_more("10%");
    killed["layers"][0]["enabled"] = json!(false);
    let killed = PolicyFile::of(&killed);
    fleet.write("policy.yaml", &killed.text);
    for envoy in [&mesh, &edge] {
        envoy.until_revision(killed.number).await;
    }
    acked_in_order(&fleet, ["edge-1", "mesh-1"], &killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_that_change_with_their_policy_reach_the_mesh_first() {
    let fleet = Fleet::of_tiers(&[]).await;
    let (edge, mesh) = fleet.both().await;
    fleet.weir.until_asked(&["edge-1", "mesh-1"]).await;
    let (before, more) = (PolicyFile::of(&policy("10%")), PolicyFile::of(&with_more("10%")));
    // While the policy is bad nothing is served; then all of it changes at once.
    fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    fleet.weir.until(&event("not_served")).await;
    for role in ["edge", "mesh"] {
        let mut changed = attachment_for(role, role);
        changed["trace"] = json!("shaped");
        fleet.write(&format!("attach/{role}.yaml"), &changed.to_string());
    }
    fleet.write("policy.yaml", &more.text);
    for envoy in [&mesh, &edge] {
        envoy.until_revision(more.number).await;
    }
    fleet.weir.until(&event("stage").with("edges", &before.revision).with("mesh", &more.revision)).await;
    acked_in_order(&fleet, ["mesh-1", "edge-1"], &more).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_answer_is_named_and_holds_up_nobody_for_ever() {
    let fleet = Fleet::of_tiers(&["--stage-deadline", "3s"]).await;
    let (edge, mut mesh) = fleet.both().await;
    fleet.weir.until_asked(&["edge-1", "mesh-1"]).await;
    mesh.freeze(true);
    let more = PolicyFile::of(&with_more("10%"));
    fleet.write("policy.yaml", &more.text);
    edge.until_revision(more.number).await;
    fleet.weir.until(&event("nodes_late").with("revision", &more.revision).with("nodes", "mesh-1")).await;

    // Named once, it is not waited for again; it takes what is newest when it comes back.
    let last = PolicyFile::of(&with_more("20%"));
    fleet.write("policy.yaml", &last.text);
    edge.until_revision(last.number).await;
    assert_eq!(fleet.weir.count(&event("nodes_late")), 1, "{}", fleet.weir.log());
    mesh.freeze(false);
    mesh.until_revision(last.number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revision_goes_on_when_it_is_active_on_its_first_nodes() {
    let mut fleet = Fleet::of_tiers(&[]).await;
    let (one, two) = (fleet.envoy("edge-1", "edge").await, fleet.envoy("edge-2", "edge").await);
    let prometheus = Prometheus::scraping_nodes(&[("edge-1", &one), ("edge-2", &two)]).await;
    fleet.weir.restart_with(&["--canary-nodes", "50%", "--prometheus", &prometheus.address().to_string()]).await;
    fleet.weir.until_asked(&["edge-1", "edge-2"]).await;
    let next = PolicyFile::of(&policy("20%"));
    fleet.write("policy.yaml", &next.text);
    for envoy in [&one, &two] {
        envoy.until_revision(next.number).await;
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
    let fleet = Fleet::of_tiers(&["--canary-nodes", "1%", "--canary-deadline", "5s"]).await;
    let (one, two) = (fleet.envoy("edge-1", "edge").await, fleet.envoy("edge-2", "edge").await);
    fleet.weir.until_asked(&["edge-1", "edge-2"]).await;
    let (before, next) = (PolicyFile::of(&policy("10%")), PolicyFile::of(&policy("20%")));
    fleet.write("policy.yaml", &next.text);
    let held = event("held").with("revision", &next.revision).containing("why", "edge-");
    fleet.weir.until(&held.containing("why", "nobody could read its gauges")).await;
    for envoy in [&one, &two] {
        envoy.until_revision(before.number).await;
    }
    assert_eq!(fleet.weir.count(&served(&next.revision)), 0, "{}", fleet.weir.log());

    let mut killed = policy("10%");
    killed["enabled"] = json!(false);
    let killed = PolicyFile::of(&killed);
    fleet.write("policy.yaml", &killed.text);
    for envoy in [&one, &two] {
        envoy.until_revision(killed.number).await;
    }
    assert_eq!(fleet.weir.count(&event("canary_started")), 1, "{}", fleet.weir.log());
}
