//! First nodes (`--canary-nodes`) that do not take a step, as their filter does not know a word of it.

use serde_json::json;

use super::shop::{OWL, SOON, Shop, release};
use super::traffic::{Traffic, nobody_leaves};
use crate::support::{Relay, eventually};

pub async fn a_step_that_first_nodes_do_not_take_is_taken_back_and_waits_for_people() {
    let shop = Shop::open_with(&["--canary-nodes", "50%", "--canary-deadline", "5s"]).await;
    let relay = Relay::to(shop.fleet.weir.address()).await;
    let gateways = [shop.gateway_by("edge-1", relay.port()).await, shop.gateway_by("edge-2", relay.port()).await];
    let traffic = Traffic::start(&[gateways[0].address().await, gateways[1].address().await], 1_000, 80);
    let mut document = release(OWL, "2s", &["20%", "40%", "100%"]);
    document["steps"][1]["approve"] = json!(true);
    shop.start(&document).await;
    shop.until_phase(OWL, "waiting_approval").await;

    relay.rename([r#""ranges":[[0,400000]]"#, r#""rangez":[[0,400000]]"#]);
    shop.done(&["approve", OWL]).await;
    let held = shop.until("held_back", OWL).await;
    assert_eq!((&held["step"], &held["queued"]), (&json!(0), &json!(null)), "{held}");
    let nodes = held["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 1, "{held}");
    let (node, why) = (nodes[0]["node"].as_str().unwrap(), nodes[0]["why"].as_str().unwrap());
    assert!(node.starts_with("edge-") && why.contains("refused"), "{held}");
    shop.until_phase(OWL, "paused").await;
    let (_, text) = shop.say(&["why", OWL]).await;
    assert!(text.contains(&format!("{node}: {why}")), "{text}");
    shop.ticks(4).await;
    let begun = || shop.lines("begun", OWL).iter().map(|line| line["step"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(begun(), [0, 1], "{}", shop.told());

    // The step begins anew with all that it asks for.
    relay.rename_nothing();
    shop.done(&["resume", OWL]).await;
    shop.until_phase(OWL, "waiting_approval").await;
    assert_eq!(begun(), [0, 1], "{}", shop.told());
    shop.done(&["approve", OWL]).await;
    eventually(SOON, "it goes on", async || (begun() == [0, 1, 1, 2]).then_some(()).ok_or_else(|| shop.told())).await;
    shop.until_phase(OWL, "waiting_promotion").await;
    nobody_leaves(&traffic.met(), shop.new.name());
    assert_eq!(shop.lines("held_back", OWL).len(), 1, "{}", shop.told());
    drop(traffic.stop().await);
}
