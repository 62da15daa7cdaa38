//! A policy of many experiments is counted by name up to the limit, and beyond it together: nothing is uncounted.

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use super::numbers::{Numbers, Outcome, until_shown};
use crate::support::{ANSWER, Bench, Client, Options, Prometheus, Protocol, envelope, series, string_configuration};

/// Of two variants each; the pairs of the first thousand have names.
const EXPERIMENTS: usize = 1_002;
const NAMED: usize = 1_000;
const CODES: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variants_beyond_two_thousand_are_counted_together() {
    let configuration = string_configuration(&envelope("edge", &many()));
    let bench = Bench::edge(&configuration, Options::default()).await;
    let prometheus = Prometheus::scraping(&bench.envoy).await;
    let shown = prometheus.series("weir_requests_total").await;
    let count = |experiment: &str| shown.keys().filter(|labels| labels["experiment"] == experiment).count();
    assert_eq!(shown.len(), (2 * NAMED + 1) * CODES);
    for (experiment, series) in [(0, 2 * CODES), (NAMED - 1, 2 * CODES), (NAMED, 0), (EXPERIMENTS - 1, 0)] {
        assert_eq!(count(&name(experiment)), series, "{}", name(experiment));
    }
    assert_eq!(count("_other"), CODES);
    assert!(shown.keys().all(|labels| labels["reason"] == "assigned"), "more than stands from the start");

    let mut numbers = Numbers::default();
    let mut client = Client::new(bench.address, Protocol::Http1);
    for experiment in [0, NAMED - 1, NAMED, EXPERIMENTS - 1, EXPERIMENTS - 1] {
        let request = Request::get("/").header("x-want", name(experiment)).body(Bytes::new()).unwrap();
        let answer = client.send(request).await.unwrap();
        let state = answer.header("x-weir-decision").unwrap();
        assert!(state.ends_with(&format!("many={}/canary/rule", name(experiment))), "{state}");
        numbers.decided(&state);
        let (experiment, variant) =
            if experiment < NAMED { (name(experiment), "canary") } else { ("_other".to_owned(), "_other") };
        numbers.request(Outcome { layer: "many", experiment: &experiment, variant, reason: "rule" }, "2xx");
        numbers.took_time(&experiment, variant);
    }
    numbers.check(&prometheus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_of_other_reasons_appear_until_there_are_sixteen_thousand() {
    let configuration = string_configuration(&envelope("edge", &many()));
    let bench = Bench::edge(&configuration, Options::default()).await;
    let prometheus = Prometheus::scraping(&bench.envoy).await;
    let mut client = Client::new(bench.address, Protocol::Http1);
    let codes = ["200", "302", "404", "503"];
    for experiment in 0..NAMED {
        for code in codes {
            let request = Request::get("/").header("x-want", name(experiment)).header(ANSWER, code);
            client.send(request.body(Bytes::new()).unwrap()).await.unwrap();
        }
    }
    let sent = (NAMED * codes.len()) as f64;
    let by_rule = "sum(weir_requests_total{reason=\"rule\"})";
    until_shown(&prometheus, [by_rule], [&series([([], sent)])]).await;
    let shown = prometheus.series("weir_requests_total").await;
    let (other, own): (Vec<_>, Vec<_>) = shown
        .iter()
        .filter(|(labels, _)| labels["reason"] == "rule")
        .partition(|(labels, _)| labels["variant"] == "_other");
    // Some of the 16,000 are kept for what is counted together, so that there are never more.
    assert!((15_900..=16_000).contains(&shown.len()), "{}", shown.len());
    assert_eq!((other.len(), own.len()), (codes.len(), shown.len() - (2 * NAMED + 1) * CODES - codes.len()));
    assert!(own.iter().all(|(_, count)| **count == 1.0));
    assert_eq!(other.iter().map(|(_, count)| **count).sum::<f64>(), sent - own.len() as f64);
}

/// Each experiment has slots of its own, and a header that forces its canary.
fn many() -> Value {
    let experiment = |number: usize| {
        json!({
            "id": name(number), "slots": [[number * 900, (number + 1) * 900]],
            "rules": [{"when": {"header": {"name": "x-want", "exact": name(number)}}, "variant": "canary"}],
            "variants": [{"id": "canary", "share": "5%"}, {"id": "control", "share": "5%"}],
        })
    };
    let experiments: Vec<Value> = (0..EXPERIMENTS).map(experiment).collect();
    let layer = json!({"id": "many", "unit": "user", "experiments": experiments});
    json!({"version": 1, "units": {"user": [{"header": "x-user-id"}]}, "layers": [layer]})
}

fn name(experiment: usize) -> String {
    format!("experiment-{experiment:04}")
}
