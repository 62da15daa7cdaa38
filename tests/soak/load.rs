//! Requests that flow all the time, and who counts them: the client, the upstreams, the filter.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use tokio::task::JoinSet;

use crate::LAYERS;
use crate::support::{Client, Protocol, Served, checkout};

/// Users that take turns.
const USERS: usize = 1_000;
const FAILURES_SHOWN: usize = 5;

/// Traffic that goes on until it is stopped. Nothing is kept of a request but that it was answered, and by whom.
pub struct Load {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Sent>,
}

/// What the client saw.
#[derive(Default)]
pub struct Sent {
    requests: u64,
    by_upstream: BTreeMap<String, u64>,
    failures: Vec<String>,
}

/// What others have counted.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Reasons of layers, by the filter.
    decisions: u64,
    /// Requests of the canary that routes, by the filter.
    canary: u64,
    /// Requests that the upstreams answered, by name.
    by_upstream: BTreeMap<String, u64>,
}

impl Load {
    pub fn start(server: SocketAddr, connections: usize) -> Load {
        let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let (stop, next) = (Arc::clone(&stop), Arc::clone(&next));
            tasks.spawn(async move {
                let mut client = Client::new(server, Protocol::Http1);
                let mut sent = Sent::default();
                while !stop.load(SeqCst) {
                    let user = next.fetch_add(1, SeqCst) % USERS;
                    sent.requests += 1;
                    match client.send(checkout(user)).await {
                        Ok(answer) if answer.status == 200 => {
                            *sent.by_upstream.entry(answer.echo().upstream).or_default() += 1;
                        }
                        other => sent.failures.push(format!("user {user}: {other:?}")),
                    }
                }
                sent
            });
        }
        Load { stop, tasks }
    }

    pub async fn stop(self) -> Sent {
        self.stop.store(true, SeqCst);
        let mut all = Sent::default();
        for one in self.tasks.join_all().await {
            all.requests += one.requests;
            all.failures.extend(one.failures);
            for (upstream, count) in one.by_upstream {
                *all.by_upstream.entry(upstream).or_default() += count;
            }
        }
        all
    }
}

impl Sent {
    pub fn none_failed(&self) {
        let some = self.failures.iter().take(FAILURES_SHOWN).cloned().collect::<Vec<_>>();
        assert!(some.is_empty(), "{} failed, such as\n{}", self.failures.len(), some.join("\n"));
    }

    pub fn agrees_with(&self, counted: &Counted) -> Result<(), String> {
        let canary = self.by_upstream.get("canary").copied().unwrap_or_default();
        let agrees = counted.decisions == LAYERS * self.requests
            && counted.canary == canary
            && counted.by_upstream == self.by_upstream;
        if agrees { Ok(()) } else { Err(format!("{self}; {counted:?}")) }
    }
}

impl Counted {
    pub async fn of(served: &Served) -> Counted {
        let stats = served.bench.envoy.admin("/stats?filter=weir_(decisions|requests)_total").await;
        let sum = |part: &str| {
            let lines = stats.lines().filter(|line| line.contains(part));
            lines.filter_map(|line| line.rsplit_once(": ")?.1.parse::<u64>().ok()).sum()
        };
        let canary = "experiment=.=owl-v21;.;variant=.=canary;.;";
        let by_upstream = served.bench.answered().into_iter().filter(|(_, count)| *count > 0).collect();
        Counted { decisions: sum("weir_decisions_total"), canary: sum(canary), by_upstream }
    }

    pub fn since(self, before: &Counted) -> Counted {
        let mut by_upstream = self.by_upstream;
        for (upstream, count) in &before.by_upstream {
            *by_upstream.entry(upstream.clone()).or_default() -= count;
        }
        by_upstream.retain(|_, count| *count > 0);
        Counted { decisions: self.decisions - before.decisions, canary: self.canary - before.canary, by_upstream }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, {} failed, answered by {:?}", self.requests, self.failures.len(), self.by_upstream)
    }
}
