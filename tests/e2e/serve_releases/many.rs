//! Many releases at once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::shop::{OWL, SOON, Shop, release, tell};
use super::traffic::Traffic;
use crate::support::eventually;

const ALL: usize = 200;
/// Edges keep 8,192 counters, 112 for each variant of two.
const ROOM: usize = 36;
/// As the server is told.
const TICK: Duration = Duration::from_secs(1);

pub async fn of_two_hundred_at_once_so_many_run_as_edges_can_count() {
    let mut shop = Shop::open().await;
    let ids: Vec<String> = std::iter::once(OWL.to_owned()).chain((1..ALL).map(|n| format!("pen-v{n:03}"))).collect();
    let of_ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    shop.route_tags(&of_ids[1..]);
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 40);
    let shares = ["50%", "100%"];
    shop.start(&release(OWL, "1h", &shares)).await;
    shop.until_step(OWL, 0).await;
    let written = Instant::now();
    for id in &of_ids[1..] {
        let mut document = release(id, "1h", &shares);
        document["services"] = json!({format!("{}.shop.svc.cluster.local", id.replace("-v", "")): "v1"});
        shop.write(&document);
    }
    let run = |shop: &Shop, count: usize| {
        let lines = shop.journal();
        let begun: Vec<&str> = lines
            .iter()
            .filter(|line| line["event"] == "begun")
            .map(|line| line["release"].as_str().unwrap())
            .collect();
        let of: BTreeSet<&str> = begun.iter().copied().collect();
        assert_eq!(of.len(), begun.len(), "a step was taken twice: {begun:?}");
        let first = order(&lines);
        let is_so = first.len() == ALL && of == first[..count].iter().map(String::as_str).collect();
        is_so.then_some(()).ok_or_else(|| shop.told())
    };
    eventually(SOON, "so many begin", async || run(&shop, ROOM)).await;
    let ids = order(&shop.journal());
    let took = written.elapsed();
    shop.ticks(3).await;
    run(&shop, ROOM).unwrap();
    for id in &ids[ROOM..] {
        let waits = shop.lines("waits", id).pop().unwrap();
        assert_eq!(waits["waits"][0]["code"], "evidence_full", "{waits}");
    }

    const TICKS: u32 = 8;
    let (begun, spent) = (Instant::now(), spent(&shop));
    shop.ticks(TICKS.into()).await;
    let (each, spent) = (begun.elapsed() / TICKS, (self::spent(&shop) - spent) / TICKS);
    assert!(each < 3 * TICK, "a tick of {TICK:?} came each {each:?}");
    let journal = std::fs::metadata(shop.state().join("releases/journal.jsonl")).unwrap().len();
    tell(&format!(
        "{ALL} releases at once: {ROOM} began after {took:.1?}; a tick each {each:.2?}, for which the server worked {spent:.2?}; \
         journal {journal} bytes"
    ));

    let before = seen(&shop).await;
    shop.fleet.weir.kill();
    shop.fleet.weir.restart().await;
    shop.ticks(2).await;
    let after = seen(&shop).await;
    assert_eq!(before, after);
    run(&shop, ROOM).unwrap();

    shop.done(&["abort", &ids[3]]).await;
    eventually(SOON, "the next one begins", async || run(&shop, ROOM + 1)).await;
    shop.ticks(2).await;
    run(&shop, ROOM + 1).unwrap();
    let met = traffic.stop().await;
    let bad: Vec<_> = met.iter().filter(|one| one.status != Some(200)).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

/// Releases in the order in which they were seen. A look at the folder while files come into it may be at some of them, and not the first.
fn order(journal: &[Value]) -> Vec<String> {
    let seen = journal.iter().filter(|line| line["event"] == "seen");
    seen.map(|line| line["release"].as_str().unwrap().to_owned()).collect()
}

/// What a kill is to leave as it is.
async fn seen(shop: &Shop) -> Vec<Value> {
    let shown: Value = serde_json::from_str(&shop.get("/releases").await).unwrap();
    let same = |release: &Value| {
        json!(["id", "state", "step", "share", "since", "paused", "waits"].map(|field| release[field].clone()))
    };
    shown["releases"].as_array().unwrap().iter().map(same).collect()
}

/// The time for which the server's processor worked.
fn spent(shop: &Shop) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", shop.fleet.weir.id())).unwrap();
    let (_, fields) = text.rsplit_once(") ").unwrap();
    let ticks: u64 = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}
