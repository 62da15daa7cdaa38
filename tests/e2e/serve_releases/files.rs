//! Files of people that become bad while a release goes: what was good last is what it goes by.

use serde_json::json;

use super::shop::{OWL, SOON, Shop, policy, release};
use super::traffic::{Traffic, until_nobody_meets, until_somebody_meets};
use super::version::Fault;
use crate::support::{event, eventually};

pub async fn files_that_become_bad_hold_steps_up_and_neither_rollbacks_nor_kill_switches() {
    let shop = Shop::open().await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    shop.start(&release(OWL, "2s", &["20%", "40%", "60%", "100%"])).await;
    shop.until_step(OWL, 0).await;
    let meets = || until_somebody_meets(&traffic, shop.new.name(), || shop.told());
    meets().await;

    // Nobody can read it.
    shop.fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    shop.fleet.weir.until(&event("not_served")).await;
    holds(&shop).await;
    let begun = shop.steps(OWL);
    shop.ticks(4).await;
    assert_eq!(shop.steps(OWL), begun, "{}", shop.told());
    meets().await;
    shop.fleet.write("policy.yaml", &policy().to_string());
    shop.until_step(OWL, begun.len()).await;

    // It can be read, clashes with the release, and is switched off.
    let mut clash = policy();
    clash["layers"] = json!([{
        "id": "night", "unit": "user", "experiments": [{
            "id": "dark", "slots": [[0, 1_000]], "services": [crate::support::SERVICE],
        }],
    }]);
    clash["enabled"] = json!(false);
    shop.fleet.write("policy.yaml", &clash.to_string());
    until_nobody_meets(&traffic, shop.new.name(), || shop.told()).await;
    let begun = shop.steps(OWL);
    shop.looks(8).await;
    assert_eq!(shop.steps(OWL), begun, "{}", shop.told());
    assert!(shop.lines("rolled_back", OWL).is_empty(), "{}", shop.told());
    shop.fleet.write("policy.yaml", &policy().to_string());
    meets().await;

    // While it is bad again, what fails goes.
    shop.fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    holds(&shop).await;
    let begun = shop.steps(OWL);
    shop.new.set(Fault::Errors(80));
    shop.until("rolled_back", OWL).await;
    until_nobody_meets(&traffic, shop.new.name(), || shop.told()).await;
    assert_eq!(shop.steps(OWL), begun, "{}", shop.told());
    drop(traffic.stop().await);
}

/// Waits until the release says that it waits for the files.
async fn holds(shop: &Shop) {
    eventually(SOON, "it waits for the files", async || {
        let last = shop.lines("verdict", OWL).pop().unwrap_or_default();
        let reasons = last["verdict"]["reasons"].as_array().cloned().unwrap_or_default();
        reasons.iter().any(|reason| reason["code"] == "problem").then_some(()).ok_or_else(|| shop.told())
    })
    .await;
}
