//! What is known of a release before it begins: by what a Prometheus and an Envoy have counted, and by the state of a server.

use std::fs;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use super::shop::{DEFAULT, OWL, Shop, policy, release};
use super::traffic::{Met, Traffic};
use super::version::Fault;
use crate::support::{Prometheus, weir};

/// One that may come after.
const NEXT: &str = "owl-v22";
/// What clients and an Envoy count within some seconds differs by what is under way; parts of some hundred by luck.
const NEARLY: f64 = 0.25;

/// Runs the command; what it printed.
fn run(words: &[&str]) -> String {
    let output = Command::new(weir()).args(words).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    // A guardrail that can never fire with so few requests is a problem, and no wrong use.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{words:?}: {text}");
    text
}

fn rate<'a>(plan: &'a Value, of: &str) -> &'a Value {
    let found = plan["rates"].as_array().unwrap().iter().find(|rate| rate["of"] == of);
    found.unwrap_or_else(|| panic!("{of}: {plan}"))
}

#[track_caller]
fn nearly(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < NEARLY, "{found} instead of {expected}");
}

pub async fn what_is_measured_of_a_release_that_went_bad_is_what_was_sent_and_judged() {
    let shop = Shop::open().await;
    let gateway = shop.gateway("edge-1").await;
    let prometheus = Prometheus::scraping(&gateway.envoy).await;
    prometheus.series("up").await;
    let (from, begun) = (now(), Instant::now());
    let traffic = Traffic::start(&[gateway.address().await], 1_000, 100);
    // So sure that more than ten have failed by then: from there on parts tell how many requests count for one.
    let mut owl = release(OWL, "3s", &DEFAULT);
    owl["guardrails"] = json!([{"name": "errors", "errors": {"margin": "20%"}, "alpha": "0.001%"}]);
    shop.start(&owl).await;
    shop.until_step(OWL, 1).await;
    shop.new.set(Fault::Errors(50));
    shop.until("rolled_back", OWL).await;
    shop.ticks(2).await;

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("policy.json"), policy().to_string()).unwrap();
    fs::write(path("next.json"), release(NEXT, "3s", &DEFAULT).to_string()).unwrap();
    let plan = |more: &[&str]| -> Value {
        let words = ["plan", "--policy", &path("policy.json"), "--releases", &path("next.json"), "--json"];
        let text = run(&[&words, more].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let address = prometheus.address().to_string();
    prometheus.series("up").await;
    let (met, lasted) = (traffic.met(), begun.elapsed());
    let over = format!("{}s", lasted.as_secs());
    let measured = plan(&["--prometheus", &address, "--over", &over]);
    let bad = |met: &[Met]| met.iter().filter(|one| one.status.is_some_and(|status| status >= 500)).count();
    nearly(&rate(&measured, "requests")["value"], met.len() as f64 / lasted.as_secs_f64());
    nearly(&rate(&measured, "errors")["value"], bad(&met) as f64 / met.len() as f64);
    let from_text = rate(&measured, "requests")["from"].as_str().unwrap();
    assert!(from_text.starts_with("1 Envoy of edge at http://"), "{from_text}");
    assert_eq!(measured["requests_per_second"], rate(&measured, "requests")["value"], "{measured}");

    // The judge is asked again, over what was scraped of the same release.
    let state = shop.state().display().to_string();
    let to = now();
    let words =
        ["release", "backtest", OWL, "--state", &state, "--from-prometheus", &address, "--every", "1s", "--json"];
    let text = run(&[&words[..], &["--from", &from, "--to", &to]].concat());
    let looked: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let live = shop.lines("verdict", OWL).pop().unwrap();
    let by = json!({"guardrail": "errors", "arm": "canary"});
    assert!(looked["rolled_back"]["by"].as_array().is_some_and(|all| all.contains(&by)), "{text}\n{}", shop.told());
    let harm = live["verdict"]["reasons"].as_array().unwrap().iter().find(|reason| reason["code"] == "harm").unwrap();
    assert_eq!((&harm["guardrail"], &harm["arm"]), (&by["guardrail"], &by["arm"]), "{live}");

    // How many requests count for one is what the server has written down.
    let numbers = live["verdict"]["numbers"]["guardrails"].as_array().unwrap();
    let errors = numbers.iter().find(|one| one["name"] == "errors").unwrap();
    assert!(errors["bad"].as_f64().unwrap() >= 10.0, "{errors}");
    let known = plan(&["--state", &state, "--rate", "100/s", "--errors", "1%"]);
    let next = known["releases"].as_array().unwrap().iter().find(|release| release["id"] == NEXT).unwrap();
    let planned = &next["steps"][0]["guardrails"][0];
    let effect = (errors["design_effect"].as_f64().unwrap() * 100.0).round() / 100.0;
    assert_eq!((&planned["name"], &planned["finds"]["design_effect"]), (&json!("errors"), &json!(effect)), "{errors}");

    let met = traffic.stop().await;
    let total = gateway.envoy.stat("http.edge.downstream_rq_total").await.unwrap() as f64;
    let admin = gateway.envoy.admin_address().port().to_string();
    let age = || async {
        let server: Value = serde_json::from_str(&gateway.envoy.admin("/server_info").await).unwrap();
        let age = server["uptime_all_epochs"].as_str().unwrap().trim_end_matches('s').to_owned();
        age.parse::<f64>().unwrap()
    };
    let before = age().await;
    // 40/s are given, which stands before what is measured.
    let (measured, given) = (plan(&["--admin-port", &admin]), plan(&["--admin-port", &admin, "--rate", "40/s"]));
    let after = age().await;
    let per_second = rate(&measured, "requests")["value"].as_f64().unwrap();
    let all = per_second * before..=per_second * after;
    assert!(all.contains(&total) || (all.start() / total - 1.0).abs() < 0.01, "{all:?} {total}");
    let expected = format!("{} of ", bad(&met));
    let from_text = rate(&measured, "errors")["from"].as_str().unwrap();
    assert!(from_text.replace(',', "").starts_with(&expected), "{from_text}, not {expected}");
    assert_eq!((&given["requests_per_second"], &rate(&given, "requests")["from"]), (&json!(40.0), &json!("--rate")));
}

/// Now, as commands read it.
fn now() -> String {
    let output = Command::new("date").args(["-u", "+%FT%TZ"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
