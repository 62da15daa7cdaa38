//! A client on each worker thread, since what one worker answers says nothing about the others.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;

use super::bench::Bench;
use super::client::{Client, Protocol};
use super::policy::checkout;
use super::poll::eventually;
use super::predict::{Predictor, Shown};

/// The kernel deals connections to workers by their ports, so a worker that gets none of so many does not take any.
const CONNECTIONS_MAX: usize = 100;
const USERS: usize = 40;
const DEADLINE: Duration = Duration::from_secs(60);

/// One client for each worker of a bench, its connection open.
pub struct Workers {
    pub clients: Vec<Client>,
}

impl Workers {
    /// Opens connections until each worker has one; nobody else may open any meanwhile.
    pub async fn of(bench: &Bench) -> Self {
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
                return Self { clients: clients.into_values().collect() };
            }
            before = after;
        }
        panic!("after {CONNECTIONS_MAX} connections: {before:?}");
    }

    /// Whether every worker does with some users what is predicted; an `Err` shows the first that it does not.
    pub async fn follow(&mut self, predictor: &Predictor) -> Result<(), String> {
        for client in &mut self.clients {
            for user in 0..USERS {
                let answer = client.send(checkout(user)).await?;
                let (seen, expected) = (Shown::by(&answer, &checkout(user)), predictor.shown(&checkout(user)));
                if seen != expected {
                    return Err(format!("user {user}: {seen:?} instead of {expected:?}"));
                }
            }
        }
        Ok(())
    }

    /// Waits until every worker decides by this revision; it is asked without a unit.
    pub async fn until_decided_by(&mut self, predictor: &Predictor) {
        let revision = predictor.revision();
        for client in &mut self.clients {
            eventually(DEADLINE, &format!("revision {revision} decides"), async || {
                let answer = client.send(Request::get("/").body(Bytes::new()).unwrap()).await?;
                let state = answer.header("x-weir-decision").unwrap_or_default();
                if state.contains(&revision) { Ok(()) } else { Err(state) }
            })
            .await;
        }
    }

    /// Waits until they do.
    pub async fn until_they_follow(&mut self, predictor: &Predictor) {
        let what = format!("revision {} decides on each worker", predictor.revision());
        eventually(DEADLINE, &what, async || self.follow(predictor).await).await;
    }
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
