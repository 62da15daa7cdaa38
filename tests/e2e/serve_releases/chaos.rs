//! What may happen to a server, its disk, its clock and its files: no step is skipped or taken twice, and nobody moves.

use std::fs::{self, File};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use super::shop::{DEFAULT, OWL, SOON, Shop, release, tell, write_as_a_config_map};
use super::traffic::{Traffic, nobody_leaves, until_nobody_meets};
use super::version::Fault;
use crate::support::{Clock, Disk, event, eventually};

/// Ten times a server starts and Envoys come back to it, some of them after seconds.
const LONG: Duration = Duration::from_secs(180);
/// Ticks of half a second: a server that lives for a second or two is to come to something.
const QUICK: [&str; 2] = ["--tick", "500ms"];

pub async fn a_server_that_is_killed_again_and_again_takes_each_step_once() {
    let mut shop = Shop::open_with(&QUICK).await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    shop.start(&release(OWL, "1s", &DEFAULT)).await;
    let (begun, mut kills) = (Instant::now(), 0_u32);
    let is_at_end = |shop: &Shop| shop.lines("begun", OWL).len() == DEFAULT.len();
    while !is_at_end(&shop) {
        assert!(begun.elapsed() < LONG, "{}", shop.told());
        // One lives until a line is written, another not even until Envoys are back; each ends at a moment of its own.
        let lines = shop.journal().len() + if kills % 2 == 0 { 1 + kills as usize % 3 } else { 0 };
        let has_written = |shop: &Shop| shop.journal().len() >= lines || is_at_end(shop);
        eventually(LONG, "lines", async || has_written(&shop).then_some(()).ok_or_else(|| shop.told())).await;
        sleep(Duration::from_millis(u64::from(kills * 317 % 1_000))).await;
        shop.fleet.weir.kill();
        kills += 1;
        let is_half_written = kills % 3 == 0;
        if is_half_written {
            let mut journal = File::options().append(true).open(shop.state().join("releases/journal.jsonl")).unwrap();
            journal.write_all(b"{\"number\":9999,\"at\":\"2026").unwrap();
        }
        shop.fleet.weir.restart().await;
        assert_eq!(shop.fleet.weir.count(&event("journal_cut_off")), usize::from(is_half_written), "{}", shop.told());
        // Each is a run of its own: the lines of all of them are one journal.
        shop.steps(OWL);
    }
    shop.until_phase(OWL, "waiting_promotion").await;
    assert_eq!(shop.steps(OWL), [0, 1, 2, 3, 4]);
    for once in ["seen", "started", "resumed"] {
        assert_eq!(shop.lines(once, OWL).len(), 1, "{once}\n{}", shop.told());
    }
    let numbers = shop.journal().iter().map(|line| line["number"].as_u64().unwrap()).collect::<Vec<_>>();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    shop.done(&["replay", OWL]).await;
    let met = traffic.stop().await;
    let bad: Vec<_> = met.iter().filter(|one| one.status != Some(200)).collect();
    assert!(bad.is_empty(), "{bad:?}");
    nobody_leaves(&met, shop.new.name());
    tell(&format!("{kills} kills from 5 to 100% in {:?}: each step once", begun.elapsed()));
}

/// Killed before, at and after the line of its rollback, it is rolled back once, and for good.
pub async fn a_server_that_is_killed_while_a_release_fails_rolls_it_back_once() {
    let mut shop = Shop::open_with(&QUICK).await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    shop.start(&release(OWL, "1h", &["20%", "50%", "100%"])).await;
    shop.until_step(OWL, 0).await;
    shop.new.set(Fault::Errors(70));
    let bad = async |least: usize| {
        eventually(LONG, "bad answers", async || {
            let bad = traffic.met().iter().filter(|one| one.is_bad()).count();
            (bad >= least).then_some(()).ok_or_else(|| shop.told())
        })
        .await;
    };
    bad(5).await;
    shop.fleet.weir.kill();
    shop.fleet.weir.restart().await;
    shop.until("rolled_back", OWL).await;
    shop.fleet.weir.kill();
    shop.fleet.weir.restart().await;
    until_nobody_meets(&traffic, shop.new.name(), || shop.told()).await;
    shop.looks(3).await;
    assert_eq!((shop.steps(OWL), shop.lines("rolled_back", OWL).len()), (vec![0], 1), "{}", shop.told());
    drop(traffic.stop().await);
}

/// The folder is swapped as Kubernetes does it, and then each document is written again and again with the same text.
pub async fn documents_that_are_written_again_change_nothing() {
    let shop = Shop::open_with(&QUICK).await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    let folder = shop.releases.path().join("now");
    let document = release(OWL, "2s", &DEFAULT);
    write_as_a_config_map(&folder, 0, std::slice::from_ref(&document));
    shop.until("seen", OWL).await;
    shop.ask("resume", Some(OWL), None).await;
    let over = AtomicBool::new(false);
    let writes = async {
        let mut version = 1;
        while !over.load(SeqCst) {
            write_as_a_config_map(&folder, version, std::slice::from_ref(&document));
            version += 1;
            shop.ticks(1).await;
        }
        version
    };
    let goes = async {
        shop.until_phase(OWL, "waiting_promotion").await;
        over.store(true, SeqCst);
    };
    let (versions, ()) = tokio::join!(writes, goes);
    assert_eq!(shop.steps(OWL), [0, 1, 2, 3, 4]);
    let told = ["changed", "file", "withdrawn", "seen"].map(|what| shop.lines(what, OWL).len());
    assert_eq!(told, [0, 0, 0, 1], "{}", shop.told());
    let bad = shop.journal().into_iter().filter(|line| line["event"] == "bad" && line["release"] == OWL);
    assert_eq!(bad.count(), 0, "{}", shop.told());
    nobody_leaves(&traffic.stop().await, shop.new.name());
    tell(&format!("the same document {versions} times"));
}

pub async fn a_clock_that_is_set_makes_no_step_longer_or_shorter() {
    const HOLD: Duration = Duration::from_secs(4);

    let (clock, folder) = (Clock::new(), tempfile::tempdir().unwrap());
    let state = folder.path().join("state").display().to_string();
    let shop = Shop::open_on(&state, folder, &clock.runner(), &[]).await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    shop.start(&release(OWL, "4s", &["10%", "40%", "70%", "100%"])).await;
    let mut last = Instant::now();
    for (step, hours) in [(0, 20), (1, -20), (2, 0)] {
        shop.until_step(OWL, step).await;
        if step > 0 {
            assert!(last.elapsed() >= HOLD, "step {step} came after {:?}", last.elapsed());
        }
        last = Instant::now();
        shop.ticks(1).await;
        clock.set(hours);
    }
    shop.until_step(OWL, 3).await;
    assert!(last.elapsed() >= HOLD && last.elapsed() < SOON);
    let jumps: Vec<i64> = shop.journal().iter().filter_map(|line| line["by_ms"].as_i64()).collect();
    let hours: Vec<i64> = jumps.iter().map(|by| (*by as f64 / 3_600_000.).round() as i64).collect();
    assert_eq!(hours, [20, -40, 20], "{jumps:?}");
    assert_eq!(shop.steps(OWL), [0, 1, 2, 3]);
    nobody_leaves(&traffic.stop().await, shop.new.name());
}

pub async fn a_full_disk_holds_steps_up_and_no_rollback() {
    let disk = Disk::new();
    let shop = Shop::open_on(&disk.path(), tempfile::tempdir().unwrap(), &disk.runner(), &[]).await;
    let server = shop.fleet.weir.id();
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    shop.start(&release(OWL, "2s", &["20%", "50%", "100%"])).await;
    shop.until_step(OWL, 0).await;
    disk.fill(server);
    shop.fleet.weir.until(&event("journal_full")).await;
    let begun = shop.steps(OWL);
    shop.ticks(6).await;
    assert_eq!(shop.steps(OWL), begun, "{}", shop.told());

    shop.new.set(Fault::Errors(80));
    until_nobody_meets(&traffic, shop.new.name(), || shop.told()).await;
    assert!(shop.lines("rolled_back", OWL).is_empty(), "there is no room for it");
    disk.free(server);
    shop.fleet.weir.until(&event("journal_written")).await;
    shop.until("rolled_back", OWL).await;
    let after: Vec<Value> = shop.journal().into_iter().skip_while(|line| line["event"] != "rolled_back").collect();
    assert!(after.iter().all(|line| line["event"] != "begun"), "{after:?}");
    assert_eq!(shop.steps(OWL), begun);
    drop(traffic.stop().await);
    fs::metadata(shop.state().join("releases/journal.jsonl")).unwrap();
}
