//! A release that is good.

use std::time::Instant;

use hyper::Request;
use serde_json::{Value, json};

use super::shop::{DEFAULT, OWL, SOON, Shop, release, tell};
use super::traffic::{Met, Traffic, nobody_leaves, users_of};
use super::version::VERSION;
use crate::support::{Client, Protocol, eventually};

pub async fn a_good_release_goes_to_all_and_is_promoted_without_one_request_to_the_old_version() {
    let shop = Shop::open().await;
    let gateways = [shop.gateway("edge-1").await, shop.gateway("edge-2").await];
    let [address, other] = [gateways[0].address().await, gateways[1].address().await];
    let traffic = Traffic::start(&[address, other], 1_000, 120);
    let begun = Instant::now();
    let mut document = release(OWL, "2s", &DEFAULT);
    document["holdouts"] = json!(["year"]);
    shop.start(&document).await;
    shop.until_phase(OWL, "waiting_promotion").await;
    let took = begun.elapsed();
    assert_eq!(shop.steps(OWL), [0, 1, 2, 3, 4]);

    // 1. Stable is the new version.
    let routed = Instant::now();
    shop.route(shop.new.port());
    // 2. It is seen on requests without a tag.
    let mut client = Client::new(address, Protocol::Http1);
    eventually(SOON, "the new version without a tag", async || {
        let answer = client.send(Request::get("/").body(bytes::Bytes::new()).unwrap()).await?;
        let version = answer.header(VERSION);
        (version.as_deref() == Some(shop.new.name())).then_some(()).ok_or_else(|| format!("{version:?}"))
    })
    .await;
    let pointed = Instant::now();
    let had = shop.old.requests();
    // 3. The layer leaves.
    shop.done(&["promote", OWL]).await;
    shop.until("finished", OWL).await;
    eventually(SOON, "nobody is dealt", async || {
        let met = traffic.met();
        let mut last = met.iter().rev().take(100);
        last.all(|one| !one.decision.contains(OWL)).then_some(()).ok_or_else(|| shop.told())
    })
    .await;
    let shown: Value = serde_json::from_str(&shop.get(&format!("/releases/{OWL}")).await).unwrap();
    assert_eq!(shown["release"]["state"], "finished", "{shown}");
    let metrics = shop.get("/metrics").await;
    assert!(metrics.contains("weir_serve_release_state{release=\"owl-v21\",state=\"finished\"} 1\n"), "{metrics}");
    // Each verdict that was written down is what its inputs come to.
    shop.done(&["replay", OWL]).await;
    let met = traffic.stop().await;
    nobody_leaves(&met, shop.new.name());
    let late: Vec<_> = met.iter().filter(|one| one.sent > pointed && !one.is_of(shop.new.name())).collect();
    assert!(late.is_empty(), "{late:?}");
    assert_eq!(shop.old.requests(), had);
    let bad: Vec<_> = met.iter().filter(|one| one.status != Some(200)).collect();
    assert!(bad.is_empty(), "{bad:?}");
    let is_held_out = |one: &&Met| one.done < routed && one.decision.contains("/holdout");
    let mut held_out = met.iter().filter(is_held_out).peekable();
    assert!(held_out.peek().is_some());
    held_out.for_each(|one| assert!(one.is_of(shop.old.name()), "{one:?}"));
    tell(&format!(
        "good: 5 to 100% in {took:?}, {} requests, {} users met the new version and none left it",
        met.len(),
        users_of(&met, shop.new.name())
    ));
}
