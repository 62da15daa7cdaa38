//! The filter's numbers as a real Prometheus has them from Envoy: equal to the requests sent, to the request.

use bytes::Bytes;
use hyper::Request;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{
    ANSWER, Bench, Client, Options, Predictor, Prometheus, Protocol, checkout, envelope, policy, series,
    string_configuration, text, websocket,
};

mod mesh;
pub mod numbers;
mod pushes;
mod series_limit;

use numbers::Numbers;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_is_counted_once_by_variant_and_code() {
    let scene = Scene::start().await;
    let mut numbers = Numbers::default();
    let mut workers = numbers.opened(&scene.bench, &scene.predictor).await;
    for user in 0..1_000 {
        let mut request = checkout(user);
        let status = ["200", "204", "302", "404", "500", "503"][user % 6];
        request.headers_mut().insert(ANSWER, status.parse().unwrap());
        let worker = user % workers.clients.len();
        let answer = numbers.send(&mut workers.clients[worker], request).await;
        assert_eq!(answer.status.to_string(), status);
    }
    for code in ["2xx", "3xx", "4xx", "5xx"] {
        assert!(numbers.total(code) > 100.0, "{} of {code}", numbers.total(code));
    }
    numbers.check(&scene.prometheus).await;
}

/// The class of the HTTP status that stands for each gRPC status, by google/rpc/code.proto; what is no status is UNKNOWN.
pub const GRPC: [(&str, &str); 19] = [
    ("0", "2xx"),
    ("1", "4xx"),
    ("2", "5xx"),
    ("3", "4xx"),
    ("4", "5xx"),
    ("5", "4xx"),
    ("6", "4xx"),
    ("7", "4xx"),
    ("8", "4xx"),
    ("9", "4xx"),
    ("10", "4xx"),
    ("11", "4xx"),
    ("12", "5xx"),
    ("13", "5xx"),
    ("14", "5xx"),
    ("15", "5xx"),
    ("16", "4xx"),
    ("17", "5xx"),
    ("fine", "5xx"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grpc_call_counts_by_its_own_status() {
    let scene = Scene::start().await;
    let mut client = Client::new(scene.bench.address, Protocol::Http2);
    let mut numbers = Numbers::default();
    for (user, (status, code)) in GRPC.iter().enumerate() {
        for how in [String::new(), " at once".to_owned()] {
            let request = Request::post("/checkout").header("x-user-id", format!("user-{user}"));
            let request = request.header("location", "shenzhen").header(ANSWER, format!("{status}{how}"));
            let request = request.header("content-type", "application/grpc").header("te", "trailers");
            let answer = client.send(request.body(Bytes::from_static(&[0, 0, 0, 0, 0])).unwrap()).await.unwrap();
            assert_eq!(answer.status, 200);
            let state = answer.header("x-weir-decision").unwrap();
            numbers.decided(&state);
            numbers.ended(&state, code);
        }
    }
    assert!(numbers.total("4xx") >= 20.0 && numbers.total("5xx") >= 16.0);
    numbers.check(&scene.prometheus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_a_response_has_the_code_0() {
    let scene = Scene::start().await;
    let mut numbers = Numbers::default();
    let mut under_way = Vec::new();
    for user in 0..20 {
        let mut request = checkout(user);
        request.headers_mut().insert(ANSWER, "never".parse().unwrap());
        let state = scene.predictor.shown(&request).state.unwrap();
        numbers.decided(&state);
        numbers.ended(&state, "0");
        let head =
            format!("GET /checkout HTTP/1.1\r\nhost: shop.test\r\nx-user-id: user-{user}\r\nx-answer: never\r\n\r\n");
        let mut stream = TcpStream::connect(scene.bench.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        under_way.push(stream);
    }
    scene.bench.envoy.until_stat("http.edge.downstream_rq_active", under_way.len() as u64).await;
    drop(under_way);
    scene.bench.envoy.until_stat("http.edge.downstream_rq_active", 0).await;
    assert!(numbers.total("0") > 5.0);
    numbers.check(&scene.prometheus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_counts_when_it_is_over_and_has_no_duration() {
    let scene = Scene::start().await;
    let mut numbers = Numbers::default();
    let mut workers = numbers.opened(&scene.bench, &scene.predictor).await;
    let (mut sockets, mut states) = (Vec::new(), Vec::new());
    for user in 0..10 {
        let request = Request::get("/checkout").header("x-user-id", format!("user-{user}")).body(()).unwrap();
        let state = scene.predictor.shown(&request).state.unwrap();
        states.push(state);
        sockets.push(websocket(scene.bench.address, request).await.unwrap());
    }
    // Each worker hands its counts over: what it had counted of open upgrades would be there with these.
    for client in &mut workers.clients {
        numbers.send(client, checkout(0)).await;
    }
    numbers.check(&scene.prometheus).await;

    drop(sockets);
    scene.bench.envoy.until_stat("http.edge.downstream_cx_upgrades_active", 0).await;
    for state in &states {
        numbers.decided(state);
        numbers::in_force(state).for_each(|outcome| numbers.request(outcome, "1xx"));
    }
    assert!(numbers.total("1xx") > 3.0);
    // Envoy shows durations late: once these are there, those of the upgrades would be too.
    for user in 0..10 {
        numbers.send(&mut workers.clients[0], checkout(user)).await;
    }
    numbers.check(&scene.prometheus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_usual_is_there_before_the_first_request() {
    let scene = Scene::start().await;
    let pairs = [("blue", "blue"), ("blue", "control"), ("owl-v21", "canary"), ("owl-v21", "control")];
    let codes = ["0", "1xx", "2xx", "3xx", "4xx", "5xx"];
    let requests = pairs.into_iter().flat_map(|(experiment, variant)| {
        let labels = [("experiment", experiment), ("variant", variant), ("reason", "assigned")];
        codes.map(|code| ([labels[0], labels[1], labels[2], ("code", code)], 0.0))
    });
    assert_eq!(scene.prometheus.series("weir_requests_total").await, series(requests));
    let reasons = ["banner", "checkout"].into_iter().flat_map(|layer| {
        weir_engine::Reason::ALL.iter().map(move |reason| ([("layer", layer), ("reason", reason.name())], 0.0))
    });
    assert_eq!(scene.prometheus.series("weir_decisions_total").await, series(reasons));
    let timed = pairs.map(|(experiment, variant)| ([("experiment", experiment), ("variant", variant)], 0.0));
    assert_eq!(scene.prometheus.series("weir_request_duration_milliseconds_count").await, series(timed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arms_are_told_from_those_who_were_forced_into_them() {
    let scene = Scene::start().await;
    let mut numbers = Numbers::default();
    let mut workers = numbers.opened(&scene.bench, &scene.predictor).await;
    // A list has user-18 in the canary; the rule comes behind it, before the shares.
    for (user, location) in [(18, ""), (18, "shenzhen"), (7, "shenzhen"), (8, ""), (9, ""), (10, "")] {
        let mut request = checkout(user);
        request.headers_mut().insert("location", location.parse().unwrap());
        for client in &mut workers.clients {
            numbers.send(client, request.clone()).await;
        }
    }
    numbers.check(&scene.prometheus).await;
    let canary = "sum by (reason) (weir_requests_total{variant=\"canary\", reason!=\"assigned\"})";
    let each = workers.clients.len() as f64;
    let forced = series([([("reason", "override")], 2.0 * each), ([("reason", "rule")], each)]);
    assert_eq!(scene.prometheus.series(canary).await, forced);

    let page = text("docs/filter.md");
    let blocks = page.split("```promql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let queries = blocks.flat_map(|block| block.trim().split("\n\n"));
    // Nothing here is dealt on the line of a pool.
    let queries: Vec<&str> = queries.filter(|query| !query.contains("weir_assigned_total")).collect();
    assert!(queries.len() >= 4, "{queries:#?}");
    for query in queries {
        assert!(!scene.prometheus.series(query).await.is_empty(), "nothing: {query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gauges_tell_revision_and_offer_by_attachment() {
    let scene = Scene::start().await;
    let revision = scene.predictor.revision_number() as f64;
    let gauges = [
        ("weir_policy_revision", revision),
        ("weir_policy_rejected", 0.0),
        ("weir_policy_rejected_revision", 0.0),
        // The envelope that a person wrote has none.
        ("weir_offer", 0.0),
    ];
    for (gauge, value) in gauges {
        assert_eq!(scene.prometheus.series(gauge).await, series([([("attachment", "shop")], value)]), "{gauge}");
    }
    // As docs/filter.md says to read them.
    assert_eq!(format!("{:012x}", scene.predictor.revision_number()), scene.predictor.revision());
}

/// An edge where half of the users meet the canary, and the Prometheus that scrapes it.
struct Scene {
    bench: Bench,
    prometheus: Prometheus,
    predictor: Predictor,
}

impl Scene {
    async fn start() -> Self {
        let envelope = envelope("edge", &policy("50%"));
        let bench = Bench::edge(&string_configuration(&envelope), Options::default()).await;
        let prometheus = Prometheus::scraping(&bench.envoy).await;
        Self { bench, prometheus, predictor: Predictor::new(&envelope) }
    }
}
