//! Releases that wait, and Envoys that come and go meanwhile: each goes on by itself.

use serde_json::json;

use super::shop::{DEFAULT, OWL, Shop, release};
use super::traffic::{Traffic, nobody_leaves};
use super::wire::Wire;
use crate::support::Prometheus;

pub async fn without_traffic_a_release_waits_and_goes_on_while_envoys_start_anew_and_are_added() {
    let shop = Shop::open().await;
    let mut first = shop.gateway("edge-1").await;
    shop.start(&release(OWL, "1s", &DEFAULT)).await;
    let held = shop.until_phase(OWL, "no_data").await;
    assert_eq!(held["verdict"]["reasons"][0]["code"], "no_traffic", "{}", shop.told());
    shop.ticks(4).await;
    assert_eq!(shop.steps(OWL), [0]);

    let traffic = Traffic::start(&[first.address().await], 1_000, 100);
    shop.until_step(OWL, 1).await;
    first.restart().await;
    traffic.go_to(&[first.address().await]);
    shop.until_step(OWL, 2).await;
    let second = shop.gateway("edge-2").await;
    traffic.go_to(&[first.address().await, second.address().await]);
    shop.until_phase(OWL, "waiting_promotion").await;
    assert_eq!(shop.steps(OWL), [0, 1, 2, 3, 4]);
    let met = traffic.stop().await;
    nobody_leaves(&met, shop.new.name());
    let of_second = second.address().await;
    assert!(met.iter().any(|one| one.gateway == of_second && one.is_of(shop.new.name())));
}

pub async fn without_routes_for_its_tag_a_release_deals_nobody() {
    const OTHER: &str = "owl-v22";

    let shop = Shop::open().await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 60);
    shop.start(&release(OTHER, "1s", &["50%", "100%"])).await;
    shop.until_phase(OTHER, "waiting_routes").await;
    shop.looks(3).await;
    assert_eq!(shop.steps(OTHER), [0; 0]);
    assert!(traffic.met().iter().all(|one| !one.is_of(shop.new.name())));
    shop.route_tags(&[OTHER]);
    shop.until_phase(OTHER, "waiting_promotion").await;
    nobody_leaves(&traffic.stop().await, shop.new.name());
}

pub async fn while_prometheus_is_away_a_release_that_asks_it_waits() {
    // It is asked of its own scrapes.
    let prometheus = Prometheus::scraping_nodes(&[]).await;
    let mut wire = Wire::to(prometheus.address()).await;
    let shop = Shop::open_with(&["--prometheus", &wire.address().to_string()]).await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    let mut document = release(OWL, "1s", &["5%", "50%", "100%"]);
    document["guardrails"] = json!([
        {"name": "errors", "errors": {"margin": "20%"}},
        {"name": "queries", "value": {"query": "vector(7)", "above": 1_000, "for": "3s"}},
    ]);
    document["steps"][1]["approve"] = json!(true);
    document["promote"] = json!("auto");
    shop.start(&document).await;
    shop.until_phase(OWL, "waiting_approval").await;
    wire.cut();
    let held = shop.until_phase(OWL, "no_data").await;
    let why = json!({"code": "provider_unreachable", "guardrail": "queries"});
    assert!(held["verdict"]["reasons"].as_array().unwrap().contains(&why), "{}", shop.told());
    shop.ask("approve", Some(OWL), Some(1)).await;
    shop.ticks(4).await;
    assert_eq!(shop.steps(OWL), [0], "{}", shop.told());
    wire.mend().await;
    shop.until_step(OWL, 2).await;
    nobody_leaves(&traffic.met(), shop.new.name());
    shop.until("finished", OWL).await;
    assert_eq!(shop.steps(OWL), [0, 1, 2]);
    drop(traffic.stop().await);
}
