//! Requests that break careless filters are decided like any others: as the engine says, and the upstream gets them whole.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::Request;
use hyper::header::HeaderValue;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Answer, Bench, Client, Options, Predictor, Protocol, SERVICE, Sent, Shown, envelope, eventually, raw_http1,
    string_configuration, websocket,
};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_cookie_line_is_read() {
    let edge = Edge::guarded().await;
    // The unit stands in the second line, what the rule looks at in the first or third; of one name the first counts.
    for (lines, tags) in [
        (&["theme=dark", "a=1; user_id=user-3"][..], "hue.dark"),
        (&["user_id=user-18", "b=2", "theme=dark"], "owl-v21,hue.dark"),
        (&["theme=light; ;novalue", "user_id=user-18; user_id=user-3"], "owl-v21"),
        (&["theme=light", "theme=dark"], "hue.dark"),
    ] {
        let mut request = Request::get("/").body(Bytes::new()).unwrap();
        for line in lines {
            request.headers_mut().append("cookie", HeaderValue::from_static(line));
        }
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let answer = Client::new(edge.address(), protocol).send(request.clone()).await.unwrap();
            assert_eq!(edge.checked(&answer, &request).tags(), tags, "{protocol:?} {lines:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_text_are_decided_on_like_any_others() {
    // Without Envoy's guard, so that the forged tag comes to the filter as it was sent.
    for edge in [Edge::guarded().await, Edge::unguarded().await] {
        for (lines, tags) in [
            // A unit, listed or dealt; a value that only a condition looks at; one that nothing looks at.
            (&b"x-user-id: \xff\xfe\x80"[..], ""),
            (b"x-user-id: \xc3\x28\r\nlocation: shenzhen", "owl-v21"),
            (b"x-user-id: user-18\r\nlocation: shen\xffzhen", "owl-v21"),
            (b"x-user-id: user-3\r\nlocation: shen\xffzhen", ""),
            (b"x-other: \xf0\x28\x8c\xbc\r\nlocation: shenzhen", "owl-v21"),
            // A regex and a prefix, the one of which minds and the other does not.
            (b"agent: robot \xff", ""),
            (b"agent: robot", "hue.dark"),
            (b"agent: shop/\xff", "hue.dark"),
            (b"cookie: user_id=\xff; theme=dark\r\ncookie: \xfe", "owl-v21,hue.dark"),
            // What came as tags and baggage is replaced, whatever it is.
            (b"x-env-tag: \xff,owl-v21\r\nlocation: shenzhen", "owl-v21"),
            (b"x-env-tag: \xff,owl-v21", ""),
            (b"baggage: k=\xff,env_tag=owl-v21,\xfe=1", ""),
            (b"baggage: k=\xff,env_tag=\xff\r\nlocation: shenzhen", "owl-v21"),
            (b"x-weir-subset: \xff\r\nx-weir-mine: \xfe", ""),
        ] {
            let shown = edge.send_raw(lines).await;
            assert_eq!(shown.tags(), tags, "{:?}", String::from_utf8_lossy(lines));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hop_in_the_mesh_drops_what_is_no_tag_and_keeps_the_rest() {
    let envelope = envelope("mesh", &policy());
    let bench = Bench::mesh(&string_configuration(&envelope), Options::default()).await;
    let hop = Edge { bench, predictor: Predictor::new(&envelope) };
    for (lines, tags) in [
        (&b"x-env-tag: \xff,owl-v21"[..], "owl-v21"),
        (b"x-env-tag: \xff\r\nx-env-tag: other , owl-v21,owl-v21\r\nx-weir-subset: \xfe", "other,owl-v21"),
        (b"x-env-tag: \xff\r\nbaggage: k=\xff,env_tag=owl-v21%2Chue.dark;p=1", "owl-v21,hue.dark"),
        (b"x-env-tag: \xff", ""),
    ] {
        let shown = hop.send_raw(lines).await;
        assert_eq!(shown.tags(), tags, "{:?}", String::from_utf8_lossy(lines));
    }
    // Of unknown tags the first sixteen go on; a known one has its place however many there are.
    let tags: Vec<String> = (0..40).map(|number| format!("t{number}")).collect();
    let lines = format!("x-env-tag: {}\r\nx-env-tag: owl-v21", tags.join("\r\nx-env-tag: "));
    assert_eq!(hop.send_raw(lines.as_bytes()).await.tags(), format!("{},owl-v21", tags[..16].join(",")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_of_60_kb_is_no_obstacle_wherever_it_stands() {
    let edge = Edge::unguarded().await;
    let long = "v".repeat(60_000);
    for (lines, tags) in [
        (format!("x-other: {long}\r\nlocation: shenzhen"), "owl-v21"),
        // Too long for a unit, too long for a regex, and not too long for a prefix.
        (format!("x-user-id: {long}\r\ncookie: user_id=user-18"), ""),
        (format!("agent: robot{long}"), ""),
        (format!("agent: shop/{long}"), "hue.dark"),
        (format!("cookie: a={long}; theme=dark"), "hue.dark"),
        (format!("cookie: a={long}\r\ncookie: user_id=user-18"), "owl-v21"),
        // Baggage that is too large to be read is left alone, but not with a tag that a client chose.
        (format!("baggage: k={long}\r\nlocation: shenzhen"), "owl-v21"),
        (format!("baggage: k={long},env_tag=owl-v21"), ""),
        (format!("x-env-tag: owl-v21,{long}"), ""),
    ] {
        assert_eq!(edge.send_raw(lines.as_bytes()).await.tags(), tags, "{:.40} ... {:.40}", lines, &lines[59_990..]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_headers_are_read_to_the_last() {
    let edge = Edge::guarded().await;
    let mut request = Request::get("/").body(Bytes::new()).unwrap();
    for number in 0..1_000 {
        let name: hyper::header::HeaderName = format!("x-{number}").parse().unwrap();
        request.headers_mut().append(name, number.into());
    }
    request.headers_mut().append("x-user-id", HeaderValue::from_static("user-18"));
    request.headers_mut().append("agent", HeaderValue::from_static("robot"));
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let answer = Client::new(edge.address(), protocol).send(request.clone()).await.unwrap();
        assert_eq!(edge.checked(&answer, &request).tags(), "owl-v21,hue.dark", "{protocol:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_repeated_headers_a_unit_takes_the_first_and_a_condition_any() {
    let edge = Edge::guarded().await;
    for (lines, tags) in [
        ("x-user-id: user-18\r\nx-user-id: user-3", "owl-v21"),
        ("x-user-id: user-3\r\nx-user-id: user-18", ""),
        ("x-user-id:\r\ncookie: user_id=user-18", "owl-v21"),
        ("location: elsewhere\r\nlocation: shenzhen\r\nlocation: nowhere", "owl-v21"),
        ("location: elsewhere,shenzhen", ""),
        ("x-env-tag: a\r\nx-env-tag: owl-v21\r\nx-weir-subset: v21\r\nx-weir-subset: v22", ""),
        ("baggage: a=1\r\nbaggage: env_tag=x\r\nbaggage: b=2,env_tag=y\r\nagent: robot", "hue.dark"),
    ] {
        assert_eq!(edge.send_raw(lines.as_bytes()).await.tags(), tags, "{lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_forged_header_gets_past_the_filter_alone() {
    let edge = Edge::unguarded().await;
    for (lines, tags) in [
        ("x-env-tag: owl-v21", ""),
        ("x-env-tag: other,owl-v21,hue.dark", ""),
        ("x-env-tag: hue.dark\r\nlocation: shenzhen", "owl-v21"),
        ("x-env-tag: owl-v21\r\nlocation: shenzhen", "owl-v21"),
        ("x-weir-subset: v21", ""),
        ("x-weir-cluster: owl-v21.shop.svc.cluster.local\r\nx-weir-weight: 1\r\nx-weir-anything: 1", ""),
        ("baggage: env_tag=owl-v21", ""),
    ] {
        let shown = edge.send_raw(lines.as_bytes()).await;
        assert_eq!(shown.tags(), tags, "{lines:?}");
        let ours = shown.headers.iter().find(|(name, lines)| name.starts_with("x-weir-") && !lines.is_empty());
        assert_eq!(ours, None, "{lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_goes_to_the_canary_and_keeps_its_trailers() {
    let edge = Edge::guarded().await;
    let mut client = Client::new(edge.address(), Protocol::Http2);
    for (user, tags) in [("user-18", "owl-v21"), ("user-3", "")] {
        let request =
            Request::post("/shop.Owl/Fly").header("content-type", "application/grpc").header("te", "trailers");
        let request = request.header("x-user-id", user).body(Bytes::from_static(&[0, 0, 0, 0, 0])).unwrap();
        let answer = client.send(request.clone()).await.unwrap();
        assert_eq!(edge.checked(&answer, &request).tags(), tags);
        assert_eq!(answer.trailers, [("grpc-status".to_owned(), b"0".to_vec())]);
        assert_eq!((answer.echo().method.as_str(), answer.echo().path.as_str()), ("POST", "/shop.Owl/Fly"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_is_decided_once_and_talks_to_the_canary() {
    let options = Options { wasm_log: "debug", ..Options::default() };
    let edge = Edge::new(Bench::edge(&string_configuration(&envelope("edge", &policy())), options).await);
    let request = Request::get("/socket").header("x-user-id", "user-18").body(()).unwrap();
    let (mut socket, echo) = websocket(edge.address(), request.clone()).await.unwrap();
    for text in ["hello", "again"] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(text));
    }
    socket.close(None).await.unwrap();
    while socket.next().await.is_some_and(|message| message.is_ok()) {}

    let expected = edge.predictor.shown(&request);
    assert_eq!((echo.upstream.as_str(), echo.path.as_str()), ("canary", "/socket"));
    assert_eq!(echo.lines("x-env-tag").join("\n"), expected.tags());
    assert_eq!(echo.lines("baggage"), ["env_tag=owl-v21"]);
    let entries = eventually(SOON, "an entry of the access log", async || {
        let entries = edge.bench.envoy.access_log();
        if entries.is_empty() { Err(edge.bench.envoy.log()) } else { Ok(entries) }
    });
    let entries = entries.await;
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["status"], &entries[0]["tag"]), (&json!(101), &json!("owl-v21")));
    assert_eq!(entries[0]["decision"].as_str(), expected.state.as_deref());
    assert_eq!(edge.bench.envoy.log().matches("weir: decision").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_streams_of_one_connection_are_decided_each_for_itself() {
    let edge = Edge::guarded().await;
    let mut client = Client::new(edge.address(), Protocol::Http2);
    let mut canaries = 0;
    for user in 0..200 {
        let request = Request::get("/x?y=1").header("x-user-id", format!("user-{user}")).body(Bytes::new()).unwrap();
        let answer = client.send(request.clone()).await.unwrap();
        canaries += usize::from(edge.checked(&answer, &request).tags() == "owl-v21");
    }
    assert!((70..130).contains(&canaries), "{canaries} of 200 by a share of 50 %");
}

/// An Envoy with our filter, and what it is expected to do.
struct Edge {
    bench: Bench,
    predictor: Predictor,
}

impl Edge {
    async fn guarded() -> Self {
        Self::new(Bench::edge(&string_configuration(&envelope("edge", &policy())), Options::default()).await)
    }

    async fn unguarded() -> Self {
        let configuration = string_configuration(&envelope("edge", &policy()));
        Self::new(Bench::unguarded_edge(&configuration, Options::default()).await)
    }

    fn new(bench: Bench) -> Self {
        Self { bench, predictor: Predictor::new(&envelope("edge", &policy())) }
    }

    fn address(&self) -> SocketAddr {
        self.bench.address
    }

    /// Sends these header lines as they are and checks what became of them.
    #[track_caller]
    fn send_raw(&self, lines: &[u8]) -> impl Future<Output = Shown> {
        let head = [b"GET /odd HTTP/1.1\r\nhost: shop.test\r\n", lines, b"\r\n"].concat();
        async move {
            let answer = raw_http1(self.address(), &head).await.unwrap();
            self.checked(&answer, Sent::raw(&head))
        }
    }

    /// What the answer shows, once that is what the engine says and came from the version that its tag names.
    #[track_caller]
    fn checked(&self, answer: &Answer, sent: impl Into<Sent>) -> Shown {
        let sent = sent.into();
        let shown = Shown::by(answer, sent.clone());
        assert_eq!(shown, self.predictor.shown(sent));
        let canary = shown.tags().split(',').any(|tag| tag == "owl-v21");
        assert_eq!(answer.echo().upstream, if canary { "canary" } else { "stable" });
        shown
    }
}

/// Looks at everything that odd requests carry: user-18 meets the canary by name, user-3 does not by share.
fn policy() -> Value {
    let canary = json!({"id": "canary", "share": "50%", "env_tag": "owl-v21", "routes": {SERVICE: "v21"}});
    let dark = json!([
        {"cookie": {"name": "theme", "exact": "dark"}},
        {"header": {"name": "agent", "regex": "robot.*"}},
        {"header": {"name": "agent", "prefix": "shop/"}},
    ]);
    json!({
        "version": 1,
        "units": {"user": [{"header": "x-user-id"}, {"cookie": "user_id"}]},
        "env_tag": {"baggage": "env_tag"},
        "layers": [
            {"id": "checkout", "unit": "user", "experiments": [{
                "id": "owl-v21", "slots": "all", "variants": [canary],
                "overrides": [{"units": ["user-18"], "variant": "canary"}],
                "rules": [{"when": {"header": {"name": "location", "exact": "shenzhen"}}, "variant": "canary"}],
            }]},
            {"id": "theme", "unit": "user", "experiments": [{
                "id": "hue", "slots": [[0, 1]], "rules": [{"when": {"any": dark}, "variant": "dark"}],
                "variants": [{"id": "dark"}],
            }]},
        ],
    })
}
