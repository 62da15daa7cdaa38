//! Thousands of users land exactly where the engine says, one by one: equal, not close.

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::support::{
    Bench, Options, Predictor, Shown, envelope, policy, send_all, string_configuration, struct_configuration,
};

const USERS: usize = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_users_land_as_the_engine_says() {
    let envelope = edge(0);
    let bench = Bench::edge(&string_configuration(&envelope), Options::default()).await;
    let answers = send_all(bench.address, 8, USERS, request).await;

    let predictor = Predictor::new(&envelope);
    let mut canaries = 0;
    for (user, answer) in answers.iter().enumerate() {
        let (seen, expected) = (Shown::by(answer, &request(user)), predictor.shown(&request(user)));
        assert_eq!(seen, expected, "user {user}");
        let canary = expected.state.unwrap_or_default().contains("checkout=owl-v21/canary/");
        canaries += usize::from(canary);
        assert_eq!(answer.echo().upstream, if canary { "canary" } else { "stable" }, "user {user}");
    }
    // The comparison above would hold for nobody as well: 5 % by share, one by rule and one by name.
    assert!((400..600).contains(&canaries), "{canaries} canaries of {USERS}");

    // Nor does it hold by the revision alone: the same name on another deal, and every tenth user is elsewhere.
    let other = Predictor::new(&edge(1));
    let differ = (0..USERS).filter(|user| Shown::by(&answers[*user], &request(*user)) != other.shown(&request(*user)));
    assert!(differ.count() > USERS / 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_as_a_struct_decides_the_same() {
    let envelope = envelope("edge", &policy("5%"));
    let bench = Bench::edge(&struct_configuration(&envelope), Options::default()).await;
    let predictor = Predictor::new(&envelope);
    for (user, answer) in send_all(bench.address, 4, 500, request).await.iter().enumerate() {
        assert_eq!(Shown::by(answer, &request(user)), predictor.shown(&request(user)), "user {user}");
    }
}

fn request(user: usize) -> Request<Bytes> {
    let location = if user == 17 { "shenzhen" } else { "elsewhere" };
    let request = Request::get(format!("/checkout?n={user}"));
    request.header("x-user-id", format!("user-{user}")).header("location", location).body(Bytes::new()).unwrap()
}

/// Dealt by this epoch, under a revision that does not tell.
fn edge(epoch: u32) -> Value {
    let mut policy = policy("5%");
    for layer in policy["layers"].as_array_mut().unwrap() {
        layer["epoch"] = json!(epoch);
    }
    let mut envelope = envelope("edge", &policy);
    envelope["revision"] = json!("0123456789ab");
    envelope
}
