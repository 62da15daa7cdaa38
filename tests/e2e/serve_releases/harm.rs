//! Harm that is not to roll back: `on_harm: hold` has a release stay where it is, and `warn` has it told.

use serde_json::json;

use super::shop::{OWL, SOON, Shop, release};
use super::traffic::{Traffic, nobody_leaves};
use super::version::Fault;
use crate::support::eventually;

pub async fn harm_that_is_to_hold_holds_and_harm_that_is_to_warn_is_told() {
    let shop = Shop::open().await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    let mut document = release(OWL, "2s", &["20%", "50%", "100%"]);
    document["guardrails"] = json!([{"name": "errors", "errors": {"margin": "20%"}, "on_harm": "hold"}]);
    shop.start(&document).await;
    shop.until_step(OWL, 0).await;
    shop.new.set(Fault::Errors(70));
    let harm = json!({"code": "harm", "guardrail": "errors", "arm": "canary"});
    let is_told = async || {
        eventually(SOON, "harm is told", async || {
            let last = shop.lines("verdict", OWL).pop().unwrap_or_default();
            let is = last["verdict"]["reasons"].as_array().is_some_and(|reasons| reasons.contains(&harm));
            is.then_some(last.clone()).ok_or_else(|| shop.told())
        })
        .await
    };
    let verdict = is_told().await["verdict"].clone();
    assert_eq!((&verdict["verdict"], &verdict["phase"]), (&json!("hold"), &json!("suspected")), "{verdict}");
    let begun = shop.steps(OWL);
    let (code, text) = shop.say(&["step", OWL, "next", "--why", "it is only a few"]).await;
    assert!(code == Some(1) && text.contains("shows harm"), "{code:?} {text}");
    shop.ticks(4).await;
    assert_eq!(shop.steps(OWL), begun, "{}", shop.told());
    assert!(shop.lines("rolled_back", OWL).is_empty(), "{}", shop.told());

    document["guardrails"][0]["on_harm"] = json!("warn");
    shop.write(&document);
    shop.until("changed", OWL).await;
    shop.until_step(OWL, begun.len()).await;
    is_told().await;
    shop.until_phase(OWL, "waiting_promotion").await;
    assert_eq!(shop.steps(OWL), [0, 1, 2]);
    assert!(shop.lines("rolled_back", OWL).is_empty(), "{}", shop.told());
    nobody_leaves(&traffic.stop().await, shop.new.name());
}
