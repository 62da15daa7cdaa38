//! What people see of releases from elsewhere, and how `--wait` and `--watch` end.

use serde_json::json;

use super::shop::{OWL, SOON, Shop, release};
use super::traffic::Traffic;
use super::version::Fault;
use crate::support::{Process, eventually, weir};

const SECOND: &str = "owl-v22";

pub async fn what_is_seen_from_elsewhere_follows_a_release_to_its_end() {
    let shop = Shop::open().await;
    shop.route_tags(&[SECOND]);
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 80);
    let mut document = release(OWL, "1s", &["50%", "100%"]);
    document["steps"][1]["approve"] = json!(true);
    document["promote"] = json!("auto");
    shop.start(&document).await;
    shop.until_phase(OWL, "waiting_approval").await;
    let http = shop.fleet.weir.http().to_string();
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &'static str, words: &[&str]| {
        let words: Vec<String> = ["release"].iter().chain(words).map(|word| (*word).to_owned()).collect();
        let from = ["--http".to_owned(), http.clone()];
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
        Process::start("weir", &weir(), &[&words[..], &from].concat(), &folder.path().join(name))
    };
    let ended = async |process: &mut Process| {
        eventually(SOON, "it ends", async || {
            process.ended().and_then(|status| status.code()).ok_or_else(|| process.tail())
        })
        .await
    };

    for (name, words, text) in [
        ("list", &["list"][..], "waiting_approval"),
        ("show", &["show", OWL], "waiting approval"),
        ("why", &["why", OWL], "weir release approve owl-v21"),
    ] {
        // A line is in the journal before it is told elsewhere.
        eventually(SOON, text, async || {
            let mut process = run(name, words);
            assert_eq!(ended(&mut process).await, 0, "{}", process.tail());
            process.stdout().contains(text).then_some(()).ok_or_else(|| format!("{words:?}: {}", process.stdout()))
        })
        .await;
    }
    let mut unknown = run("unknown", &["show", "cat-v1"]);
    assert_eq!(ended(&mut unknown).await, 1, "{}", unknown.tail());
    let mut late = run("late", &["show", OWL, "--wait", "--timeout", "1s"]);
    assert_eq!(ended(&mut late).await, 3, "{}", late.tail());

    let mut waits = run("waits", &["show", OWL, "--wait"]);
    let mut watches = run("watches", &["show", OWL, "--watch"]);
    let sees = async |process: &Process, text: &str| {
        eventually(SOON, text, async || process.stdout().contains(text).then_some(()).ok_or_else(|| process.tail()))
            .await;
    };
    for process in [&waits, &watches] {
        sees(process, "waiting approval").await;
    }
    shop.done(&["approve", OWL]).await;
    for process in [&waits, &watches] {
        sees(process, "finished").await;
    }
    assert_eq!(ended(&mut waits).await, 0, "{}", waits.tail());
    // Who watches goes on: its end has still to be answered, and its canary to be deleted.
    assert_eq!(watches.ended(), None, "{}", watches.tail());
    let is_of = |line: &&str| line.contains(OWL);
    let (begun, lines) = (shop.steps(OWL).len(), watches.stdout());
    assert!(lines.lines().filter(is_of).count() > begun, "a line for each change: {lines}");

    shop.write(&release(SECOND, "1s", &["50%", "100%"]));
    shop.until_step(SECOND, 0).await;
    let mut waits = run("fails", &["list", "--wait"]);
    sees(&waits, SECOND).await;
    shop.new.set(Fault::Errors(70));
    assert_eq!(ended(&mut waits).await, 1, "{}", waits.tail());
    assert!(waits.stderr().contains("owl-v22 was rolled back"), "{}", waits.tail());
    drop(traffic.stop().await);
}
