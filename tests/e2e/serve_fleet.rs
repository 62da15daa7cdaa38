//! What `weir serve` tells of its Envoys: the table of `weir fleet`, metrics, health, its log, and its end.

use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::support::{
    Client, Envoy, Fleet, PolicyFile, Port, Prometheus, Protocol, Weir, acked, attachment, event, eventually, policy,
    served, weir,
};

const SOON: Duration = Duration::from_secs(20);

async fn start(words: &[&str]) -> Fleet {
    start_under(&[], words).await
}

async fn start_under(runner: &[String], words: &[&str]) -> Fleet {
    let words = [&["--http", "127.0.0.1:0"], words].concat();
    Fleet::start_under(runner, &policy("10%"), &[("edge.yaml", attachment())], &words).await
}

async fn get(weir_serve: &Weir, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Bytes::new()).unwrap();
    let answer = Client::new(weir_serve.http(), Protocol::Http1).send(request).await.unwrap();
    (answer.status, String::from_utf8(answer.body.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_shows_what_each_envoy_was_sent_took_and_decides_by() {
    let mut fleet = start(&[]).await;
    let envoy = fleet.envoy("edge-1", "edge").await;
    let first = PolicyFile::of(&policy("10%")).revision;

    // Nobody told where its gauges are: it is not shown as active, whatever it acked.
    // Which filters it asked for is known a moment after its answer.
    let acked = |row: &Value| row["acked"] == first.as_str() && row["attachments"] != json!([]);
    let row = fleet.weir.until_row("acked", acked).await;
    assert_eq!((&row["node"], &row["cluster"], &row["version"]), (&"edge-1".into(), &"edge".into(), &"1.40.0".into()));
    assert_eq!((&row["sent"], &row["offered"]), (&first.clone().into(), &first.clone().into()));
    assert_eq!((&row["attachments"][0]["name"], &row["attachments"][0]["active"]), (&"shop".into(), &Value::Null));

    let port = envoy.admin_address().port().to_string();
    fleet.weir.restart_with(&["--admin-port", &port]).await;
    let PolicyFile { text, revision: second, number } = PolicyFile::of(&policy("20%"));
    fleet.write("policy.yaml", &text);
    let active = |row: &Value| row["attachments"][0]["active"] == second.as_str();
    let row = fleet.weir.until_row("active", active).await;
    assert_eq!((&row["acked"], &row["attachments"][0]["rejected"]), (&second.clone().into(), &false.into()));
    envoy.until_revision(number).await;

    let (code, table) = fleet.weir.fleet(&[]);
    assert_eq!(code, Some(0), "{table}");
    for part in [&format!("revision {second}\n"), "edge-1  1.40.0   shop", "in step"] {
        assert!(table.contains(part), "no {part:?} in\n{table}");
    }
    let (status, metrics) = get(&fleet.weir, "/metrics").await;
    assert_eq!((status, metrics.contains("\nweir_serve_nodes_active 1\n")), (200, true), "{metrics}");

    drop(envoy);
    let gone = fleet.weir.until_row("gone", |row| row["connected"] == false).await;
    assert_eq!(gone["attachments"][0]["active"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_names_the_revision_that_the_mesh_would_go_by_without_a_server() {
    let fleet = Fleet::of_tiers(&[]).await;
    // A share is no part of what the mesh is sent.
    let named = async |share: &str| {
        let PolicyFile { text, revision, .. } = PolicyFile::of(&policy(share));
        fleet.write("policy.yaml", &text);
        eventually(SOON, "it is served", async || {
            let (_, json) = fleet.weir.fleet(&["--json"]);
            let shown: Value = serde_json::from_str(&json).unwrap();
            (shown["revision"] == revision.as_str()).then(|| shown["without_server"].clone()).ok_or(json)
        })
        .await
    };
    let before = named("10%").await;
    assert_eq!(named("20%").await, before);
    let [part] = before.as_array().unwrap().as_slice() else { panic!("one attachment does not decide: {before}") };
    let (_, table) = fleet.weir.fleet(&[]);
    let line = format!("\nwithout a server: shop {}\n", part["revision"].as_str().unwrap());
    assert!(table.contains(&line) && !table.starts_with(&format!("revision {}", part["revision"])), "{table}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_red_is_said_until_it_is_mended() {
    let fleet = start(&[]).await;
    let mut envoy = fleet.envoy("edge-1", "edge").await;
    fleet.weir.until_asked(&["edge-1"]).await;
    let until = async |words: &[&str], red: Option<&str>| {
        eventually(SOON, &format!("{red:?} by {words:?}"), async || {
            let (code, said) = fleet.weir.fleet(words);
            let is_so = match red {
                None => code == Some(0) && !said.contains("red: "),
                Some(reason) => code == Some(1) && said.contains(&format!("\nred: {reason}")),
            };
            is_so.then_some(()).ok_or(said)
        })
        .await;
    };
    until(&["--min", "1"], None).await;
    until(&["--min", "2"], Some("1 Envoy connected, fewer than 2\n")).await;

    fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    let revision = PolicyFile::of(&policy("10%")).revision;
    until(&[], Some(&format!("not served, revision {revision} stays: syntax: "))).await;
    let (code, json) = fleet.weir.fleet(&["--json"]);
    let shown: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, shown["red"].as_array().map(Vec::len)), (Some(1), Some(1)), "{json}");
    fleet.write("policy.yaml", &policy("10%").to_string());
    until(&[], None).await;

    envoy.kill();
    until(&["--gone", "0s"], Some("lost, and not back within 0s: edge-1\n")).await;
    until(&[], None).await;
    let _again = fleet.envoy("edge-1", "edge").await;
    until(&["--gone", "0s", "--min", "1"], None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_an_attachment_that_is_called_otherwise_is_red() {
    let mut other = attachment();
    other["name"] = "story".into();
    let fleet = Fleet::start(&policy("10%"), &[("edge.yaml", other)], &["--http", "127.0.0.1:0"]).await;
    let _envoy = fleet.launch("edge-1", "edge", "").await;
    let until = async |expected: (Option<i32>, &str)| {
        eventually(SOON, expected.1, async || {
            let (code, said) = fleet.weir.fleet(&["--min", "1"]);
            (code == expected.0 && said.contains(expected.1)).then_some(()).ok_or(said)
        })
        .await;
    };
    until((Some(1), "\nred: asks for weir.shop, which no attachment is called: edge-1\n")).await;
    until((Some(1), "  asks for weir.shop, which no attachment is called\n")).await;
    fleet.write("attach/edge.yaml", &attachment().to_string());
    until((Some(0), "  in step\n")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_attachment_is_told_by_its_offer() {
    let mut fleet = start(&[]).await;
    let envoy = fleet.envoy("edge-1", "edge").await;
    fleet.weir.restart_with(&["--admin-port", &envoy.admin_address().port().to_string()]).await;
    let in_step = |row: &Value| {
        let shop = &row["attachments"][0];
        shop["offer"].is_string() && shop["offer"] == shop["active_offer"]
    };
    let before = fleet.weir.until_row("its offer", in_step).await["attachments"][0].clone();
    let mut other = attachment();
    other["trace"] = "shaped".into();
    fleet.write("attach/edge.yaml", &other.to_string());
    let is_new = |row: &Value| in_step(row) && row["attachments"][0]["offer"] != before["offer"];
    let after = fleet.weir.until_row("its new offer", is_new).await["attachments"][0].clone();
    assert_eq!(after["active"], before["active"], "the policy is the same");
    let (code, table) = fleet.weir.fleet(&[]);
    assert_eq!((code, table.contains(after["offer"].as_str().unwrap())), (Some(0), true), "{table}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prometheus_tells_what_is_active_where_no_admin_interface_is_known() {
    let mut fleet = start(&[]).await;
    let (one, two) = (fleet.envoy("edge-1", "edge").await, fleet.envoy("edge-2", "edge").await);
    let prometheus = Prometheus::scraping_nodes(&[("edge-1", &one), ("edge-2", &two)]).await;
    fleet.weir.restart_with(&["--prometheus", &prometheus.address().to_string()]).await;
    let PolicyFile { text, revision, .. } = PolicyFile::of(&policy("20%"));
    fleet.write("policy.yaml", &text);
    for node in ["edge-1", "edge-2"] {
        let active = |row: &Value| row["node"] == node && row["attachments"][0]["active"] == revision.as_str();
        fleet.weir.until_row("active", active).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_log_nobody_reads_any_more_goes_on() {
    let into_a_pipe_without_reader = ["bash", "-c", r#"exec "$@" 2> >(true)"#, "bash"].map(str::to_owned);
    let fleet = start_under(&into_a_pipe_without_reader, &[]).await;
    // What a bad policy and what the Envoy does are told in the log.
    fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    let _envoy = fleet.envoy("edge-1", "edge").await;
    let PolicyFile { text, revision, .. } = PolicyFile::of(&policy("20%"));
    fleet.write("policy.yaml", &text);
    fleet.weir.until_row("acked", |row| row["acked"] == revision.as_str()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_takes_the_file_handles_that_it_may_have_and_keeps_some_for_its_files() {
    let limited = |words: &str| ["bash", "-c", &format!(r#"ulimit {words}; exec "$@""#), "bash"].map(str::to_owned);
    let fleet = start_under(&limited("-Sn 64"), &[]).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", fleet.weir.id())).unwrap();
    let files: Vec<&str> =
        limits.lines().find(|line| line.starts_with("Max open files")).unwrap().split_whitespace().collect();
    assert_eq!(files[3], files[4], "the soft limit is the hard one: {limits}");

    let fleet = start_under(&limited("-n 96"), &[]).await;
    fleet.weir.until(&event("few_file_handles").with("handles", "96").with("connections", "48")).await;
    let address = fleet.weir.address();
    let _connections: Vec<_> = (0..96).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    fleet.weir.until(&event("connection_refused").with("reason", "too many connections are open")).await;
    let PolicyFile { text, revision, .. } = PolicyFile::of(&policy("20%"));
    fleet.write("policy.yaml", &text);
    fleet.weir.until(&served(&revision)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envoy_may_say_itself_where_its_gauges_are() {
    let fleet = start(&[]).await;
    let reserved = Port::reserve();
    let envoy = Envoy::start(&fleet.bootstrap_with_admin("edge-1", "edge", &reserved)).await;
    assert_eq!(envoy.admin_address().port(), reserved.number());
    let _other = fleet.envoy("edge-2", "edge").await;

    for share in ["20%", "30%"] {
        let PolicyFile { text, revision, .. } = PolicyFile::of(&policy(share));
        fleet.write("policy.yaml", &text);
        let active = |row: &Value| row["node"] == "edge-1" && row["attachments"][0]["active"] == revision.as_str();
        fleet.weir.until_row("active", active).await;
        let acked = |row: &Value| row["node"] == "edge-2" && row["acked"] == revision.as_str();
        let other = fleet.weir.until_row("acked", acked).await;
        assert_eq!(other["attachments"][0]["active"], Value::Null, "nobody was told where its gauges are");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envoy_that_refuses_is_told_with_its_words() {
    let fleet = start(&[]).await;
    let _envoy = fleet.envoy("edge-1", "edge").await;
    let routes = fleet.read("resources/routes.yaml");
    fleet.write("resources/routes.yaml", &routes.replace("(.*,)?owl-v21(,.*)?", "(.*"));
    fleet
        .weir
        .until_row("an error", |row| {
            row["error"].as_str().is_some_and(|error| error.starts_with("rejected rds of revision "))
        })
        .await;

    fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    eventually(SOON, "the files are bad", async || {
        let (_, metrics) = get(&fleet.weir, "/metrics").await;
        metrics.contains("\nweir_serve_policy_rejected 1\n").then_some(()).ok_or(metrics)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_says_all_it_heard_until_then_and_ends_by_itself() {
    let mut fleet = start(&[]).await;
    let envoy = fleet.envoy("edge-1", "edge").await;
    let revision = PolicyFile::of(&policy("10%")).revision;
    // Envoy listens a moment before it says that it took the filter.
    fleet.weir.until_row("acked", |row| row["acked"] == revision.as_str()).await;
    assert_eq!(get(&fleet.weir, "/healthz").await.0, 200);
    assert_eq!(get(&fleet.weir, "/readyz").await, (200, "serving\n".into()));

    fleet.weir.tell_to_stop();
    let ended = eventually(SOON, "weir serve ends", async || fleet.weir.ended().ok_or("it runs".into())).await;
    assert_eq!(ended.code(), Some(0));
    envoy.until_stat("control_plane.connected_state", 0).await;
    let node = |name| event(name).with("node", "edge-1");
    for wanted in
        [served(&revision), node("connected"), acked("edge-1", &revision), event("stopping"), node("disconnected")]
    {
        assert_ne!(fleet.weir.count(&wanted), 0, "{wanted:?} in\n{}", fleet.weir.log());
    }
    assert!(fleet.weir.events().iter().all(|event| event.field("time").is_some_and(|time| time.ends_with('Z'))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_for_people_is_sentences_and_words() {
    let fleet = start(&["--log", "text"]).await;
    let _edge = fleet.envoy("edge-1", "edge").await;
    let revision = PolicyFile::of(&policy("10%")).revision;
    fleet.weir.until_row("acked", |row| row["acked"] == revision.as_str()).await;
    fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    let until_said = async |said: String| {
        eventually(SOON, &said, async || {
            let log = fleet.weir.log();
            if log.contains(&said) { Ok(log) } else { Err(log) }
        })
        .await
    };
    until_said(format!("Z not served, revision {revision} stays:\n")).await;
    // What was wrong is no more, and nothing is pushed.
    fleet.write("policy.yaml", &policy("10%").to_string());
    let log = until_said(format!("Z good again: revision {revision} has no problems\n")).await;
    for said in [
        &format!("Z revision {revision} active in server: "),
        "Z connected node=edge-1 peer=127.0.0.1:",
        &format!("Z acked node=edge-1 type=ecds revision={revision}\n"),
        "\n --> ",
    ] {
        assert!(log.contains(said), "no {said:?} in\n{log}");
    }
    // 2026-11-21T15:42:07.123Z and a blank, but before further lines of a problem.
    let is_timed = |line: &str| line.split_once("Z ").is_some_and(|(time, _)| time.len() == 23 && time.contains('T'));
    let untimed: Vec<&str> = log.lines().filter(|line| !is_timed(line)).collect();
    let problem = log.split_once("stays:\n").unwrap().1;
    assert!(problem.starts_with(&untimed.join("\n")), "{untimed:?} in\n{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_weir_fleet_from_answering_is_said_and_no_other_cure() {
    let said = |server: String| {
        let output = Command::new(weir()).args(["fleet", "--server", &server]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let nobodys = Port::reserve();
    let free = format!("127.0.0.1:{}", nobodys.number());
    let nobody = said(free.clone());
    assert!(nobody.contains(&free) && nobody.contains("weir serve needs --http"), "{nobody}");

    // Where Envoys connect somebody answers.
    let fleet = start(&[]).await;
    let other = said(fleet.weir.address().to_string());
    let cure = "the address of weir serve --http is meant, not that of --listen";
    assert!(other.contains("/fleet: status 404") && other.contains(cure), "{other}");
    assert!(!other.contains("needs --http"), "{other}");
}
