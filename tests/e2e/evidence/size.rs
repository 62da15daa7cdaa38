//! The largest evidence that an Envoy can have is read in one answer of its admin interface, with every experiment named.

use std::collections::BTreeSet;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::expected::{StandingClock, hashed};
use crate::support::{ANSWER, Bench, Client, Options, Protocol, envelope, eventually, string_configuration};

/// Variants of each experiment, each with a layer of its own: 73, and 74 would be too many.
const VARIANTS: [u64; 5] = [16, 16, 16, 16, 9];
const COUNTERS: usize = 73 * 112;
/// What is read of an answer at most.
const BYTES_MAX: usize = 4 << 20;
/// Below what Envoy lets one cluster have under way.
const UNDER_WAY: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_counters_as_a_policy_may_have_fit_in_one_answer() {
    let mut clock = StandingClock::new();
    let runner = clock.runner();
    let configuration = string_configuration(&envelope("edge", &policy()));
    let bench = Bench::edge(&configuration, Options { runner: &runner, ..Options::default() }).await;

    let users = users_of_every_part();
    for users in users.chunks(UNDER_WAY) {
        let mut under_way = Vec::new();
        for user in users {
            let head = format!("GET / HTTP/1.1\r\nhost: shop.test\r\nx-user-id: {user}\r\nx-answer: never\r\n\r\n");
            let mut stream = TcpStream::connect(bench.address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            under_way.push(stream);
        }
        bench.envoy.until_stat("http.edge.downstream_rq_active", under_way.len() as u64).await;
        clock.advance(3_000_000);
        drop(under_way);
        bench.envoy.until_stat("http.edge.downstream_rq_active", 0).await;
    }
    let mut client = Client::new(bench.address, Protocol::Http1);
    for user in &users {
        let request = Request::get("/").header("x-user-id", user).header(ANSWER, "503");
        client.send(request.body(Bytes::new()).unwrap()).await.unwrap();
    }

    let names = (0..VARIANTS.len()).map(|number| id("E", number)).collect::<Vec<_>>();
    let path = path(&names);
    let text = eventually(std::time::Duration::from_secs(30), "every counter", async || {
        let text = bench.envoy.admin(&path).await;
        let lines = text.lines().count();
        if lines == COUNTERS { Ok(text) } else { Err(format!("{lines} lines")) }
    })
    .await;
    // As each may have the largest number.
    let largest = text.len() + COUNTERS * (u64::MAX.to_string().len() - 1);
    assert!(largest < BYTES_MAX, "{largest} bytes, of which there are {} now", text.len());
    let one = bench.envoy.admin(&self::path(&names[..1])).await;
    assert_eq!(one.lines().count(), 16 * 112, "what was not asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_experiments_as_there_may_be_can_be_asked_for_at_once() {
    let configuration = string_configuration(&envelope("edge", &policy()));
    let bench = Bench::edge(&configuration, Options::default()).await;
    let request = Request::get("/").header("x-user-id", "user-1").body(Bytes::new()).unwrap();
    Client::new(bench.address, Protocol::Http1).send(request).await.unwrap();
    // Dots are the longest: each is escaped twice.
    let mut names: Vec<String> = (0..72).map(|number| format!("{number:.>64}")).collect();
    names.push(id("E", 0));
    let path = path(&names);
    eventually(std::time::Duration::from_secs(30), "its counter", async || {
        let text = bench.envoy.admin(&path).await;
        if text.lines().count() == 1 { Ok(()) } else { Err(format!("{} bytes asked for: {text}", path.len())) }
    })
    .await;
}

/// Counters of these experiments that have counted, by Envoy's admin interface.
fn path(experiments: &[String]) -> String {
    let names: Vec<String> = experiments.iter().map(|id| id.replace('.', "%5C.")).collect();
    format!(
        "/stats?usedonly&filter=%5Ewasmcustom%5C.experiment=%5C.=({})%3B%5C.%3B.*weir_assigned_total$",
        names.join("%7C")
    )
}

/// Users with whom each variant has each part.
fn users_of_every_part() -> Vec<String> {
    let all: usize = VARIANTS.iter().sum::<u64>() as usize * 16;
    let mut met = BTreeSet::new();
    let mut users = Vec::new();
    for user in (0..).map(|number| format!("user-{number}")) {
        let dealt: Vec<_> = (0..VARIANTS.len())
            .map(|layer| {
                let (slot, part) = hashed(&format!("E:{}:0:{user}", id("E", layer)));
                (layer, slot / width(layer), part)
            })
            .collect();
        if dealt.iter().any(|one| !met.contains(one)) {
            met.extend(dealt);
            users.push(user);
        }
        if met.len() == all {
            break;
        }
    }
    users
}

fn policy() -> Value {
    let layers = (0..VARIANTS.len()).map(|layer| {
        let variants = (0..VARIANTS[layer]).map(|variant| {
            let end = if variant + 1 == VARIANTS[layer] { 1_000_000 } else { (variant + 1) * width(layer) };
            json!({"id": id("v", variant as usize), "ranges": [[variant * width(layer), end]]})
        });
        let variants: Vec<Value> = variants.collect();
        let experiments = json!([{"id": id("E", layer), "slots": "all", "variants": variants}]);
        json!({"id": format!("l{layer}"), "line": "pool.user", "unit": "user", "experiments": experiments})
    });
    let layers: Vec<Value> = layers.collect();
    json!({"version": 1, "units": {"user": [{"header": "x-user-id"}]}, "layers": layers})
}

/// Slots of a variant of this layer; 9 do not divide the line, and its last slot is the last variant's.
fn width(layer: usize) -> u64 {
    1_000_000_u64.div_ceil(VARIANTS[layer])
}

/// As long as an id may be.
fn id(letter: &str, number: usize) -> String {
    format!("{letter}{number:0>63}")
}
