//! The clock on the wall jumps by hours, of the server and of Envoy: what must wait or last goes by the other clock.

use std::time::{Duration, Instant};

use serde_json::Value;
use weir_policy::Gauge;

use crate::support::{
    Authority, Clock, EDGE, Envoy, EventMatch, Fleet, Load, Options, PolicyFile, Predictor, attachment, checkout,
    decided_by, envelope, event, history, policy, until_history, with_more,
};

const HOURS: i64 = 20;
const CENTURY: i64 = 100 * 365 * 24;

/// Writes this policy, sets the clock once the first of these has happened, and returns how long the second took.
async fn took(fleet: &Fleet, clock: &Clock, policy: &Value, [begun, ended]: [EventMatch; 2], hours: i64) -> Duration {
    let written = Instant::now();
    fleet.write("policy.yaml", &policy.to_string());
    fleet.weir.until(&begun).await;
    clock.set(hours);
    fleet.weir.until(&ended).await;
    written.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_clock_may_jump_while_it_waits_and_while_it_does_not() {
    let (clock, state) = (Clock::new(), tempfile::tempdir().unwrap());
    let words = ["--stage-deadline", "6s", "--state", &state.path().display().to_string()];
    let mut fleet = Fleet::of_tiers_under(&clock.runner(), &words).await;
    let (edge, mut mesh) = fleet.both().await;
    fleet.weir.until_asked(&["edge-1", "mesh-1"]).await;
    let mut in_force = vec![PolicyFile::of(&policy("10%")).revision];
    for (hours, share) in [(HOURS, "20%"), (-HOURS, "30%"), (0, "40%")] {
        clock.set(hours);
        let next = PolicyFile::of(&policy(share));
        fleet.write("policy.yaml", &next.text);
        for envoy in [&edge, &mesh] {
            envoy.until_revision(next.number).await;
        }
        in_force.push(next.revision);
    }

    // A deadline comes neither sooner nor later.
    mesh.freeze(true);
    let more = with_more("40%");
    let late = event("nodes_late").with("revision", &PolicyFile::of(&more).revision);
    assert!(took(&fleet, &clock, &more, [event("stage"), late], HOURS).await >= Duration::from_secs(6));
    in_force.push(PolicyFile::of(&more).revision);
    mesh.freeze(false);
    mesh.until_revision(PolicyFile::of(&more).number).await;
    fleet.weir.restart_with(&["--canary-nodes", "1%", "--canary-deadline", "3s"]).await;
    let next = policy("50%");
    assert!(
        took(&fleet, &clock, &next, [event("canary_started"), event("held")], -HOURS).await >= Duration::from_secs(3)
    );

    // Who is gone is remembered for ten minutes, whatever the clock says meanwhile.
    drop(mesh);
    fleet.weir.until(&event("disconnected").with("node", "mesh-1")).await;
    clock.set(HOURS);
    drop(edge);
    fleet.weir.until(&event("disconnected").with("node", "edge-1")).await;
    let gone = fleet.weir.rows();
    assert_eq!(gone.iter().map(|row| row["node"].as_str().unwrap()).collect::<Vec<_>>(), ["edge-1", "mesh-1"]);
    // Times are what the clock said: the later one may look earlier, and the history is in order all the same.
    assert!(gone.iter().all(|row| row["since"].as_str().is_some_and(|since| since.ends_with('Z'))), "{gone:?}");
    let newest_first: Vec<_> = in_force.iter().rev().map(|revision| (revision, "files")).collect();
    until_history(state.path(), &newest_first).await;
    assert_eq!(history(state.path()).len(), in_force.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_good_by_the_servers_clock_when_envoys_come_in() {
    let (clock, authority) = (Clock::new(), Authority::new());
    let server = authority.sign("server", "spiffe://mesh.test/weir", 2300);
    let words = authority.server_words(&server, EDGE);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let fleet = Fleet::start_under(&clock.runner(), &policy("10%"), &[("edge.yaml", attachment())], &words).await;
    let client = authority.sign("edge", EDGE, 2100);
    let before = authority.connect(&fleet, &client).await;
    before.until_revision(PolicyFile::of(&policy("10%")).number).await;

    clock.set(CENTURY);
    let after = authority.connect(&fleet, &client).await;
    fleet.weir.until(&event("connection_refused").containing("reason", "certificate expired")).await;
    // Who is in stays in, and is served.
    let next = PolicyFile::of(&policy("20%"));
    fleet.write("policy.yaml", &next.text);
    before.until_revision(next.number).await;
    assert_eq!(after.gauge(Gauge::Revision).await, None);
    clock.set(0);
    after.until_revision(next.number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_of_an_envoy_may_jump_under_load() {
    let clock = Clock::new();
    let policies = ["10%", "20%", "30%", "40%"].map(policy);
    let predictors = policies.each_ref().map(|policy| Predictor::new(&envelope("edge", policy)));
    let fleet = Fleet::start(&policies[0], &[("edge.yaml", attachment())], &[]).await;
    let runner = clock.runner();
    let options = Options { runner: &runner, ..Options::default() };
    let mut envoy = Envoy::launch(&fleet.bootstrap("edge-1", "edge"), options).await;
    envoy.until_ready().await;
    envoy.until_revision(predictors[0].revision_number()).await;

    let load = Load::start(envoy.listener("edge").await, 2, checkout);
    for (number, hours) in [(1, HOURS), (2, -HOURS), (3, 0)] {
        clock.set(hours);
        let info: Value = serde_json::from_str(&envoy.admin("/server_info").await).unwrap();
        let up: i64 = info["uptime_current_epoch"].as_str().unwrap().trim_end_matches('s').parse().unwrap();
        assert_eq!((up + 1_800).div_euclid(3_600), hours, "Envoy reckons by the clock that was set");
        fleet.write("policy.yaml", &policies[number].to_string());
        envoy.until_revision(predictors[number].revision_number()).await;
    }
    decided_by(&load.stop().await, &predictors);
    assert_eq!(fleet.weir.count(&event("connected")), 1, "{}", fleet.weir.log());
}
