//! The configuration that the documentation shows for others to read decisions: a JSON access log and OpenTelemetry spans.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::support::{
    Bench, Client, Collector, Predictor, Protocol, checkout, envelope, eventually, policy, string_configuration,
};

/// Envoy sends the spans of a worker by fives, or after five seconds.
const SOON: Duration = Duration::from_secs(30);
const USERS: usize = 23;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_access_log_and_the_spans_tell_each_decision() {
    let mut envelope = envelope("edge", &policy("50%"));
    envelope["trace"] = "shaped".into();
    envelope["log_unit"] = "user".into();
    let predictor = Predictor::new(&envelope);
    let collector = Collector::start().await;
    let bench = Bench::traced(&string_configuration(&envelope), &collector).await;
    let mut client = Client::new(bench.address, Protocol::Http1);
    let mut expected = Vec::new();
    for user in 0..USERS {
        let echo = client.send(checkout(user)).await.unwrap().echo();
        let shown = predictor.shown(&checkout(user));
        expected.push(Told {
            id: echo.lines("x-request-id").concat(),
            decision: predictor.state(&checkout(user)),
            tag: (!shown.tags().is_empty()).then(|| shown.tags()),
        });
    }
    expected.sort();
    let names_its_unit = |told: &Told| told.decision.as_ref().is_some_and(|text| text.contains(";u=user-"));
    assert!(expected.iter().all(names_its_unit), "{expected:#?}");
    assert!(expected.iter().any(|told| told.tag.is_none()) && expected.iter().any(|told| told.tag.is_some()));

    eventually(SOON, "the access log", async || {
        let entries = bench.envoy.access_log();
        let names = ["id", "decision", "tag"];
        same(&expected, entries.iter().map(|entry| Told::read(|name| Some(entry[name].as_str()?.to_owned()), names)))
    })
    .await;
    eventually(SOON, "the spans", async || {
        let spans = collector.spans();
        let names = ["guid:x-request-id", "weir.decision", "weir.env_tag"];
        same(&expected, spans.iter().map(|span| Told::read(|name| span.attributes.get(name).cloned(), names)))
    })
    .await;

    // From a line of the log one finds the trace.
    let traces = collector.spans().into_iter().map(|span| (span.trace, span.attributes["guid:x-request-id"].clone()));
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let logged = bench.envoy.access_log();
    let logged = logged.iter().map(|entry| (text(&entry["trace"]), text(&entry["id"])));
    assert_eq!(logged.collect::<BTreeSet<_>>(), traces.collect());
}

/// What is told of one request.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    id: String,
    decision: Option<String>,
    tag: Option<String>,
}

impl Told {
    fn read(value: impl Fn(&'static str) -> Option<String>, [id, decision, tag]: [&'static str; 3]) -> Self {
        Self { id: value(id).unwrap_or_default(), decision: value(decision), tag: value(tag) }
    }
}

fn same(expected: &[Told], told: impl Iterator<Item = Told>) -> Result<(), String> {
    let mut told: Vec<Told> = told.collect();
    told.sort();
    (told == expected).then_some(()).ok_or_else(|| format!("{told:#?} instead of {expected:#?}"))
}
