//! The bench alone, without Weir: what the other tests lean on must itself be seen to work.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::Request;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Client, Envoy, Load, Options, Process, Protocol, Upstream, eventually, raw_http1, send_all, websocket,
};

const SOON: Duration = Duration::from_secs(10);

/// An Envoy without our filter, in front of one upstream.
struct Bench {
    envoy: Envoy,
    client: std::net::SocketAddr,
    _upstream: Upstream,
}

impl Bench {
    async fn start() -> Self {
        let upstream = Upstream::start("only").await;
        let envoy = Envoy::start(&PLAIN.replace("${PORT}", &upstream.port())).await;
        let client = envoy.listener("plain").await;
        Self { envoy, client, _upstream: upstream }
    }
}

fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_protocols_reach_the_upstream_and_the_access_log() {
    let bench = Bench::start().await;
    for (protocol, path) in [(Protocol::Http1, "/one?a=1"), (Protocol::Http2, "/two?b=2")] {
        let mut request = get(path);
        for value in ["first", "second"] {
            request.headers_mut().append("x-line", value.parse().unwrap());
        }
        let answer = Client::new(bench.client, protocol).send(request).await.unwrap();
        let echo = answer.echo();
        assert_eq!((answer.status, echo.upstream.as_str(), echo.path.as_str()), (200, "only", path));
        assert_eq!(echo.lines("x-line"), ["first", "second"], "{protocol:?}");
    }
    let paths = eventually(SOON, "two entries in the access log", async || {
        let entries = bench.envoy.access_log();
        let paths: Vec<String> = entries.iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect();
        (paths.len() == 2).then_some(paths.clone()).ok_or_else(|| format!("{paths:?}"))
    });
    assert_eq!(paths.await, ["/one?a=1", "/two?b=2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_requests_reach_the_upstream_unchanged() {
    let bench = Bench::start().await;
    let long = "v".repeat(60_000);
    let mut head =
        b"GET /odd HTTP/1.1\r\nhost: shop.test\r\ncookie: a=1\r\ncookie: b=2\r\nx-bytes: \xff\xfe\r\n".to_vec();
    head.extend(format!("x-long: {long}\r\n").bytes());
    let echo = raw_http1(bench.client, &head).await.unwrap().echo();
    assert_eq!(echo.lines("cookie"), ["a=1", "b=2"]);
    assert_eq!(echo.lines("x-long"), [long]);
    assert!(echo.headers.contains(&("x-bytes".to_owned(), vec![0xff, 0xfe])));

    let mut request = get("/many");
    for number in 0..1_000 {
        let name: hyper::header::HeaderName = format!("x-{number}").parse().unwrap();
        request.headers_mut().append(name, number.into());
    }
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let echo = Client::new(bench.client, protocol).send(request.clone()).await.unwrap().echo();
        assert_eq!((0..1_000).find(|number| echo.lines(&format!("x-{number}")) != [number.to_string()]), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_ends_with_its_status() {
    let bench = Bench::start().await;
    let request = Request::post("/shop.Owl/Fly").header("content-type", "application/grpc").header("te", "trailers");
    let request = request.body(Bytes::from_static(&[0, 0, 0, 0, 0])).unwrap();
    let answer = Client::new(bench.client, Protocol::Http2).send(request).await.unwrap();
    assert_eq!(answer.trailers, [("grpc-status".to_owned(), b"0".to_vec())]);
    assert_eq!((answer.echo().method.as_str(), answer.echo().path.as_str()), ("POST", "/shop.Owl/Fly"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_talks_both_ways() {
    let bench = Bench::start().await;
    let request = Request::get("/socket").header("x-mine", "yes").body(()).unwrap();
    let (mut socket, echo) = websocket(bench.client, request).await.unwrap();
    assert_eq!((echo.path.as_str(), echo.lines("x-mine")), ("/socket", vec!["yes".to_owned()]));
    socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hello"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_comes_back_in_order_and_is_counted_by_envoy() {
    let bench = Bench::start().await;
    let answers = send_all(bench.client, 8, 2_000, |number| get(&format!("/{number}"))).await;
    let out_of_place = answers.iter().enumerate().find(|(number, answer)| answer.echo().path != format!("/{number}"));
    assert!(out_of_place.is_none() && answers.len() == 2_000, "{out_of_place:?}");
    bench.envoy.until_stat("http.plain.downstream_rq_2xx", 2_000).await;

    let load = Load::start(bench.client, 4, |number| get(&format!("/{number}")));
    eventually(SOON, "the load goes on", async || {
        let count = bench.envoy.stat("http.plain.downstream_rq_2xx").await;
        (count > Some(2_200)).then_some(()).ok_or_else(|| format!("{count:?}"))
    })
    .await;
    let samples = load.stop().await;
    assert!(samples.iter().enumerate().all(|(number, sample)| sample.index == number && sample.outcome.is_ok()));
    assert!(samples.iter().all(|sample| sample.sent <= sample.done));
    bench.envoy.until_stat("http.plain.downstream_rq_2xx", 2_000 + samples.len() as u64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_outlives_its_connection() {
    let bench = Bench::start().await;
    let mut client = Client::new(bench.client, Protocol::Http1);
    for _ in 0..3 {
        let mut request = get("/");
        request.headers_mut().insert("connection", "close".parse().unwrap());
        assert_eq!(client.send(request).await.unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "no_such_field")]
async fn an_envoy_that_cannot_start_says_why() {
    Envoy::launch("{no_such_field: 1}", Options::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "last seen: 3 of 4")]
async fn waiting_for_what_never_comes_ends_with_what_was_seen() {
    eventually(Duration::from_millis(50), "four", async || Err::<(), _>("3 of 4".to_owned())).await;
}

const HOLD: &str = "WEIR_TEST_HOLDS_A_CHILD_IN";

/// Runs itself as another process, which starts a child as every test does, and kills that process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_ends_when_its_parent_does() {
    if let Ok(folder) = std::env::var(HOLD) {
        let child = Process::start("child", "/bin/sleep".as_ref(), &["600".to_owned()], folder.as_ref());
        println!("child {};", child.id());
        return std::future::pending().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let this = std::env::current_exe().unwrap();
    let set = format!("{HOLD}={}", folder.path().display());
    let words = [
        set.as_str(),
        this.to_str().unwrap(),
        "--nocapture",
        "--exact",
        "harness::a_process_ends_when_its_parent_does",
    ];
    let mut parent = Process::start("parent", "/usr/bin/env".as_ref(), &words.map(str::to_owned), folder.path());
    let child = eventually(SOON, "the child's id", async || {
        let said = parent.stdout();
        let id = said.split_once("child ").and_then(|(_, rest)| rest.split_once(';'));
        id.map(|(id, _)| id.to_owned()).ok_or(said)
    });
    // A process that has ended, waited for or not, has no command line any more. Until it has this one it has not yet asked
    // to be ended with its parent.
    let command = format!("/proc/{}/cmdline", child.await);
    let running = || std::fs::read_to_string(&command).is_ok_and(|text| text.starts_with("/bin/sleep"));
    eventually(SOON, "the child runs", async || running().then_some(()).ok_or_else(|| command.clone())).await;
    parent.kill();
    eventually(SOON, "the child is gone", async || (!running()).then_some(()).ok_or_else(|| command.clone())).await;
}

const PLAIN: &str = r#"
admin:
  address: {socket_address: {address: 127.0.0.1, port_value: 0}}
static_resources:
  listeners:
  - name: plain
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: plain
          max_request_headers_kb: 96
          common_http_protocol_options: {max_headers_count: 2000}
          upgrade_configs: [{upgrade_type: websocket}]
          access_log:
          - name: file
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: access.log
              log_format: {json_format: {path: "%REQ(:PATH)%"}}
          route_config:
            virtual_hosts:
            - {name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: upstream, timeout: 0s}}]}
          http_filters:
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: upstream
    type: STATIC
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        use_downstream_protocol_config: {http_protocol_options: {}, http2_protocol_options: {}}
    load_assignment:
      cluster_name: upstream
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${PORT}}}}
"#;
