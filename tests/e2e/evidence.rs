//! The evidence that releases are judged by, as Envoy's admin interface and a real Prometheus have it: equal to the requests
//! that were dealt a variant on the line of a pool, to the request.

use bytes::Bytes;
use hyper::Request;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::metrics::GRPC;
use crate::support::{
    ANSWER, Bench, Client, Options, Predictor, Prometheus, Protocol, Pushed, Workers, checkout, envelope,
    string_configuration, text, wasm,
};

mod expected;
mod size;
mod slow;
mod swaps;

use expected::{Expected, StandingClock, policy};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_was_dealt_on_a_line_of_a_pool_is_counted() {
    let mut clock = StandingClock::new();
    let bench = edge(&clock).await;
    let prometheus = Prometheus::scraping(&bench.envoy).await;
    let mut expected = Expected::default();
    let mut workers = Workers::of(&bench).await;
    let statuses = ["200", "204", "302", "404", "500", "503"];
    for user in 0..1_000 {
        let mut request = checkout(user);
        let status = statuses[user % statuses.len()];
        request.headers_mut().insert(ANSWER, status.parse().unwrap());
        let outcomes = if status.starts_with('5') { "all error" } else { "all" };
        match user % 7 {
            0 => {
                request.headers_mut().insert("location", "shenzhen".parse().unwrap());
                expected.blue(user, outcomes);
            }
            1 => {
                *request.uri_mut() = "/elsewhere".parse().unwrap();
                expected.owl(user, outcomes);
            }
            2 => {
                *request.method_mut() = hyper::Method::OPTIONS;
                request.headers_mut().insert("access-control-request-method", "PUT".parse().unwrap());
            }
            _ if user == 18 => expected.blue(user, outcomes),
            _ => expected.dealt(user, outcomes),
        }
        let worker = user % workers.clients.len();
        let answer = workers.clients[worker].send(request).await.unwrap();
        assert_eq!(answer.status.to_string(), status);
    }
    // Some that are slow, for the queries below.
    let held = slow::Held::start(&bench, "200").await;
    clock.advance(300_000);
    held.end(&bench).await;
    slow::USERS.for_each(|user| expected.dealt(user, "all over_250"));
    assert_eq!(expected.counters("all"), 4 * 16, "not every part of every variant");
    assert!(expected.counters("error") > 40);
    expected.check(&bench.envoy, &prometheus, false).await;

    let page = text("docs/filter.md");
    let blocks = page.split("```promql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let queries = blocks.flat_map(|block| block.trim().split("\n\n"));
    let queries: Vec<&str> = queries.filter(|query| query.contains("weir_assigned_total")).collect();
    assert!(queries.len() >= 3, "{queries:#?}");
    for query in queries {
        assert!(!prometheus.series(query).await.is_empty(), "nothing: {query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grpc_call_is_an_error_by_its_own_status() {
    let clock = StandingClock::new();
    let bench = edge(&clock).await;
    let mut client = Client::new(bench.address, Protocol::Http2);
    let mut expected = Expected::default();
    for (user, (status, code)) in GRPC.iter().enumerate() {
        for how in ["", " at once"] {
            let request = Request::post("/checkout").header("x-user-id", format!("user-{user}"));
            let request = request.header(ANSWER, format!("{status}{how}"));
            let request = request.header("content-type", "application/grpc").header("te", "trailers");
            let answer = client.send(request.body(Bytes::from_static(&[0, 0, 0, 0, 0])).unwrap()).await.unwrap();
            assert_eq!(answer.status, 200);
            let outcomes = if *code == "5xx" { "all error" } else { "all" };
            if user == 18 { expected.blue(user, outcomes) } else { expected.dealt(user, outcomes) }
        }
    }
    assert!(expected.counters("error") >= 5);
    expected.check_admin(&bench.envoy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_a_response_is_counted_as_none() {
    let clock = StandingClock::new();
    let bench = edge(&clock).await;
    let mut expected = Expected::default();
    let mut under_way = Vec::new();
    for user in 0..18 {
        expected.dealt(user, "all none");
        let head =
            format!("GET /checkout HTTP/1.1\r\nhost: shop.test\r\nx-user-id: user-{user}\r\nx-answer: never\r\n\r\n");
        let mut stream = TcpStream::connect(bench.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        under_way.push(stream);
    }
    bench.envoy.until_stat("http.edge.downstream_rq_active", under_way.len() as u64).await;
    drop(under_way);
    bench.envoy.until_stat("http.edge.downstream_rq_active", 0).await;
    expected.check_admin(&bench.envoy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hop_and_the_way_in_count_no_evidence() {
    for role in ["mesh", "inbound"] {
        let configuration = string_configuration(&envelope(role, &policy("50%")));
        let bench = Bench::mesh(&configuration, Options::default()).await;
        let mut client = Client::new(bench.address, Protocol::Http1);
        for user in 0..10 {
            let mut request = checkout(user);
            request.headers_mut().insert("x-env-tag", "owl-v21,blue.a".parse().unwrap());
            client.send(request).await.unwrap();
        }
        if role == "mesh" {
            let shown =
                "wasmcustom.experiment=.=owl-v21;.;variant=.=canary;.;reason=.=tag;.;code=.=2xx;.;weir_requests_total";
            bench.envoy.until_stat(shown, 10).await;
        }
        Expected::default().check_admin(&bench.envoy).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_switched_off_adds_nothing_and_keeps_what_it_has() {
    let mut policy = policy("50%");
    let clock = StandingClock::new();
    let runner = clock.runner();
    let options = Options { runner: &runner, ..Options::default() };
    let pushed = Pushed::with(&envelope("edge", &policy), &wasm(), options).await;
    let mut expected = Expected::default();
    let mut workers = Workers::of(&pushed.bench).await;
    for switch in ["", "/layers/1/experiments/0/enabled", "/layers/1/enabled", "/enabled"] {
        if let Some((parent, _)) = switch.rsplit_once('/') {
            policy.pointer_mut(parent).unwrap()["enabled"] = json!(false);
            pushed.push(&envelope("edge", &policy), &wasm());
            let predictor = Predictor::new(&envelope("edge", &policy));
            workers.until_decided_by(&predictor).await;
        }
        for user in 20..60 {
            for client in &mut workers.clients {
                client.send(checkout(user)).await.unwrap();
                match switch {
                    "" => expected.dealt(user, "all"),
                    "/enabled" => {}
                    _ => expected.blue(user, "all"),
                }
            }
        }
        expected.check_admin(&pushed.bench.envoy).await;
    }
}

/// An edge of that policy by this clock.
async fn edge(clock: &StandingClock) -> Bench {
    let runner = clock.runner();
    let options = Options { runner: &runner, ..Options::default() };
    Bench::edge(&string_configuration(&envelope("edge", &policy("50%"))), options).await
}
