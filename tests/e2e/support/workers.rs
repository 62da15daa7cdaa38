//! A client on each worker thread, since what one worker answers says nothing about the others.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::Request;

use super::bench::Bench;
use super::client::{Client, Protocol};

/// The kernel deals connections to workers by their ports, so a worker that gets none of so many does not take any.
const CONNECTIONS_MAX: usize = 100;

/// Opens connections until each worker has one, and returns those; nobody else may open any meanwhile.
pub async fn client_on_each_worker(bench: &Bench) -> Vec<Client> {
    let mut clients = BTreeMap::new();
    let mut before = connections(bench).await;
    for _ in 0..CONNECTIONS_MAX {
        let mut client = Client::new(bench.address, Protocol::Http1);
        client.send(Request::get("/").body(Bytes::new()).unwrap()).await.unwrap();
        let after = connections(bench).await;
        let mut more = after.iter().filter(|(worker, count)| before[*worker] < **count);
        let (Some((worker, _)), None) = (more.next(), more.next()) else { panic!("{before:?}, then {after:?}") };
        clients.entry(worker.clone()).or_insert(client);
        if clients.len() == after.len() {
            return clients.into_values().collect();
        }
        before = after;
    }
    panic!("after {CONNECTIONS_MAX} connections: {before:?}");
}

/// How many connections each worker has taken since the start, by the worker's name.
pub async fn connections(bench: &Bench) -> BTreeMap<String, u64> {
    let stats = bench.envoy.admin("/stats?filter=listener.127.0.0.1_0.worker_").await;
    let count = |line: &str| {
        let (name, count) = line.split_once(".downstream_cx_total: ")?;
        Some((name.to_owned(), count.parse().ok()?))
    };
    stats.lines().filter_map(count).collect()
}
