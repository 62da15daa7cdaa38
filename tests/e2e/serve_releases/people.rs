//! What people say to releases, and the kill switches of the policy, which stand above all.

use serde_json::json;

use super::shop::{OWL, Shop, policy, release};
use super::traffic::{Traffic, nobody_leaves, until_nobody_meets, until_somebody_meets};

pub async fn a_release_waits_for_people_and_an_abort_ends_it() {
    let shop = Shop::open().await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    let mut document = release(OWL, "1s", &["5%", "20%", "40%", "60%", "100%"]);
    for step in [1, 4] {
        document["steps"][step]["approve"] = json!(true);
    }
    shop.start(&document).await;
    shop.until_phase(OWL, "waiting_approval").await;
    shop.ticks(3).await;
    assert_eq!(shop.steps(OWL), [0]);
    shop.done(&["approve", OWL, "--why", "it is calm"]).await;
    let line = shop.until("approved", OWL).await;
    assert_eq!((&line["step"], &line["why"]), (&json!(1), &json!("it is calm")));
    shop.until_step(OWL, 1).await;

    let stops = [["pause", "resume", "paused"], ["freeze", "thaw", "frozen"]];
    for [stop, go_on, code] in stops {
        let of = if stop == "pause" { &[OWL][..] } else { &[] };
        shop.done(&[&[stop], of, &["--why", "lunch"]].concat()).await;
        let held = shop.until_phase(OWL, "paused").await;
        assert_eq!(held["verdict"]["reasons"][0]["code"], code, "{}", shop.told());
        let begun = shop.steps(OWL);
        shop.ticks(4).await;
        assert_eq!(shop.steps(OWL), begun, "{stop}");
        shop.done(&[&[go_on], of, &["--why", "lunch is over"]].concat()).await;
        shop.until_step(OWL, begun.len()).await;
    }
    shop.done(&["step", OWL, "next", "--why", "it was looked at"]).await;
    shop.until_step(OWL, 4).await;
    let met = traffic.met();
    nobody_leaves(&met, shop.new.name());
    // A step that has begun needs nobody's yes.
    let (code, text) = shop.say(&["approve", OWL, "--step", "2"]).await;
    assert_eq!(code, Some(1), "{text}");

    shop.done(&["abort", OWL]).await;
    until_nobody_meets(&traffic, shop.new.name(), || shop.told()).await;
    shop.until("cleared", OWL).await;
    shop.steps(OWL);
    // The file is still there, and its id is used.
    shop.looks(3).await;
    assert_eq!(shop.lines("seen", OWL).len(), 1, "{}", shop.told());
}

pub async fn a_kill_switch_of_the_policy_stands_above_releases() {
    let shop = Shop::open().await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    shop.start(&release(OWL, "3s", &["20%", "50%", "100%"])).await;
    shop.until_step(OWL, 0).await;
    let meets = || until_somebody_meets(&traffic, shop.new.name(), || shop.told());
    meets().await;
    let mut off = policy();
    off["enabled"] = json!(false);
    shop.fleet.write("policy.yaml", &off.to_string());
    until_nobody_meets(&traffic, shop.new.name(), || shop.told()).await;
    let begun = shop.steps(OWL);
    // More than the step's hold: each takes half a second.
    shop.looks(8).await;
    assert_eq!(shop.steps(OWL), begun, "{}", shop.told());
    assert!(shop.lines("rolled_back", OWL).is_empty());

    shop.fleet.write("policy.yaml", &policy().to_string());
    meets().await;
    shop.until_phase(OWL, "waiting_promotion").await;
    assert_eq!(shop.steps(OWL), [0, 1, 2]);
    drop(traffic.stop().await);
}
