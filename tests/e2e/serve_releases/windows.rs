//! Windows on the two days of a year on which clocks are set: a server whose own clock comes to each of them.

use serde_json::{Value, json};

use super::shop::{OWL, Shop, release};
use super::traffic::{Traffic, nobody_leaves};
use crate::support::Clock;

/// 2027-03-28T01:00:00Z: in Berlin 02:00 is 03:00.
const SPRING: i64 = 1_806_195_600;
/// 2027-10-31T01:00:00Z: there 03:00 is 02:00 again.
const AUTUMN: i64 = 1_824_944_400;
const HOUR: i64 = 3_600;

pub async fn windows_open_by_the_clocks_on_the_wall_where_these_are_changed() {
    let (clock, folder) = (Clock::new(), tempfile::tempdir().unwrap());
    clock.set_to(SPRING - HOUR);
    let state = folder.path().join("state").display().to_string();
    let shop = Shop::open_on(&state, folder, &clock.runner(), &[]).await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 60);
    let mut document = release(OWL, "4s", &["20%", "50%", "100%"]);
    document["windows"] = json!([{"from": "03:00", "to": "04:00", "zone": "Europe/Berlin"}]);
    shop.start(&document).await;
    shop.until_phase(OWL, "waiting_window").await;
    assert_eq!(opens(&shop).await, "2027-03-28T01:00:00Z");

    // An hour that never comes: what counts an hour more to 02:59 opens at 02:00 in universal time.
    clock.set_to(SPRING - 4);
    let begun = shop.until_step(OWL, 0).await;
    is_soon_after("2027-03-28T01:00", &begun);

    // An hour that comes twice: 02:59 is followed by 02:00.
    clock.set_to(AUTUMN - 5);
    shop.until_phase(OWL, "waiting_window").await;
    assert_eq!(opens(&shop).await, "2027-10-31T02:00:00Z");
    while judged(&shop).await.as_str() < "2027-10-31T01:00:03Z" {
        shop.ticks(1).await;
    }
    assert_eq!(shop.steps(OWL), [0], "{}", shop.told());
    clock.set_to(AUTUMN + HOUR - 4);
    let begun = shop.until_step(OWL, 1).await;
    is_soon_after("2027-10-31T02:00", &begun);
    shop.until_phase(OWL, "waiting_promotion").await;
    assert_eq!(shop.steps(OWL), [0, 1, 2]);
    nobody_leaves(&traffic.stop().await, shop.new.name());
}

/// When a step may begin next.
async fn opens(shop: &Shop) -> Value {
    shown(shop).await["release"]["opens"].clone()
}

/// The time of the last tick, by the server's clock.
async fn judged(shop: &Shop) -> String {
    shown(shop).await["judged"].as_str().unwrap().to_owned()
}

async fn shown(shop: &Shop) -> Value {
    serde_json::from_str(&shop.get(&format!("/releases/{OWL}")).await).unwrap()
}

/// Panics unless a line is of this minute, in which the window opened.
#[track_caller]
fn is_soon_after(minute: &str, line: &Value) {
    assert!(line["at"].as_str().unwrap().starts_with(minute), "{line}");
}
