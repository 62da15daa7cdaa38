//! How long a request took, to the microsecond on both sides of each bound: by a clock that stands still until it is moved.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::edge;
use super::expected::{Expected, StandingClock};
use crate::support::{Bench, websocket};

pub const USERS: std::ops::Range<usize> = 20..40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn longer_than_a_bound_is_over_it_and_as_long_is_not() {
    let mut clock = StandingClock::new();
    let bench = edge(&clock).await;
    let mut expected = Expected::default();
    for (took, over) in [
        (0, ""),
        (250_000, ""),
        (250_001, " over_250"),
        (500_000, " over_250"),
        (500_001, " over_250 over_500"),
        (1_000_000, " over_250 over_500"),
        (1_000_001, " over_250 over_500 over_1000"),
        (2_500_000, " over_250 over_500 over_1000"),
        (2_500_001, " over_250 over_500 over_1000 over_2500"),
        (3_600_000_000, " over_250 over_500 over_1000 over_2500"),
    ] {
        for (answer, ended) in [("200", "all"), ("503", "all error"), ("never", "all none")] {
            let held = Held::start(&bench, answer).await;
            clock.advance(took);
            held.end(&bench).await;
            USERS.for_each(|user| expected.dealt(user, &format!("{ended}{over}")));
        }
    }
    // An upgraded connection lasts as long as its peers like.
    let mut sockets = Vec::new();
    for user in USERS {
        let request = hyper::Request::get("/checkout").header("x-user-id", format!("user-{user}")).body(()).unwrap();
        sockets.push(websocket(bench.address, request).await.unwrap());
    }
    clock.advance(3_600_000_000);
    expected.check_admin(&bench.envoy).await;
    drop(sockets);
    bench.envoy.until_stat("http.edge.downstream_cx_upgrades_active", 0).await;
    USERS.for_each(|user| expected.dealt(user, "all"));
    expected.check_admin(&bench.envoy).await;
}

/// Requests of some users that the filter has seen, whose upstream waits for the last byte of their bodies.
pub struct Held(Vec<TcpStream>, bool);

impl Held {
    pub async fn start(bench: &Bench, answer: &str) -> Held {
        let mut streams = Vec::new();
        for user in USERS {
            let head = format!(
                "POST /checkout HTTP/1.1\r\nhost: shop.test\r\nx-user-id: user-{user}\r\nx-answer: {answer}\r\n\
                 content-length: 1\r\nconnection: close\r\n\r\n"
            );
            let mut stream = TcpStream::connect(bench.address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            streams.push(stream);
        }
        bench.envoy.until_at_upstreams(streams.len() as u64).await;
        Held(streams, answer != "never")
    }

    /// Sends the byte and reads the answers; or goes away, where none will come.
    pub async fn end(self, bench: &Bench) {
        let Held(streams, is_answered) = self;
        for mut stream in streams {
            if is_answered {
                stream.write_all(b"x").await.unwrap();
                stream.read_to_end(&mut Vec::new()).await.unwrap();
            }
        }
        bench.envoy.until_stat("http.edge.downstream_rq_active", 0).await;
    }
}
