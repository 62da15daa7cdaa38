//! The scenario corpus in real Envoys: what the upstream, the access log and the filter itself say of every request is
//! what `weir explain` says, and that is what the scenario says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use weir_policy::{CLUSTER_HEADER, Revision, read_policy};

#[path = "../scenarios/mod.rs"]
pub mod corpus;
mod pushed;
mod scene;

use corpus::{Attachment, Outcome, Request, Scenario, Subject};
use scene::Scene;

use crate::support::wasm;

/// What Envoy itself refuses or changes: each has its reason in the corpus.
const SKIPPED_MAX: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_does_what_the_scenarios_say() {
    let done = run("edge", &wasm(), &[]).await;
    assert!(done > 400, "only {done} requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mesh_does_what_the_scenarios_say() {
    let done = run("mesh", &wasm(), &[]).await;
    assert!(done > 50, "only {done} requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbound_attachment_does_what_the_scenarios_say() {
    let done = run("inbound", &wasm(), &[]).await;
    assert!(done > 0, "no request");
}

#[test]
fn few_scenarios_are_not_for_envoy() {
    let mut skipped = Vec::new();
    for scenario in corpus::read(&corpus::files()) {
        skipped.extend(scenario.skipped_in_envoy.as_ref().map(|reason| format!("{}: {reason}", scenario.name)));
        let requests = requests(&scenario).iter();
        skipped.extend(requests.filter_map(|one| Some(format!("{}: {}", one.name, one.skipped_in_envoy.as_ref()?))));
    }
    println!("{} skipped in Envoy:\n{}", skipped.len(), skipped.join("\n"));
    assert!(skipped.len() <= SKIPPED_MAX, "{} skipped:\n{}", skipped.len(), skipped.join("\n"));
}

/// Every good policy of a role reaches Envoy by way of `weir serve`, every request the upstream; how many requests. Those of
/// all files, unless some are named.
pub async fn run(role: &str, module: &Path, only: &[&str]) -> usize {
    let mut files = corpus::files();
    files.retain(|(name, _)| only.is_empty() || only.contains(&name.as_str()));
    let mut groups: BTreeMap<Attachment, Vec<Scenario>> = BTreeMap::new();
    for scenario in corpus::read(&files) {
        if scenario.attachment.role == role && is_good(&scenario) && scenario.skipped_in_envoy.is_none() {
            groups.entry(scenario.attachment.clone()).or_default().push(scenario);
        }
    }
    let mut done = 0;
    for (attachment, scenarios) in groups {
        let mut scene = Scene::start(&attachment, module, &scenarios[0], destinations(&scenarios)).await;
        for scenario in &scenarios {
            let revision = revision(scenario);
            scene.serve(scenario, revision).await;
            for request in requests(scenario).iter().filter(|request| request.skipped_in_envoy.is_none()) {
                scene.ask(request, revision).await;
                done += 1;
            }
        }
    }
    println!("{done} requests as {role}");
    done
}

fn is_good(scenario: &Scenario) -> bool {
    match (&scenario.subject, &scenario.outcome) {
        (Subject::Policy(_), Outcome::Problems(problems)) => problems.is_empty(),
        (Subject::Policy(_), Outcome::Requests(_)) => true,
        _ => false,
    }
}

fn requests(scenario: &Scenario) -> &[Request] {
    match &scenario.outcome {
        Outcome::Requests(requests) => requests,
        Outcome::Problems(_) => &[],
    }
}

/// The clusters that requests are on and those that the filter names, which `weir serve` wants to find.
fn destinations(scenarios: &[Scenario]) -> BTreeSet<String> {
    let named = |request: &Request| {
        let edits = request.expected.edits.iter().filter(|(name, _)| name == CLUSTER_HEADER);
        edits.flat_map(|(_, lines)| lines).map(|line| String::from_utf8(line.clone()).unwrap()).collect::<Vec<_>>()
    };
    let requests = scenarios.iter().flat_map(requests);
    requests.flat_map(|request| request.destination.iter().cloned().chain(named(request))).collect()
}

fn revision(scenario: &Scenario) -> Revision {
    let Subject::Policy(files) = &scenario.subject else { panic!("{}: no policy", scenario.name) };
    let model = read_policy(&Scenario::sources(files), scenario.role());
    Revision::of(&model.unwrap_or_else(|problems| panic!("{}: {problems:?}", scenario.name)).canonical())
}
