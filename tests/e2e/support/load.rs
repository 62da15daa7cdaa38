//! Traffic: a request per number, over several connections, either a fixed count or until it is stopped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

use bytes::Bytes;
use hyper::Request;
use tokio::task::JoinSet;

use super::client::{Answer, Client, Protocol};
use super::policy::checkout;
use super::predict::{Predictor, Shown};

/// One request and what came of it.
#[derive(Debug)]
pub struct Sample {
    /// The number that the request was made from.
    pub index: usize,
    /// When it was sent and when its answer was complete.
    pub sent: Instant,
    pub done: Instant,
    pub outcome: Result<Answer, String>,
}

/// How many requests each of these decided, whose `checkout` the samples are of. Each request must have been answered, and as
/// one of them says.
pub fn decided_by(samples: &[Sample], predictors: &[Predictor]) -> Vec<usize> {
    let mut decided = vec![0; predictors.len()];
    for sample in samples {
        let answer = sample.outcome.as_ref().unwrap_or_else(|error| panic!("request {}: {error}", sample.index));
        let request = checkout(sample.index);
        let shown = Shown::by(answer, &request);
        let by = predictors.iter().position(|predictor| predictor.shown(&request) == shown);
        decided[by.unwrap_or_else(|| panic!("request {}: {shown:?}", sample.index))] += 1;
    }
    decided
}

/// Traffic that goes on until it is stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Vec<Sample>>,
}

/// Sends requests 0..count over HTTP/1.1 and returns the answers in that order; panics on the first that failed.
pub async fn send_all(
    server: SocketAddr,
    connections: usize,
    count: usize,
    request: impl Fn(usize) -> Request<Bytes> + Send + Sync + 'static,
) -> Vec<Answer> {
    let load = Load::limited(server, connections, count, request);
    let answer = |sample: Sample| sample.outcome.unwrap_or_else(|error| panic!("request {}: {error}", sample.index));
    load.collect().await.into_iter().map(answer).collect()
}

impl Load {
    /// Starts to send requests 0, 1, 2, ... over HTTP/1.1.
    pub fn start(
        server: SocketAddr,
        connections: usize,
        request: impl Fn(usize) -> Request<Bytes> + Send + Sync + 'static,
    ) -> Self {
        Self::limited(server, connections, usize::MAX, request)
    }

    /// Lets the requests under way end and returns all samples by number.
    pub async fn stop(self) -> Vec<Sample> {
        self.stop.store(true, SeqCst);
        self.collect().await
    }

    fn limited(
        server: SocketAddr,
        connections: usize,
        count: usize,
        request: impl Fn(usize) -> Request<Bytes> + Send + Sync + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicUsize::new(0));
        let request = Arc::new(request);
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let (stop, next, request) = (Arc::clone(&stop), Arc::clone(&next), Arc::clone(&request));
            tasks.spawn(async move {
                let mut client = Client::new(server, Protocol::Http1);
                let mut samples = Vec::new();
                while !stop.load(SeqCst) {
                    let index = next.fetch_add(1, SeqCst);
                    if index >= count {
                        break;
                    }
                    let sent = Instant::now();
                    let outcome = client.send(request(index)).await;
                    samples.push(Sample { index, sent, done: Instant::now(), outcome });
                }
                samples
            });
        }
        Self { stop, tasks }
    }

    async fn collect(self) -> Vec<Sample> {
        let mut samples: Vec<Sample> = self.tasks.join_all().await.into_iter().flatten().collect();
        samples.sort_by_key(|sample| sample.index);
        samples
    }
}
