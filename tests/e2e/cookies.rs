//! What a browser is told: an id that the upstream sees at once and the next visit keeps, and nothing by a reply that is
//! Envoy's own.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::support::{
    Ads, Answer, Bench, Client, Options, Protocol, Served, envelope, eventually, replaced, string_configuration,
};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_visit_is_decided_as_the_next() {
    let bench = Bench::edge(&string_configuration(&envelope("edge", &policy())), Options::default()).await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut client = Client::new(bench.address, protocol);
        let first = client.send(get("/", &["theme=dark"])).await.unwrap();
        let told = told(&first);
        let [(device, rest), (tags, _)] = &told[..] else { panic!("{protocol:?}: {told:?}") };
        assert_eq!(rest, "Path=/; SameSite=Lax; Max-Age=3600; HttpOnly");
        assert_eq!(device.len(), "weir_id=".len() + 22, "{device}");
        assert!(tags.starts_with("tags=owl.") && first.header("x-weir-decision").is_some(), "{tags}");

        let next = client.send(get("/", &["theme=dark", device, tags])).await.unwrap();
        assert_eq!(self::told(&next), []);
        assert_eq!(next.header("x-weir-decision"), first.header("x-weir-decision"), "{protocol:?}");
        for visit in [&first, &next] {
            let crumbs = visit.echo().lines("cookie").join("; ");
            let ids: Vec<&str> = crumbs.split("; ").filter(|crumb| crumb.starts_with("weir_id=")).collect();
            assert_eq!(ids, [device], "{protocol:?}: {crumbs}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_of_envoys_own_sets_nothing() {
    let served = Served::start(&policy(), Ads::Delta).await;
    let routes = served.resource("routes.yaml");
    served.write_resource("routes.yaml", &replaced(&routes, "    routes:\n", OWN_REPLIES));
    let mut client = Client::new(served.bench.address, Protocol::Http1);
    eventually(SOON, "the routes are in force", async || {
        let status = client.send(get("/teapot", &[])).await?.status;
        (status == 418).then_some(()).ok_or_else(|| status.to_string())
    })
    .await;
    for (path, status) in [("/teapot", 418), ("/moved", 301), ("/nowhere", 503)] {
        let answer = client.send(get(path, &["tags=old"])).await.unwrap();
        assert_eq!((answer.status, told(&answer)), (status, Vec::new()), "{path}");
    }
    // What a service sets itself stays beside what we set.
    let answer = client.send(get("/own", &["tags=old"])).await.unwrap();
    let names = told(&answer).into_iter().map(|(crumb, _)| crumb.split('=').next().unwrap_or_default().to_owned());
    assert_eq!(names.collect::<Vec<_>>(), ["own", "weir_id", "tags"]);
}

const OWN_REPLIES: &str = "    routes:
    - {match: {prefix: /teapot}, direct_response: {status: 418}}
    - {match: {prefix: /moved}, redirect: {path_redirect: /}}
    - {match: {prefix: /nowhere}, route: {cluster: nowhere}}
    - match: {prefix: /own}
      route: {cluster: outbound|80||owl.shop.svc.cluster.local}
      response_headers_to_add: [{header: {key: set-cookie, value: own=1; Path=/}}]
";

/// Half of the devices meet the canary, and the page is told which.
fn policy() -> Value {
    let arms = [json!({"id": "canary", "share": "50%"}), json!({"id": "control", "share": "50%"})];
    json!({
        "version": 1,
        "units": {"device": [{"cookie": "weir_id", "issue": {"max_age_seconds": 3_600}}]},
        "env_tag": {"cookie": {"name": "tags", "max_age_seconds": 60}},
        "layers": [{"id": "a", "unit": "device", "experiments": [{"id": "owl", "slots": "all", "variants": arms}]}],
    })
}

fn get(path: &str, cookies: &[&str]) -> Request<Bytes> {
    // A browser of HTTP/2 sends each in a line of its own.
    let request = cookies.iter().fold(Request::get(path), |request, cookie| request.header("cookie", *cookie));
    request.body(Bytes::new()).unwrap()
}

/// The cookies that an answer sets, each with its attributes.
fn told(answer: &Answer) -> Vec<(String, String)> {
    let lines = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let split = |line: &[u8]| {
        let line = String::from_utf8_lossy(line).into_owned();
        line.split_once("; ").map(|(crumb, rest)| (crumb.to_owned(), rest.to_owned())).unwrap_or((line, String::new()))
    };
    lines.map(|(_, line)| split(line)).collect()
}
