//! Off means off: tags of what was switched off are gone at the edge and at the next hop, so that no route follows them.

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::support::{Bench, Client, Options, Predictor, Protocol, Shown, envelope, policy, string_configuration};

/// One of each layer, and one that no layer knows.
const TAGS: &str = "owl-v21,blue.control,other";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_is_off_stamps_nothing_and_removes_what_a_client_claims() {
    for (off, upstream, tags) in [
        (Switch::None, "canary", "owl-v21"),
        (Switch::Policy, "stable", ""),
        (Switch::Layer, "stable", ""),
        (Switch::Experiment, "stable", ""),
    ] {
        let envelope = envelope("edge", &off.applied());
        let bench = Bench::unguarded_edge(&string_configuration(&envelope), Options::default()).await;
        assert_eq!(send(&bench, &envelope).await, (upstream.to_owned(), tags.to_owned()), "{off:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hop_removes_the_tags_that_are_off_and_keeps_the_others() {
    for (off, upstream, tags) in [
        (Switch::None, "canary", TAGS),
        (Switch::Policy, "stable", "other"),
        (Switch::Layer, "stable", "blue.control,other"),
        (Switch::Experiment, "stable", "blue.control,other"),
    ] {
        let envelope = envelope("mesh", &off.applied());
        let bench = Bench::mesh(&string_configuration(&envelope), Options::default()).await;
        assert_eq!(send(&bench, &envelope).await, (upstream.to_owned(), tags.to_owned()), "{off:?}");
    }
}

#[derive(Debug, Clone, Copy)]
enum Switch {
    None,
    Policy,
    Layer,
    Experiment,
}

impl Switch {
    /// The policy with this much of it off.
    fn applied(self) -> Value {
        let mut policy = policy("5%");
        let off = match self {
            Switch::None => return policy,
            Switch::Policy => &mut policy,
            Switch::Layer => &mut policy["layers"][0],
            Switch::Experiment => &mut policy["layers"][0]["experiments"][0],
        };
        off["enabled"] = json!(false);
        policy
    }
}

/// The upstream that a request with all the tags met, and the tags that it saw.
async fn send(bench: &Bench, envelope: &Value) -> (String, String) {
    let request = Request::get("/").header("x-user-id", "user-18").header("x-env-tag", TAGS);
    let request = request.body(Bytes::new()).unwrap();
    let answer = Client::new(bench.address, Protocol::Http1).send(request.clone()).await.unwrap();
    let shown = Shown::by(&answer, &request);
    assert_eq!(shown, Predictor::new(envelope).shown(&request));
    (answer.echo().upstream, shown.tags())
}
