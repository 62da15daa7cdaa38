//! An edge that hears nothing of a rollback.

use std::time::{Duration, Instant};

use super::shop::{OWL, SOON, Shop, release, tell};
use super::traffic::{Met, Traffic, until_nobody_meets};
use super::version::Fault;
use super::wire::Wire;
use crate::support::eventually;

/// Until it is back it does what it was last told; the layer that is off is kept for it.
pub async fn an_edge_that_was_cut_off_during_a_rollback_deals_nobody_once_it_is_back() {
    let shop = Shop::open().await;
    let mut wire = Wire::to(shop.fleet.weir.address()).await;
    let near = shop.gateway("edge-1").await;
    let far = shop.gateway_by("edge-2", wire.address().port()).await;
    let [to_near, to_far] = [near.address().await, far.address().await];
    let traffic = Traffic::start(&[to_near, to_far], 1_000, 120);
    shop.start(&release(OWL, "5s", &["20%", "50%", "100%"])).await;
    shop.until_step(OWL, 0).await;
    shop.ticks(2).await;
    wire.cut();
    shop.fleet.weir.until(&crate::support::event("disconnected").with("node", "edge-2")).await;
    shop.new.set(Fault::Errors(80));
    shop.until("rolled_back", OWL).await;
    let at_near = async || {
        eventually(SOON, "nobody meets the canary at the edge that is there", async || {
            let met = traffic.met();
            let mut last = met.iter().rev().filter(|one| one.gateway == to_near).take(80);
            last.all(|one| !one.is_of("v21")).then_some(()).ok_or_else(|| shop.told())
        })
        .await;
    };
    at_near().await;
    // It is kept off for the one that is away, whoever has seen the rollback.
    shop.ask("acknowledge", Some(OWL), None).await;
    let unreached = shop.until("unreached", OWL).await;
    assert_eq!(unreached["nodes"], serde_json::json!(["edge-2"]), "{unreached}");
    let stamps = |met: &[Met], from: Instant| {
        let of_far = met.iter().filter(|one| one.gateway == to_far && one.sent > from);
        of_far.filter(|one| one.is_of("v21")).count()
    };
    let away = Instant::now();
    let stamped = eventually(SOON, "it keeps the step that it has until it hears", async || {
        let stamped = stamps(&traffic.met(), away);
        (stamped >= 10).then_some(stamped).ok_or_else(|| stamped.to_string())
    })
    .await;
    assert!(shop.lines("cleared", OWL).is_empty(), "{}", shop.told());

    wire.mend().await;
    let mended = Instant::now();
    shop.until("reached", OWL).await;
    let back = Instant::now();
    shop.until("cleared", OWL).await;
    until_nobody_meets(&traffic, "v21", || shop.told()).await;
    let met = traffic.stop().await;
    // What was under way when it answered may still come.
    let late = stamps(&met, back + Duration::from_millis(250));
    assert_eq!(late, 0, "{late} requests met the canary through an edge that was back");
    tell(&format!(
        "an edge that was cut off still stamped {stamped} requests, was back {:.1?} after the wire was whole, and dealt nobody",
        back - mended
    ));
}
