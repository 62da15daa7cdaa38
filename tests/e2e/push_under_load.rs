//! Policies are pushed while traffic flows: no request fails, each answer names the revision that decided it and is what
//! the engine says under exactly that revision, and once a revision is in force on all workers, nothing older decides.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::{Duration, Instant};

use crate::support::{
    Ads, Answer, Client, Load, Predictor, Served, Shown, Workers, checkout, connections, envelope, policy,
};

const CONNECTIONS: usize = 3;
const PUSHES: usize = 24;
const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_by_state_of_the_world_cost_no_request() {
    push_under_load(Ads::StateOfTheWorld).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_by_delta_cost_no_request() {
    push_under_load(Ads::Delta).await;
}

async fn push_under_load(ads: Ads) {
    // From 2 % to 50 %: each its own revision, and so that users enter with every push.
    let policies: Vec<_> = (0..=PUSHES).map(|push| policy(&format!("{}%", 2 + 2 * push))).collect();
    let predictors: Vec<_> = policies.iter().map(|policy| Predictor::new(&envelope("edge", policy))).collect();
    let served = Served::start(&policies[0], ads).await;
    let mut workers = Workers::of(&served.bench).await;
    workers.until_they_follow(&predictors[0]).await;
    let connected: u64 = connections(&served.bench).await.values().sum();

    // Before any request: the first policy is in force already.
    let begin = Instant::now();
    let load = Load::start(served.bench.address, CONNECTIONS, checkout);
    let mut pushes = vec![Push { written: begin, active: begin }];
    for (policy, predictor) in policies.iter().zip(&predictors).skip(1) {
        let written = Instant::now();
        served.write_policy(&policy.to_string());
        // A worker takes a plan between two requests and never goes back: one answer is proof for all that follow.
        for client in &mut workers.clients {
            until_decided_by(client, predictor, &served).await;
        }
        pushes.push(Push { written, active: Instant::now() });
    }
    let samples = load.stop().await;

    // No connection was lost and replaced by one to another worker.
    let after: u64 = connections(&served.bench).await.values().sum();
    assert_eq!(after, connected + CONNECTIONS as u64);
    let numbers: BTreeMap<String, usize> =
        predictors.iter().enumerate().map(|(number, predictor)| (predictor.revision(), number)).collect();
    assert_eq!(numbers.len(), policies.len());
    let mut met = BTreeSet::new();
    for sample in &samples {
        let answer = sample.outcome.as_ref().unwrap_or_else(|error| panic!("request {}: {error}", sample.index));
        assert_eq!(answer.status, 200, "request {}", sample.index);
        let number = *numbers.get(&revision(answer)).unwrap_or_else(|| panic!("{:?}", answer.headers));
        let request = checkout(sample.index);
        let shown = Shown::by(answer, &request);
        assert_eq!(shown, predictors[number].shown(&request), "request {} under push {number}", sample.index);
        let canary = shown.tags().split(',').any(|tag| tag == "owl-v21");
        assert_eq!(answer.echo().upstream, if canary { "canary" } else { "stable" }, "request {}", sample.index);
        assert!(pushes[number].written <= sample.done, "push {number} decided request {} too early", sample.index);
        let next_active = pushes.get(number + 1).is_some_and(|push| push.active < sample.sent);
        assert!(!next_active, "push {number} decided request {} when the next was active", sample.index);
        met.insert(number);
    }
    assert!(met.len() > PUSHES / 2, "the load met only the pushes {met:?}");
    report(ads, &pushes[1..], samples.len());
}

/// When a policy was written into its file, and when all workers were seen to decide by it.
struct Push {
    written: Instant,
    active: Instant,
}

/// Asks without a pause: the time is measured.
async fn until_decided_by(client: &mut Client, predictor: &Predictor, served: &Served) {
    let begin = Instant::now();
    while revision(&client.send(checkout(0)).await.unwrap()) != predictor.revision() {
        assert!(begin.elapsed() < DEADLINE, "no {} within {DEADLINE:?}\n{}", predictor.revision(), served.weir.log());
    }
}

/// The revision that an answer names: `1;REVISION;...`.
fn revision(answer: &Answer) -> String {
    let decision = answer.header("x-weir-decision").unwrap_or_default();
    decision.split(';').nth(1).unwrap_or_default().to_owned()
}

fn report(ads: Ads, pushes: &[Push], requests: usize) {
    let mut times: Vec<u128> = pushes.iter().map(|push| (push.active - push.written).as_millis()).collect();
    times.sort_unstable();
    let (min, median, max) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    let count = pushes.len();
    // Not by a macro: those are silent while a test passes, and this is a measurement that people want to see.
    let _ = writeln!(
        std::io::stderr(),
        "{ads:?}: {count} pushes under {requests} requests, from file to all workers in min {min} ms, median {median} ms, max {max} ms"
    );
}
