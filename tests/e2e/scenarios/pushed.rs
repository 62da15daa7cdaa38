//! The bad policies and envelopes of the corpus, pushed past the server straight into Envoy: the filter names every
//! problem of each, its gauges say so, and the last good policy goes on.

use std::time::Duration;

use weir_policy::Gauge;
use weir_policy::Source;

use super::corpus::{self, Outcome, Problem, Scenario, Subject};
use crate::support::{
    Bench, Client, Files, Options, Predictor, Protocol, Shown, checkout, envelope, eventually, policy,
    string_configuration, text_configuration, wasm,
};

const SOON: Duration = Duration::from_secs(60);
/// Envoy tries a configuration once beside the VMs that serve, then gives it to the main thread's and to each worker's.
const CONFIGURED: usize = 2 + 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_problem_is_named_by_the_filter_and_the_last_good_policy_serves() {
    let good = envelope("edge", &policy("50%"));
    let files = Files::start(&string_configuration(&good), wasm(), Options::default()).await;
    let predictor = Predictor::new(&good);
    let mut client = Client::new(files.bench.address, Protocol::Http1);
    let mut pushed = 0;
    for scenario in corpus::read(&corpus::files()) {
        let Outcome::Problems(problems) = &scenario.outcome else { continue };
        if problems.is_empty() || scenario.skipped_in_envoy.is_some() {
            continue;
        }
        let (envelope, prefix, revision) = match &scenario.subject {
            // A revision of its own tells in the gauges which one was rejected.
            Subject::Policy(texts) => policy_envelope(&scenario, texts, pushed as u64 + 1),
            Subject::Envelope(text) => (text.clone(), "", None),
            Subject::Attachment(..) => continue,
        };
        let mut expected: Vec<String> = problems.iter().map(|problem| told(problem, prefix)).collect();
        expected.sort();
        let before = rejections(&files.bench).len();
        files.write_filter(&text_configuration(&envelope));
        eventually(SOON, &format!("{}: {expected:?}", scenario.name), async || {
            let mut seen = rejections(&files.bench).split_off(before);
            // Once for each time that Envoy configures the filter.
            seen.sort();
            let each: Vec<String> = seen.iter().step_by(CONFIGURED).cloned().collect();
            (seen.len() == CONFIGURED * expected.len() && each == expected)
                .then_some(())
                .ok_or_else(|| format!("{seen:?}"))
        })
        .await;
        assert_eq!(files.bench.envoy.gauge(Gauge::Rejected).await, Some(1), "{}", scenario.name);
        assert_eq!(
            files.bench.envoy.gauge(Gauge::RejectedRevision).await,
            Some(revision.unwrap_or(0)),
            "{}",
            scenario.name
        );
        assert_eq!(files.bench.envoy.gauge(Gauge::Revision).await, Some(predictor.revision_number()));
        let answer = client.send(checkout(pushed)).await.unwrap();
        assert_eq!(Shown::by(&answer, &checkout(pushed)), predictor.shown(&checkout(pushed)), "{}", scenario.name);
        pushed += 1;
    }
    println!("{pushed} bad configurations");
    assert!(pushed > 40, "only {pushed} bad configurations");
}

/// The envelope that brings a policy, what stands before the paths of its problems, and its revision as a number.
fn policy_envelope(
    scenario: &Scenario,
    texts: &[(String, String)],
    revision: u64,
) -> (String, &'static str, Option<u64>) {
    let [(file, text)] = texts else { panic!("{}: a filter is sent one document", scenario.name) };
    let is_json = file.ends_with(".json");
    let policy = if is_json { text.clone() } else { json(scenario, text) };
    let envelope = scenario.attachment.envelope("scenario", &policy);
    let envelope = format!("{{\"revision\":\"{revision:012x}\",{}", &envelope[1..]);
    match serde_json::from_str::<serde_json::Value>(&envelope) {
        Ok(_) => (envelope, "policy", Some(revision)),
        // Not even the revision can be read.
        Err(_) => (envelope, "", None),
    }
}

fn json(scenario: &Scenario, text: &str) -> String {
    let (document, problems) = Source::yaml("policy.yaml", text).parse(weir_policy::SourceId::FIRST);
    assert!(problems.is_empty(), "{}: mark it as not for Envoy: {problems:?}", scenario.name);
    corpus::json_text(&document).unwrap_or_else(|| panic!("{}: mark it as not for Envoy: no JSON", scenario.name))
}

/// `CODE at PATH`, as the filter names a problem of what it is configured by.
fn told(problem: &Problem, prefix: &str) -> String {
    let path = match (prefix, problem.path.as_str()) {
        ("", path) => path.to_owned(),
        (prefix, "(root)") => prefix.to_owned(),
        (prefix, path) => format!("{prefix}.{path}"),
    };
    format!("{} at {path}", problem.code)
}

/// Every problem in Envoy's log.
fn rejections(bench: &Bench) -> Vec<String> {
    let log = bench.envoy.log();
    let problem = |line: &str| {
        let (_, problem) = line.split_once(": policy rejected: ")?;
        problem.split_once(": ").map(|(place, _)| place.to_owned())
    };
    log.lines().filter_map(problem).collect()
}
