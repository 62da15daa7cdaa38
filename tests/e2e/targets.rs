//! What a request asks for, written byte by byte to a real Envoy and given to `weir explain`: both take it for the same host and
//! path, or both refuse it.

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::support::{Bench, Client, Explainer, Options, Protocol, envelope, raw_http1, string_configuration};

/// The request line's target, and the host and path that it asks for; `None` where Envoy refuses it.
const TARGETS: &[(&str, Option<(&str, &str)>)] = &[
    ("/a?b=c", Some(("given.test", "/a?b=c"))),
    ("//host/b", Some(("given.test", "//host/b"))),
    // The upstream of the test takes no < > and `, which Envoy does.
    ("/c\"\\^{|}%zz", Some(("given.test", "/c\"\\^{|}%zz"))),
    ("http://Shop.test:8080/checkout?step=2", Some(("Shop.test:8080", "/checkout?step=2"))),
    ("http://bare.test", Some(("bare.test", "/"))),
    ("HTTP://case.test/", Some(("case.test", "/"))),
    ("http://ada:secret@user.test/x@y", Some(("user.test", "/x@y"))),
    ("http://@nobody.test/", Some(("nobody.test", "/"))),
    ("http://[::1]:80/d", Some(("[::1]:80", "/d"))),
    ("http://port.test:65535/", Some(("port.test:65535", "/"))),
    ("http://query.test/?", Some(("query.test", "/?"))),
    ("http://twice.test//e", Some(("twice.test", "//e"))),
    ("", None),
    ("*", None),
    ("checkout", None),
    ("?b=c", None),
    ("/a#b", None),
    ("/a b", None),
    ("/a\u{1}", None),
    ("/a\u{7f}", None),
    ("http://a.test?b=c", None),
    ("http://a.test#b", None),
    ("http://a.test/#b", None),
    ("http://", None),
    ("http:///a", None),
    ("http://:80/a", None),
    ("http://u@/a", None),
    ("http://b@c@a.test/", None),
    ("http://a_b.test/", None),
    ("http://a%2fb.test/", None),
    ("http://a.test:/", None),
    ("http://a.test:port/", None),
    ("http://a.test:65536/", None),
    ("http://[::1/", None),
    ("http://[]/", None),
    ("http://[::zz]/", None),
    ("http://[1:2]/", None),
    ("http://[::1%25eth0]/", None),
    ("ftp://a.test/", None),
    ("ws://a.test/", None),
    ("http:/a.test/", None),
    ("a.test:80", None),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_is_read_as_envoy_reads_it() {
    let policy = policy();
    let bench = Bench::edge(&string_configuration(&envelope("edge", &policy)), Options::default()).await;
    let tool = Explainer::new(&policy);
    for (target, taken) in TARGETS {
        let head = format!("GET {target} HTTP/1.1\r\nhost: given.test\r\n");
        let answer = raw_http1(bench.address, head.as_bytes()).await.unwrap();
        let said = tool.explain(&[&format!("--path={target}"), "--header=host: given.test"]).await;
        let Some((host, path)) = taken else {
            assert!((400..500).contains(&answer.status), "{target}: {}", answer.status);
            assert_eq!(said, Err(2), "{target}");
            continue;
        };
        let echo = answer.echo();
        assert_eq!((echo.path.as_str(), echo.lines("host")), (*path, vec![(*host).to_owned()]), "{target}");
        let said = said.unwrap_or_else(|code| panic!("{target}: exit code {code}"));
        assert_eq!(answer.header("x-weir-decision").as_deref(), said["state"].as_str(), "{target}");
        let variant = said["layers"][0]["variant"].as_str().unwrap();
        assert_eq!(variant, variant_of(target), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_host_is_the_host_and_pseudo_headers_are_none() {
    let policy = policy();
    let bench = Bench::edge(&string_configuration(&envelope("edge", &policy)), Options::default()).await;
    let tool = Explainer::new(&policy);
    for (lines, taken) in [
        ("host: bare.test\r\n", true),
        ("Host: BARE.test:80\r\n", true),
        ("host: bare.test\r\nhost: given.test\r\n", true),
        ("host: a/b\r\n", false),
        ("host: a b\r\n", false),
        ("host: bare.test\r\n:path: /x\r\n", false),
        ("host: bare.test\r\na b: c\r\n", false),
        ("host: bare.test\r\na: b\u{1}c\r\n", false),
        // Of HTTP/1.1 alone.
        ("host:\r\n", true),
        ("host:\r\nhost: bare.test\r\n", true),
        ("host: ada@bare.test\r\n", true),
    ] {
        bench_and_tool_agree(&bench, &tool, "GET / HTTP/1.1", lines, taken).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_of_one_hop_are_gone_before_the_filter_or_refused() {
    let policy = policy();
    let bench = Bench::edge(&string_configuration(&envelope("edge", &policy)), Options::default()).await;
    let tool = Explainer::new(&policy);
    let with_te = |bytes: usize| format!("te: {}\r\nconnection: te\r\n", "t".repeat(bytes));
    for (lines, taken) in [
        ("x-user-id: ada\r\n", true),
        ("x-user-id: ada\r\nconnection: x-user-id\r\n", true),
        ("x-user-id: ada\r\nx-user-id: eve\r\nconnection: a, X-USER-ID ,b\r\n", true),
        ("x-user-id: ada\r\nconnection: keep-alive\r\nconnection: x-user-id\r\n", true),
        ("cookie: hop=1\r\n", true),
        ("cookie: hop=1\r\nconnection: cookie\r\n", true),
        ("keep-alive: 5\r\nconnection: keep-alive\r\n", true),
        ("keep-alive: 5\r\n", true),
        ("proxy-connection: close\r\n", true),
        ("te: trailers\r\n", true),
        ("te: gzip, trailers\r\n", true),
        ("te: gzip\r\nte: trailers\r\n", true),
        ("te: Trailers\r\n", true),
        ("te: Trailers\r\nconnection: te\r\n", true),
        ("te: gzip\r\n", true),
        ("te: gzip, trailers\r\nconnection: te\r\n", true),
        (&with_te(255), true),
        (&with_te(256), false),
        ("upgrade: websocket\r\nx-user-id: ada\r\nconnection: x-user-id\r\n", true),
        ("upgrade: h2c\r\nx-user-id: ada\r\nconnection: upgrade, x-user-id\r\n", true),
        ("x-user-id: ada\r\nconnection: upgrade, x-user-id\r\n", true),
        ("connection: connection, http2-settings\r\nhttp2-settings: a\r\n", true),
        ("connection: 1,,2,,3,,4,,5,,6,,7,,8\r\n", true),
        ("connection: 1,2,3,4,5,6,7,8,9\r\n", false),
        ("connection: 1, , , , , , , ,2\r\n", false),
        ("connection: x-forwarded-for\r\n", false),
        ("connection: a, X-Forwarded-Host\r\n", false),
        ("connection: x-forwarded-proto\r\n", false),
        ("connection: :path\r\n", false),
        ("connection: host\r\n", false),
        ("content-length: 0\r\n", true),
        ("content-length: 00\r\n", true),
        ("content-length: 0\r\nconnection: content-length\r\n", true),
        ("content-length: abc\r\n", false),
        ("content-length:\r\n", false),
        ("content-length: +0\r\n", false),
        ("content-length: 0,0\r\n", false),
        ("content-length: 0\r\ncontent-length: 0\r\n", false),
        ("content-length: 18446744073709551616\r\n", false),
        ("transfer-encoding: foo\r\n", false),
        ("transfer-encoding: identity\r\n", false),
        ("transfer-encoding: gzip, chunked\r\n", false),
        ("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", false),
        ("transfer-encoding: chunked\r\ncontent-length: 0\r\n", false),
    ] {
        bench_and_tool_agree(&bench, &tool, "GET / HTTP/1.1", &format!("host: given.test\r\n{lines}"), taken).await;
    }
    for line in ["CONNECT / HTTP/1.1", "CONNECT given.test:80 HTTP/1.1"] {
        bench_and_tool_agree(&bench, &tool, line, "host: given.test\r\n", false).await;
    }
}

/// What one protocol takes and the other does not is decided as the one that takes it hands it over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_http2_takes_is_decided_too() {
    let policy = policy();
    let bench = Bench::edge(&string_configuration(&envelope("edge", &policy)), Options::default()).await;
    let tool = Explainer::new(&policy);
    let mut client = Client::new(bench.address, Protocol::Http2);
    for (method, path) in [("get", "/"), ("FOO", "/"), ("GET", "/\u{e9}")] {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: given.test\r\n");
        assert_eq!(raw_http1(bench.address, head.as_bytes()).await.unwrap().status, 400, "{method} {path}");
        let request = Request::builder().method(method).uri(path).header("host", "given.test");
        let answer = client.send(request.body(Bytes::new()).unwrap()).await.unwrap();
        let mut words =
            vec![format!("--method={method}"), format!("--path={path}"), "--header=host: given.test".into()];
        // The client says so where there may be a body.
        words.extend((method != "GET").then(|| "--header=content-length: 0".to_owned()));
        let said = tool.explain(&words.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
        assert_eq!(answer.header("x-weir-decision").as_deref(), said["state"].as_str(), "{method} {path}");
    }
    // By TLS it would be taken.
    let answer = raw_http1(bench.address, b"GET https://bare.test/ HTTP/1.1\r\nhost: given.test\r\n").await.unwrap();
    assert_eq!((answer.status, tool.explain(&["--path=https://bare.test/"]).await.is_ok()), (403, true));
}

/// Whether both take a request, and for the same, or both refuse it.
async fn bench_and_tool_agree(bench: &Bench, tool: &Explainer, request_line: &str, lines: &str, taken: bool) {
    let answer = raw_http1(bench.address, format!("{request_line}\r\n{lines}").as_bytes()).await.unwrap();
    let method = request_line.split(' ').next().unwrap();
    // The last one is what the raw client adds.
    let lines_sent = lines.split_terminator("\r\n").chain(["connection: close"]);
    let mut words: Vec<String> = lines_sent.map(|line| format!("--header={line}")).collect();
    words.push(format!("--method={method}"));
    let said = tool.explain(&words.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let decision = answer.header("x-weir-decision").filter(|decision| !decision.is_empty());
    if taken {
        let said = said.unwrap_or_else(|code| panic!("{lines}: exit code {code}"));
        assert_eq!(decision.as_deref(), said["state"].as_str(), "{lines}");
    } else {
        assert!((400..=501).contains(&answer.status) && decision.is_none(), "{lines}: {} {decision:?}", answer.status);
        assert_eq!(said, Err(2), "{lines}");
    }
}

/// Headers of the hop, in a layer of their own: whoever sees one of them meets another variant.
fn hop_layer() -> Value {
    let present = |name: &str| json!({"header": {"name": name, "present": true}});
    let seen = [
        ("te-trailers", json!({"header": {"name": "te", "exact": "trailers"}})),
        ("te", present("te")),
        ("connection", present("connection")),
        ("upgrade", present("upgrade")),
        ("keep-alive", present("keep-alive")),
        ("proxy-connection", present("proxy-connection")),
        ("transfer-encoding", present("transfer-encoding")),
        ("http2-settings", present("http2-settings")),
        ("content-length", present("content-length")),
        ("cookie", json!({"cookie": {"name": "hop", "present": true}})),
        ("no-host", json!({"host": {"exact": ""}})),
        ("user-in-host", json!({"host": {"exact": "ada@bare.test"}})),
    ];
    let rules: Vec<Value> = seen.iter().map(|(id, when)| json!({"when": when, "variant": id})).collect();
    let variants: Vec<Value> = seen.iter().map(|(id, _)| json!({"id": id})).collect();
    json!({"id": "zhop", "unit": "user", "experiments": [
        {"id": "hop", "slots": "none", "rules": rules, "variants": variants},
    ]})
}

/// A variant for each target that is taken, by a rule on its host and path: whoever takes it for something else meets another.
fn policy() -> Value {
    let taken = || TARGETS.iter().filter_map(|(target, taken)| Some((target, (*taken)?)));
    let variants: Vec<Value> = taken().map(|(target, _)| json!({"id": variant_of(target)})).collect();
    let rules = taken().map(|(target, (host, path))| {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        // A policy has hosts without their ports.
        let name = host.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(':');
        let mut all = vec![json!({"host": {"exact": name}}), json!({"path": {"exact": path}})];
        if let Some((name, value)) = query.and_then(|query| query.split_once('=')) {
            all.push(json!({"query": {"name": name, "exact": value}}));
        }
        json!({"when": {"all": all}, "variant": variant_of(target)})
    });
    let rules: Vec<Value> = rules.collect();
    json!({
        "version": 1,
        "units": {"user": [{"header": "x-user-id"}]},
        "layers": [{"id": "targets", "unit": "user", "experiments": [
            {"id": "asked", "slots": "all", "rules": rules, "variants": variants},
        ]}, hop_layer()],
    })
}

fn variant_of(target: &str) -> String {
    format!("t{}", TARGETS.iter().position(|(known, _)| *known == target).unwrap())
}
