//! More than one release.

use serde_json::json;

use super::shop::{OWL, Shop, release, tell};
use super::traffic::Traffic;
use super::version::Fault;
use crate::support::{checkout, send_all};

pub async fn those_that_conflict_follow_each_other_and_one_that_was_rolled_back_holds_its_queue() {
    const SECOND: &str = "owl-v22";
    const THIRD: &str = "owl-v23";

    let shop = Shop::open().await;
    shop.route_tags(&[SECOND, THIRD]);
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    let shares = ["50%", "100%"];
    shop.start(&release(OWL, "1s", &shares)).await;
    shop.until_step(OWL, 0).await;
    for id in [SECOND, THIRD] {
        shop.write(&release(id, "1s", &shares));
        shop.until("seen", id).await;
    }
    shop.until_phase(OWL, "waiting_promotion").await;
    assert!(shop.lines("started", SECOND).is_empty(), "{}", shop.told());
    let waits = shop.until("waits", SECOND).await;
    assert!(waits["waits"].to_string().contains(OWL), "{waits}");

    shop.done(&["promote", OWL]).await;
    let started = shop.until("started", SECOND).await;
    // In the tick in which the slots are free.
    assert_eq!(started["push"], shop.until("finished", OWL).await["push"], "{}", shop.told());
    shop.until_step(SECOND, 0).await;
    shop.new.set(Fault::Errors(60));
    shop.until("rolled_back", SECOND).await;
    shop.looks(5).await;
    assert!(shop.lines("started", THIRD).is_empty(), "{}", shop.told());
    let waits = shop.until("waits", THIRD).await;
    assert!(waits["waits"].to_string().contains(SECOND), "{waits}");

    shop.new.set(Fault::None);
    shop.done(&["acknowledge", SECOND]).await;
    shop.until_step(THIRD, 0).await;
    for id in [OWL, SECOND, THIRD] {
        shop.steps(id);
    }
    drop(traffic.stop().await);
}

pub async fn those_that_change_different_services_run_together_and_are_independent() {
    const OTHER: &str = "tiger-v7";
    const USERS: usize = 4_000;

    let shop = Shop::open().await;
    shop.route_tags(&[OTHER]);
    let gateway = shop.gateway("edge-1").await;
    let mut other = release(OTHER, "1h", &["50%", "100%"]);
    other["services"] = json!({"tiger.shop.svc.cluster.local": "v7"});
    shop.write(&other);
    shop.start(&release(OWL, "1h", &["50%", "100%"])).await;
    shop.until("seen", OTHER).await;
    if shop.lines("seen", OTHER)[0]["paused"] == true {
        shop.ask("resume", Some(OTHER), None).await;
    }
    for id in [OWL, OTHER] {
        shop.until_step(id, 0).await;
    }
    shop.ticks(2).await;
    let answers = send_all(gateway.address().await, 4, USERS, checkout).await;
    let decisions: Vec<String> = answers.iter().map(|answer| answer.header("x-weir-decision").unwrap()).collect();
    let is_dealt = |decision: &str, id: &str| decision.contains(&format!("{id}={id}/canary/assigned"));
    let mut cells = [[0_u32; 2]; 2];
    for decision in &decisions {
        let control = |id: &str| decision.contains(&format!("{id}={id}/control/assigned"));
        let [owl, tiger] = [OWL, OTHER].map(|id| is_dealt(decision, id));
        assert!((owl || control(OWL)) && (tiger || control(OTHER)), "{decision}");
        cells[usize::from(owl)][usize::from(tiger)] += 1;
    }
    let chi_square = chi_square(cells);
    // One degree of freedom: one in a thousand is above it.
    assert!(chi_square < 10.83, "{cells:?} {chi_square}");
    assert!(cells.as_flattened().iter().all(|cell| *cell > 900), "{cells:?}");
    tell(&format!("two releases at 50% over {USERS} users: {cells:?}, chi-square {chi_square:.2}"));
    // Each has all of the pool.
    for id in [OWL, OTHER] {
        assert_eq!(shop.lines("started", id)[0]["slots"], json!([[0, 1_000_000]]));
    }
}

fn chi_square(cells: [[u32; 2]; 2]) -> f64 {
    let cells = cells.map(|row| row.map(f64::from));
    let all: f64 = cells.as_flattened().iter().sum();
    let rows = cells.map(|row| row[0] + row[1]);
    let columns = [cells[0][0] + cells[1][0], cells[0][1] + cells[1][1]];
    let off = |row: usize, column: usize| {
        let expected = rows[row] * columns[column] / all;
        (cells[row][column] - expected).powi(2) / expected
    };
    off(0, 0) + off(0, 1) + off(1, 0) + off(1, 1)
}
