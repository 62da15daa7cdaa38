//! Thousands of users land exactly where the engine says, one by one: equal, not close.

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::support::{Bench, Options, Predictor, SERVICE, Shown, send_all, string_configuration, struct_configuration};

const USERS: usize = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_users_land_as_the_engine_says() {
    let envelope = envelope();
    let bench = Bench::edge(&string_configuration(&envelope), Options::default()).await;
    let answers = send_all(bench.address, 8, USERS, request).await;

    let predictor = Predictor::new(&envelope);
    let mut canaries = 0;
    for (user, answer) in answers.iter().enumerate() {
        let (seen, expected) = (Shown::by(answer), predictor.at_edge(&request(user)));
        assert_eq!(seen, expected, "user {user}");
        let canary = expected.state.unwrap_or_default().contains("checkout=owl-v21/canary/");
        canaries += usize::from(canary);
        assert_eq!(answer.echo().upstream, if canary { "canary" } else { "stable" }, "user {user}");
    }
    // The comparison above would hold for nobody as well: 5 % by share, one by rule and one by name.
    assert!((400..600).contains(&canaries), "{canaries} canaries of {USERS}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_as_a_struct_decides_the_same() {
    let envelope = envelope();
    let bench = Bench::edge(&struct_configuration(&envelope), Options::default()).await;
    let predictor = Predictor::new(&envelope);
    for (user, answer) in send_all(bench.address, 4, 500, request).await.iter().enumerate() {
        assert_eq!(Shown::by(answer), predictor.at_edge(&request(user)), "user {user}");
    }
}

fn request(user: usize) -> Request<Bytes> {
    let location = if user == 17 { "shenzhen" } else { "elsewhere" };
    let request = Request::get(format!("/checkout?n={user}"));
    request.header("x-user-id", format!("user-{user}")).header("location", location).body(Bytes::new()).unwrap()
}

fn envelope() -> Value {
    let canary = json!({"id": "canary", "share": "5%", "env_tag": "owl-v21", "routes": {SERVICE: "v21"}});
    json!({"weir": 1, "name": "shop", "role": "edge", "trace": "all", "policy": {
        "version": 1,
        "units": {"user": [{"header": "x-user-id"}]},
        "layers": [
            {"id": "checkout", "unit": "user", "experiments": [{
                "id": "owl-v21", "slots": "all",
                "overrides": [{"units": ["user-18"], "variant": "canary"}],
                "rules": [{"when": {"header": {"name": "location", "exact": "shenzhen"}}, "variant": "canary"}],
                "variants": [canary, {"id": "control", "share": "5%"}],
            }]},
            {"id": "banner", "unit": "user", "experiments": [{
                "id": "blue", "kind": "test", "slots": [[0, 500_000]], "targeting": {"path": {"prefix": "/checkout"}},
                "variants": [{"id": "blue", "share": "50%"}, {"id": "control", "share": "50%"}],
            }]},
        ],
    }})
}
