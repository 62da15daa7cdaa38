//! Weights that somebody else wrote into a route: by the sticky header Envoy deals each user the same side every time.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};
use weir_engine::slot::{Salt, Use};

use crate::support::{Ads, Served, attachment, eventually, replaced, send_all};

const SOON: Duration = Duration::from_secs(20);
const USERS: usize = 200;
/// What a VirtualService might say: of 100 requests 30 to the new version.
const WEIGHTS: &str = "route:
        timeout: 0s
        weighted_clusters:
          header_name: x-weir-weight
          clusters:
          - {name: outbound|80|v21|owl.shop.svc.cluster.local, weight: 30}
          - {name: outbound|80||owl.shop.svc.cluster.local, weight: 70}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weights_of_others_keep_a_user_where_its_slot_says() {
    let policy = json!({"version": 1, "units": {"user": [{"header": "x-user-id"}]}});
    let served = Served::attached(&weighing(), &policy, Ads::Delta).await;
    let routes = served.resource("routes.yaml");
    let (stable, weights) = ("route: {cluster: outbound|80||owl.shop.svc.cluster.local, timeout: 0s}\n", WEIGHTS);
    served.write_resource("routes.yaml", &replaced(&routes, stable, weights));
    let line = Salt::new(Use::Weight, "reviews", 0);
    let side = |user: usize| match line.slot(format!("user-{user}").as_bytes()) % 100 {
        0..30 => "canary",
        _ => "stable",
    };
    let expected: Vec<&str> = (0..USERS).map(side).collect();
    // Forged, a weight is as good as none: nobody chooses a side.
    eventually(SOON, "the weights are in force on each worker", async || {
        let answers = send_all(served.bench.address, 8, USERS, request).await;
        let seen: Vec<String> = answers.iter().map(|answer| answer.echo().upstream).collect();
        (seen == expected).then_some(()).ok_or_else(|| format!("{seen:?}"))
    })
    .await;
    assert!(expected.contains(&"canary") && expected.contains(&"stable"));
}

fn request(user: usize) -> Request<Bytes> {
    let request = Request::get("/").header("x-user-id", format!("user-{user}"));
    request.header("x-weir-weight", "0").body(Bytes::new()).unwrap()
}

/// The attachment of all scenes, with a sticky header.
fn weighing() -> Value {
    let mut attachment = attachment();
    attachment["sticky"] = json!([{"id": "reviews", "unit": "user", "header": "x-weir-weight"}]);
    attachment
}
