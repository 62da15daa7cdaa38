//! What `weir explain --json` prints for a request is what the filter did with it: slots, reasons and edits alike.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::Value;

use crate::support::{
    Bench, Client, Explainer, Options, Protocol, Shown, envelope, eventually, policy, string_configuration,
};

const USERS: usize = 10_000;
/// Some fifty of them, which nobody picked for being easy; each is a process.
const EVERY: usize = 197;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tool_says_what_the_filter_did() {
    let policy = policy("30%");
    let options = Options { wasm_log: "debug", ..Options::default() };
    let bench = Bench::edge(&string_configuration(&envelope("edge", &policy)), options).await;
    let mut client = Client::new(bench.address, Protocol::Http1);
    let users: Vec<usize> = (0..USERS).step_by(EVERY).chain([17, 18]).collect();
    let mut answers = Vec::new();
    for user in &users {
        answers.push(client.send(request(*user)).await.unwrap());
    }
    let done = eventually(Duration::from_secs(10), "a line of the log for each request", async || {
        let decisions = decisions(&bench.envoy.log());
        (decisions.len() == users.len()).then_some(decisions).ok_or_else(|| bench.envoy.log())
    });

    let tool = Explainer::new(&policy);
    for ((user, done), answer) in users.iter().zip(done.await).zip(&answers) {
        let words = [
            "--host=shop.test".to_owned(),
            format!("--path=/checkout?n={user}"),
            format!("--header=x-user-id: user-{user}"),
            format!("--header=location: {}", location(*user)),
        ];
        let said = tool.explain(&words.each_ref().map(String::as_str)).await.unwrap();
        // By parts, since a wrong policy shows in the revision before anything else is looked at.
        for part in ["layers", "edits", "set_cookies", "dropped", "role", "steer", "revision", "state"] {
            assert_eq!(said[part], done[part], "{part} of user {user}");
        }
        assert_eq!(said, done, "user {user}");
        let seen = Shown::by(answer, &request(*user));
        assert_eq!(seen.state.as_deref(), said["state"].as_str(), "user {user}");
        assert_eq!(seen.tags(), tags(&said), "user {user}");
    }
    assert!(answers.iter().any(|answer| answer.echo().upstream == "canary"));
    assert!(answers.iter().any(|answer| answer.echo().upstream == "stable"));
}

fn location(user: usize) -> &'static str {
    if user == 17 { "shenzhen" } else { "elsewhere" }
}

fn request(user: usize) -> Request<Bytes> {
    let request = Request::get(format!("/checkout?n={user}")).header("x-user-id", format!("user-{user}"));
    request.header("location", location(user)).body(Bytes::new()).unwrap()
}

/// The decisions that the filter logged, oldest first.
fn decisions(log: &str) -> Vec<Value> {
    let decision = |line: &str| Some(serde_json::from_str(line.split_once("weir: decision ")?.1).unwrap());
    log.lines().filter_map(decision).collect()
}

fn tags(said: &Value) -> String {
    let edit = said["edits"].as_array().unwrap().iter().find(|edit| edit["set"] == "x-env-tag");
    edit.map(|edit| edit["lines"][0].as_str().unwrap().to_owned()).unwrap_or_default()
}
