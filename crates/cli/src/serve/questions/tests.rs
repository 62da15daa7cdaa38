//! What is asked of a Prometheus, when, and what comes of its answers.

use weir_policy::Source;
use weir_release::{Answer, read_alone};
use weir_remote::{Address, Client};

use super::*;

fn release(guardrails: &str) -> Release {
    let text = format!(
        "{{release: 1, id: owl-v21, kind: release, unit: user, services: {{owl.shop.svc.cluster.local: v21}}, \
         guardrails: [{guardrails}]}}"
    );
    read_alone(Source::yaml("owl.yaml", text)).unwrap()
}

const ERRORS: &str = "{name: errors, errors: {margin: 20%}}";
const MEMORY: &str = "{name: memory, value: {query: 'max(memory) / max(limit)', above: 5, for: 3m}}";

/// At a port where nobody is.
fn nobody() -> Prometheus {
    Prometheus::new(Client::new(Address::prometheus("http://127.0.0.1:1").unwrap(), None, None))
}

fn codes(troubles: Option<Vec<Trouble>>) -> Option<Vec<String>> {
    troubles.map(|troubles| troubles.into_iter().map(|trouble| trouble.code).collect())
}

#[tokio::test]
async fn who_asks_needs_a_prometheus_and_others_do_not() {
    let questions = Questions::new(None, Log::Text);
    assert_eq!(questions.troubles(&release(ERRORS)), Some(Vec::new()));
    let text = "guardrail memory asks a Prometheus; start the server with --prometheus";
    assert_eq!(questions.troubles(&release(MEMORY)), Some(vec![Trouble::new("no_prometheus", text)]));
    let release = release(MEMORY);
    let answer = Answer::Unreachable("no --prometheus is given".to_owned());
    assert_eq!(questions.ask(&[release]).await.answer("owl-v21", "memory"), Some(&answer));
}

#[tokio::test]
async fn what_nobody_can_look_up_is_said_once_and_asked_for_again() {
    let questions = Questions::new(Some(nobody()), Log::Text);
    let release = release(MEMORY);
    assert_eq!(questions.troubles(&release), None, "nobody was asked yet");
    for _ in 0..2 {
        questions.ask(&[]).await;
        assert_eq!(codes(questions.troubles(&release)), Some(vec!["not_looked_up".to_owned()]));
    }
    assert_eq!(questions.asked().told.len(), 1);
    questions.found("limit", Found::Unknown);
    questions.found("memory", Found::Known);
    assert_eq!(codes(questions.troubles(&release)), Some(vec!["unknown_metric".to_owned()]));
    questions.found("limit", Found::Known);
    assert_eq!(questions.troubles(&release), Some(Vec::new()));
    // Nobody asks for it any more.
    questions.ask(&[]).await;
    questions.ask(&[]).await;
    assert!(questions.asked().metrics.is_empty());
}
