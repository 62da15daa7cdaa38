//! `weir serve` gathers evidence: what edges counted, each request once, whoever ends and comes back meanwhile.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{
    Client, Envoy, Epoch, EventMatch, Fleet, Load, Options, Port, Protocol, Weir, attachment_for, checkout, event,
    eventually, replaced, send_all,
};

/// Some ticks of 10 s, on a machine that has more to do.
const SOON: Duration = Duration::from_secs(90);
const HTTP: [&str; 2] = ["--http", "127.0.0.1:0"];

/// Everybody meets one of two variants on a line of this name.
fn policy_on(line: &str) -> Value {
    json!({
        "version": 1,
        "units": {"user": [{"header": "x-user-id"}]},
        "layers": [{"id": "releases", "unit": "user", "line": line, "experiments": [{
            "id": "owl.v21", "slots": "all",
            "variants": [{"id": "canary", "share": "50%"}, {"id": "control", "share": "50%"}],
        }]}],
    })
}

/// Edges and hops, with such a policy.
async fn fleet(line: &str, words: &[&str]) -> Fleet {
    let attachments =
        [("edge", "edge.yaml"), ("mesh", "mesh.yaml")].map(|(role, file)| (file, attachment_for(role, role)));
    Fleet::start(&policy_on(line), &attachments, &[&HTTP, words].concat()).await
}

/// An Envoy that says where its admin interface is.
async fn edge(fleet: &Fleet, id: &str, cluster: &str, admin: &Port) -> Envoy {
    let mut envoy = Envoy::launch(&fleet.bootstrap_with_admin(id, cluster, admin), Options::default()).await;
    envoy.until_ready().await;
    envoy
}

async fn send(envoy: &Envoy, requests: usize) {
    send_all(envoy.listener("edge").await, 4, requests, checkout).await;
}

async fn get(weir: &Weir, path: &str) -> String {
    let request = Request::get(path).body(Bytes::new()).unwrap();
    let answer = Client::new(weir.http(), Protocol::Http1).send(request).await.unwrap();
    assert_eq!(answer.status, 200, "{path}");
    String::from_utf8(answer.body.to_vec()).unwrap()
}

async fn evidence(weir: &Weir) -> Value {
    serde_json::from_str(&get(weir, "/evidence").await).unwrap()
}

/// The requests in such counts.
fn requests(counts: &Value) -> u64 {
    let variants = ["canary", "control"].map(|variant| counts["owl.v21"][variant]["all"].as_array());
    variants.into_iter().flatten().flatten().map(|count| count.as_u64().unwrap()).sum()
}

/// Waits until just so many requests are given out.
async fn until_total(weir: &Weir, expected: u64) -> Value {
    eventually(SOON, &format!("{expected} requests"), async || {
        let seen = evidence(weir).await;
        (requests(&seen["totals"]) == expected).then_some(seen.clone()).ok_or_else(|| format!("{seen}\n{}", weir.log()))
    })
    .await
}

/// Waits for such a line of the log, which comes with a tick.
async fn until(weir: &Weir, wanted: &EventMatch) {
    eventually(SOON, &format!("{wanted:?}"), async || (weir.count(wanted) > 0).then_some(()).ok_or_else(|| weir.log()))
        .await;
}

/// What was said of polls, each with its reason.
fn said_of_polls(weir: &Weir) -> Vec<(String, String)> {
    let events: Vec<Value> = weir.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let text = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
    let said = events.iter().map(|event| (text(event, "event"), text(event, "reason")));
    said.filter(|(event, _)| event.starts_with("poll_")).collect()
}

async fn polls(weir: &Weir, outcome: &str) -> u64 {
    let name = format!("weir_serve_evidence_polls_{outcome}_total ");
    let metrics = get(weir, "/metrics").await;
    metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
}

fn recorded(state: &Path) -> Option<Value> {
    fs::read_to_string(state.join("evidence.json")).ok().map(|text| serde_json::from_str(&text).unwrap())
}

/// Each of them waits for ticks most of the time, so all go at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_is_gathered() {
    tokio::join!(
        totals_are_the_requests_that_were_sent_whoever_is_started_anew(),
        a_server_that_is_killed_while_requests_come_has_counted_each_once(),
        without_a_state_a_server_counts_what_the_envoys_have_counted(),
        a_poll_in_which_one_of_two_is_silent_is_not_accepted(),
        counters_that_somebody_sets_to_0_are_a_reset_and_nothing_is_counted_twice(),
        an_envoy_that_is_restarted_hot_is_counted_on_from_its_first_reading(),
        what_was_counted_last_before_a_switch_off_is_given_out_and_what_leaves_the_policy_is_forgotten(),
        an_envoy_behind_the_name_and_address_of_another_is_told_of(),
        where_no_pool_line_is_in_force_nothing_is_read_written_or_said(),
        a_record_that_cannot_be_read_stays_and_policies_are_served_all_the_same(),
    );
}

async fn totals_are_the_requests_that_were_sent_whoever_is_started_anew() {
    let state = tempfile::tempdir().unwrap();
    let words = ["--state", &state.path().display().to_string()];
    let mut fleet = fleet("pool.user", &words).await;
    let ports = [Port::reserve(), Port::reserve()];
    let mut first = edge(&fleet, "edge-1", "edge", &ports[0]).await;
    let hop = edge(&fleet, "mesh-1", "mesh", &ports[1]).await;
    fleet.weir.until_asked(&["edge-1", "mesh-1"]).await;
    send(&first, 300).await;
    send(&hop, 50).await;
    let seen = until_total(&fleet.weir, 300).await;
    // As Envoy says it, part by part.
    let stats = first.admin("/stats?usedonly&filter=weir_assigned_total").await;
    for (variant, counts) in seen["totals"]["owl.v21"].as_object().unwrap() {
        for (part, count) in counts["all"].as_array().unwrap().iter().enumerate() {
            let name = format!("experiment=.=owl.v21;.;variant=.={variant};.;part=.={part};.;outcome=.=all;.;");
            let line = stats.lines().find(|line| line.contains(&name)).unwrap_or(": 0");
            assert!(line.ends_with(&format!(": {count}")), "{line} {count}");
        }
    }
    assert_eq!((&seen["poll"]["edges"], &seen["poll"]["read"]), (&json!(1), &json!(1)), "{seen}");
    let metrics = get(&fleet.weir, "/metrics").await;
    assert!(metrics.contains("\nweir_serve_evidence_accepted 1\n"), "{metrics}");

    // What it had counted is known. The server goes by what it recorded when it was told to stop.
    send(&first, 20).await;
    until_total(&fleet.weir, 320).await;
    first.kill();
    fleet.weir.restart_with(&[]).await;
    let second = edge(&fleet, "edge-1", "edge", &ports[0]).await;
    fleet.weir.until_asked(&["edge-1"]).await;
    send(&second, 100).await;
    let seen = until_total(&fleet.weir, 420).await;
    assert_eq!(seen["resets"], 0, "{seen}");
}

async fn a_server_that_is_killed_while_requests_come_has_counted_each_once() {
    let state = tempfile::tempdir().unwrap();
    let words = ["--state", &state.path().display().to_string()];
    let mut fleet = fleet("pool.user", &words).await;
    let envoy = edge(&fleet, "edge-1", "edge", &Port::reserve()).await;
    fleet.weir.until_asked(&["edge-1"]).await;
    let load = Load::start(envoy.listener("edge").await, 2, checkout);
    eventually(SOON, "a record", async || recorded(state.path()).ok_or("none".into())).await;
    let total = requests(&evidence(&fleet.weir).await["totals"]);
    let goes_on = async || (requests(&evidence(&fleet.weir).await["totals"]) > total).then_some(()).ok_or("no".into());
    eventually(SOON, "more than was recorded", goes_on).await;
    fleet.weir.kill();
    fleet.weir.restart().await;
    let sent = load.stop().await;
    sent.iter().for_each(|sample| assert!(sample.outcome.is_ok(), "{sample:?}"));
    let seen = until_total(&fleet.weir, sent.len() as u64).await;
    assert_eq!(seen["resets"], 0, "{seen}");
}

async fn without_a_state_a_server_counts_what_the_envoys_have_counted() {
    let mut fleet = fleet("pool.user", &[]).await;
    let envoy = edge(&fleet, "edge-1", "edge", &Port::reserve()).await;
    fleet.weir.until_asked(&["edge-1"]).await;
    send(&envoy, 70).await;
    until_total(&fleet.weir, 70).await;
    fleet.weir.kill();
    fleet.weir.restart().await;
    until_total(&fleet.weir, 70).await;
    send(&envoy, 7).await;
    until_total(&fleet.weir, 77).await;
}

async fn a_poll_in_which_one_of_two_is_silent_is_not_accepted() {
    let fleet = fleet("pool.user", &[]).await;
    let heard = edge(&fleet, "edge-1", "edge", &Port::reserve()).await;
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bootstrap = fleet.bootstrap_with_admin("edge-2", "edge", &Port::reserve());
    let (before, port) = bootstrap.split_once("weir_admin_port: ").unwrap();
    let other = format!("weir_admin_port: {}}}", silent.local_addr().unwrap().port());
    let bootstrap = format!("{before}{other}{}", &port[port.find('}').unwrap() + 1..]);
    let mut unheard = Envoy::launch(&bootstrap, Options::default()).await;
    unheard.until_ready().await;
    fleet.weir.until_asked(&["edge-1", "edge-2"]).await;
    send(&heard, 40).await;
    send(&unheard, 1_000).await;

    until(&fleet.weir, &event("poll_refused").with("reason", "too_few_read")).await;
    let waits = eventually(SOON, "what was counted waits", async || {
        let seen = evidence(&fleet.weir).await;
        let waiting = seen["waiting"].as_array().unwrap().iter().map(|one| requests(&one["counts"])).sum::<u64>();
        (waiting == 40).then_some(seen.clone()).ok_or_else(|| seen.to_string())
    });
    let seen = waits.await;
    assert_eq!((requests(&seen["totals"]), &seen["poll"]["accepted"]), (0, &json!(false)), "{seen}");
    assert_eq!(seen["poll"]["missing"][0]["node"], "edge-2", "{seen}");
    assert!(seen["poll"]["missing"][0]["why"].as_str().unwrap().contains("no answer within 3s"), "{seen}");
    let said = said_of_polls(&fleet.weir);
    assert!(said.windows(2).all(|two| two[0] != two[1]), "{said:?}");

    unheard.kill();
    until_total(&fleet.weir, 40).await;
    assert_eq!(said_of_polls(&fleet.weir).last().unwrap().0, "poll_accepted");
}

async fn counters_that_somebody_sets_to_0_are_a_reset_and_nothing_is_counted_twice() {
    let state = tempfile::tempdir().unwrap();
    let fleet = fleet("pool.user", &["--state", &state.path().display().to_string()]).await;
    let envoy = edge(&fleet, "edge-1", "edge", &Port::reserve()).await;
    fleet.weir.until_asked(&["edge-1"]).await;
    send(&envoy, 70).await;
    until_total(&fleet.weir, 70).await;
    let zero = Request::post("/reset_counters").body(Bytes::new()).unwrap();
    Client::new(envoy.admin_address(), Protocol::Http1).send(zero).await.unwrap();
    until(&fleet.weir, &event("evidence_reset").with("nodes", "edge-1")).await;
    // Recorded at once, not after a minute.
    assert_eq!(recorded(state.path()).unwrap()["ledger"]["resets"], 1);
    send(&envoy, 7).await;
    let seen = until_total(&fleet.weir, 77).await;
    assert_eq!(seen["resets"], 1, "{seen}");
}

/// The successor begins with some of the numbers of its parent, which were read there already.
async fn an_envoy_that_is_restarted_hot_is_counted_on_from_its_first_reading() {
    let fleet = fleet("pool.user", &[]).await;
    let (listener, admins) = (Port::reserve(), [Port::reserve(), Port::reserve()]);
    let listeners = fleet.read("resources/listeners.yaml");
    let port = format!("port_value: {}}}", listener.number());
    fleet.write("resources/listeners.yaml", &replaced(&listeners, "port_value: 0}", &port));
    let launch = async |admin: &Port, epoch: Epoch| {
        let options = Options { epoch: Some(epoch), ..Options::default() };
        let mut envoy = Envoy::launch(&fleet.bootstrap_with_admin("edge-1", "edge", admin), options).await;
        envoy.until_ready().await;
        envoy
    };
    let mut first = launch(&admins[0], Epoch::First).await;
    fleet.weir.until_asked(&["edge-1"]).await;
    send(&first, 300).await;
    until_total(&fleet.weir, 300).await;
    send(&first, 40).await;
    let second = launch(&admins[1], Epoch::Second(first.base_id())).await;
    until(&fleet.weir, &event("evidence_reset").with("nodes", "edge-1")).await;
    first.until_ended().await;
    // Envoy now drops the counters of its parent that it has not used itself.
    let accepted = polls(&fleet.weir, "accepted").await + 2;
    let are_over = async || (polls(&fleet.weir, "accepted").await >= accepted).then_some(()).ok_or("not yet".into());
    eventually(SOON, "a whole tick", are_over).await;
    let seen = requests(&evidence(&fleet.weir).await["totals"]);
    assert!((300..=340).contains(&seen), "{seen}");
    send(&second, 50).await;
    until_total(&fleet.weir, seen + 50).await;
}

async fn what_was_counted_last_before_a_switch_off_is_given_out_and_what_leaves_the_policy_is_forgotten() {
    let state = tempfile::tempdir().unwrap();
    let fleet = fleet("pool.user", &["--state", &state.path().display().to_string()]).await;
    let envoy = edge(&fleet, "edge-1", "edge", &Port::reserve()).await;
    fleet.weir.until_asked(&["edge-1"]).await;
    send(&envoy, 30).await;
    until_total(&fleet.weir, 30).await;
    send(&envoy, 20).await;
    let mut off = policy_on("pool.user");
    off["layers"][0]["experiments"][0]["enabled"] = json!(false);
    fleet.write("policy.yaml", &off.to_string());
    until_total(&fleet.weir, 50).await;
    let quiet = eventually(SOON, "no poll any more", async || {
        let seen = evidence(&fleet.weir).await;
        seen["poll"].is_null().then_some(seen.clone()).ok_or_else(|| seen.to_string())
    });
    assert_eq!(requests(&quiet.await["totals"]), 50);
    let metrics = get(&fleet.weir, "/metrics").await;
    assert!(!metrics.contains("weir_serve_evidence_accepted "), "{metrics}");
    off["layers"][0]["experiments"] = json!([]);
    fleet.write("policy.yaml", &off.to_string());
    eventually(SOON, "nothing known", async || {
        let seen = [
            evidence(&fleet.weir).await["totals"].clone(),
            recorded(state.path()).unwrap()["ledger"]["totals"].clone(),
        ];
        (seen == [json!({}), json!({})]).then_some(()).ok_or_else(|| format!("{seen:?}"))
    })
    .await;
}

/// Nobody can ask the second one, whose admin interface is at another port than it says.
async fn an_envoy_behind_the_name_and_address_of_another_is_told_of() {
    let fleet = fleet("pool.user", &[]).await;
    let ports = [Port::reserve(), Port::reserve()];
    let _first = edge(&fleet, "edge-1", "edge", &ports[0]).await;
    let bootstrap = fleet.bootstrap_with_admin("edge-1", "edge", &ports[1]);
    let said = |port: &Port| format!("weir_admin_port: {}}}", port.number());
    let bootstrap = replaced(&bootstrap, &said(&ports[1]), &said(&ports[0]));
    let mut second = Envoy::launch(&bootstrap, Options::default()).await;
    second.until_ready().await;
    until(&fleet.weir, &event("edges_twice").with("nodes", "edge-1")).await;
    assert_eq!(evidence(&fleet.weir).await["poll"]["twice"], json!(["edge-1"]));
}

async fn where_no_pool_line_is_in_force_nothing_is_read_written_or_said() {
    let states = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let words = states.each_ref().map(|state| ["--state".to_owned(), state.path().display().to_string()]);
    let [quiet, other] = words.each_ref().map(|words| words.each_ref().map(String::as_str));
    let quiet = fleet("user", &quiet).await;
    let idle = edge(&quiet, "edge-1", "edge", &Port::reserve()).await;
    send(&idle, 10).await;
    // It begins later, and has polled by then.
    let other = fleet("pool.user", &other).await;
    eventually(SOON, "two polls", async || {
        let refused = polls(&other.weir, "refused").await;
        (refused >= 2).then_some(()).ok_or_else(|| refused.to_string())
    })
    .await;
    assert_eq!(evidence(&other.weir).await["poll"]["reason"], "no_edges");
    let seen = evidence(&quiet.weir).await;
    assert_eq!(seen, json!({"not_read": null, "poll": null, "totals": {}, "waiting": [], "resets": 0}));
    assert!(!get(&quiet.weir, "/metrics").await.contains("evidence"));
    assert!(!quiet.weir.log().contains("evidence") && !quiet.weir.log().contains("poll"), "{}", quiet.weir.log());
    assert_eq!((recorded(states[0].path()), recorded(states[1].path()).is_some()), (None, true));
}

async fn a_record_that_cannot_be_read_stays_and_policies_are_served_all_the_same() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("evidence.json");
    fs::write(&file, "{\"evidence\":2}").unwrap();
    let fleet = fleet("pool.user", &["--state", &state.path().display().to_string()]).await;
    let _envoy = edge(&fleet, "edge-1", "edge", &Port::reserve()).await;
    fleet.weir.until_asked(&["edge-1"]).await;
    until(&fleet.weir, &event("evidence_not_read")).await;
    assert!(fleet.weir.log().contains("evidence.json: a record of evidence of version 2"), "{}", fleet.weir.log());
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"evidence\":2}");
    assert!(evidence(&fleet.weir).await["not_read"].as_str().unwrap().contains("version 2"));
    assert!(get(&fleet.weir, "/metrics").await.contains("\nweir_serve_evidence_not_read 1\n"));
    // Once it is moved away, all begins anew.
    fs::rename(&file, state.path().join("elsewhere")).unwrap();
    eventually(SOON, "a poll", async || (polls(&fleet.weir, "accepted").await > 0).then_some(()).ok_or("none".into()))
        .await;
}
