//! A service that forwards only trace context: both sides of its Envoy, and the tags that get past it by the trace.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{
    ANSWER, Answer, Client, Envoy, Protocol, SERVICE, Upstream, eventually, fill, send_all, string_configuration, text,
    wasm,
};

const SOON: Duration = Duration::from_secs(20);
/// Requests that are alive at the same time: more than one in some of the slots.
const MANY: usize = 200;

/// The workload, whose service the test plays: what came in stays until the test lets it go.
struct Workload {
    envoy: Envoy,
    inbound: SocketAddr,
    outbound: SocketAddr,
    _upstreams: [Upstream; 3],
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_service_sends_follows_the_request_that_came_in() {
    let workload = Workload::start().await;
    let request = workload.comes_in(1, Some("owl-v21,other")).await;
    assert_eq!(workload.sent(1).await, ("canary".to_owned(), vec!["owl-v21,other".to_owned()]));
    assert_eq!(workload.sent(2).await, stable(), "another trace");
    let untraced = Client::new(workload.outbound, Protocol::Http1).send(get()).await.unwrap();
    assert_eq!(seen(&untraced), stable());

    request.abort();
    workload.until_sent(1, stable()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_requests_of_one_trace_that_disagree_make_the_hop_stable() {
    for other in [None, Some("owl-v22")] {
        let workload = Workload::start().await;
        let tagged = workload.comes_in(1, Some("owl-v21")).await;
        let same = workload.comes_in(1, Some("owl-v21")).await;
        same.abort();
        workload.until_alive(1).await;
        assert_eq!(workload.sent(1).await.0, "canary", "two that agreed, and one is over");

        let disagrees = workload.comes_in(1, other).await;
        assert_eq!(workload.sent(1).await, stable());
        workload.envoy.until_stat("wasmcustom.cause=.=join_conflict;.;weir_tags_dropped_total", 1).await;

        tagged.abort();
        disagrees.abort();
        workload.until_alive(0).await;
        let tagged = workload.comes_in(1, Some("owl-v21")).await;
        assert_eq!(workload.sent(1).await.0, "canary", "nothing is left of the conflict");
        tagged.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_on_two_workers_each_get_their_own() {
    let workload = Workload::start().await;
    let tag = |trace: usize| (!trace.is_multiple_of(3)).then(|| format!("owl-v21,user-{trace}"));
    let coming = (0..MANY).map(|trace| workload.begin(trace, tag(trace)));
    let requests: Vec<_> = coming.collect();
    workload.until_alive(MANY).await;

    let answers = send_all(workload.outbound, 16, MANY, traced).await;
    for (trace, answer) in answers.iter().enumerate() {
        let expected = tag(trace).map_or_else(stable, |tag| ("canary".to_owned(), vec![tag]));
        assert_eq!(seen(answer), expected, "trace {trace}");
    }
    requests.iter().for_each(JoinHandle::abort);
    workload.until_alive(0).await;
    for answer in send_all(workload.outbound, 16, MANY, traced).await {
        assert_eq!(seen(&answer), stable());
    }
}

impl Workload {
    /// `envoy/sidecar.yaml`.
    async fn start() -> Workload {
        let (stable, canary, app) =
            (Upstream::start("stable").await, Upstream::start("canary").await, Upstream::start("app").await);
        let (inbound, outbound) = (envelope("inbound", "shop-inbound"), envelope("mesh", "shop"));
        let bootstrap = fill(
            &text("envoy/sidecar.yaml"),
            &[
                ("ADMIN_PORT", "0"),
                ("LISTENER_PORT", "0"),
                ("INBOUND_PORT", "0"),
                ("APP_PORT", &app.port()),
                ("STABLE_PORT", &stable.port()),
                ("CANARY_PORT", &canary.port()),
                ("ACCESS_LOG", "access.log"),
                ("ATTACHMENT", "shop"),
                ("WASM", &wasm().display().to_string()),
                ("INBOUND", &inbound),
                ("CONFIGURATION", &outbound),
            ],
        );
        let mut envoy = Envoy::start(&bootstrap).await;
        envoy.until_ready().await;
        let (inbound, outbound) = (envoy.listener("inbound").await, envoy.listener("outbound").await);
        Workload { envoy, inbound, outbound, _upstreams: [stable, canary, app] }
    }

    /// A request that has reached the service, which keeps it.
    async fn comes_in(&self, trace: usize, tags: Option<&str>) -> JoinHandle<()> {
        let before = self.alive().await;
        let request = self.begin(trace, tags.map(str::to_owned));
        self.until_alive(before + 1).await;
        request
    }

    fn begin(&self, trace: usize, tags: Option<String>) -> JoinHandle<()> {
        let mut request = traced(trace);
        request.headers_mut().insert(ANSWER, "never".parse().unwrap());
        if let Some(tags) = tags {
            request.headers_mut().insert("x-env-tag", tags.parse().unwrap());
        }
        let mut client = Client::new(self.inbound, Protocol::Http2);
        tokio::spawn(async move {
            let answer = client.send(request).await;
            panic!("{answer:?} to a request that is kept");
        })
    }

    /// Requests that the service has not answered.
    async fn alive(&self) -> usize {
        usize::try_from(self.envoy.stat("cluster.app.upstream_rq_active").await.unwrap()).unwrap()
    }

    async fn until_alive(&self, count: usize) {
        eventually(SOON, &format!("{count} requests are with the service"), async || {
            let alive = self.alive().await;
            (alive == count).then_some(()).ok_or_else(|| alive.to_string())
        })
        .await;
    }

    /// Where a request goes that the service sends within the trace, and the tags that it has then.
    async fn sent(&self, trace: usize) -> (String, Vec<String>) {
        seen(&Client::new(self.outbound, Protocol::Http1).send(traced(trace)).await.unwrap())
    }

    async fn until_sent(&self, trace: usize, expected: (String, Vec<String>)) {
        eventually(SOON, "what was left is gone", async || {
            let sent = self.sent(trace).await;
            (sent == expected).then_some(()).ok_or_else(|| format!("{sent:?}"))
        })
        .await;
    }
}

fn get() -> Request<Bytes> {
    Request::get("/").body(Bytes::new()).unwrap()
}

/// As an application sends it that has its own span.
fn traced(trace: usize) -> Request<Bytes> {
    let parent = format!("00-{:032x}-00f067aa0ba902b7-01", trace + 1);
    Request::get("/").header("traceparent", parent).body(Bytes::new()).unwrap()
}

fn seen(answer: &Answer) -> (String, Vec<String>) {
    let echo = answer.echo();
    let tags = echo.lines("x-env-tag");
    (echo.upstream, tags)
}

fn stable() -> (String, Vec<String>) {
    ("stable".to_owned(), Vec::new())
}

fn envelope(role: &str, name: &str) -> String {
    let canary = json!({"id": "canary", "env_tag": "owl-v21", "routes": {SERVICE: "v21"}});
    let policy: Value = match role {
        "mesh" => json!({"version": 1, "layers": [{"id": "a", "experiments": [{"id": "owl", "variants": [canary]}]}]}),
        _ => json!({"version": 1}),
    };
    string_configuration(&json!({"weir": 1, "name": name, "role": role, "join": "traceparent", "policy": policy}))
}
