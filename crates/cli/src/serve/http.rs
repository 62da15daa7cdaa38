//! Plain HTTP: the fleet with what is served, evidence, releases, metrics, whether the server lives and whether it serves.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use super::evidence::{EvidenceView, SharedEvidence};
use super::fleet::{Fleet, SharedFleet};
use super::progress::{Progress, SharedProgress};
use super::releases::SharedReleases;

/// The most connections that are answered at the same time; more wait.
const CONNECTIONS_MAX: usize = 64;
/// The time of a connection, which is for one question and its answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// The time after which accepting is tried again when the process has no file handles left.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers for as long as the server runs. `stopping` is true once it is told to stop.
pub async fn answer(
    listener: TcpListener,
    fleet: SharedFleet,
    progress: SharedProgress,
    evidence: SharedEvidence,
    releases: SharedReleases,
    stopping: watch::Receiver<bool>,
) {
    let router = router(fleet, progress, evidence, releases, stopping);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // The semaphore is never closed.
    while let Ok(place) = places.clone().acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let router = router.clone();
        tokio::spawn(async move {
            // Whether the answer was read is the client's business.
            let _ = timeout(DEADLINE, answer_one(stream, router)).await;
            drop(place);
        });
    }
}

async fn answer_one(stream: TcpStream, router: Router) -> hyper::Result<()> {
    let answering = TowerToHyperService::new(router);
    http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), answering).await
}

fn router(
    fleet: SharedFleet,
    progress: SharedProgress,
    evidence: SharedEvidence,
    releases: SharedReleases,
    stopping: watch::Receiver<bool>,
) -> Router {
    let read = move |tell: fn(&Fleet, &Progress) -> String| tell(&fleet.borrow(), &progress.borrow());
    let (tell, gathered) = (read.clone(), evidence.clone());
    let (all, one) = (releases.clone(), releases.clone());
    let metrics = move || tell(Fleet::metrics) + &gathered.borrow().metrics() + &releases.borrow().metrics();
    Router::new()
        .route("/fleet", get(async move || ([(CONTENT_TYPE, "application/json")], read(fleet_json))))
        .route(
            "/evidence",
            get(async move || ([(CONTENT_TYPE, "application/json")], evidence_json(&evidence.borrow()))),
        )
        .route("/releases", get(async move || or_not_found(all.borrow().all())))
        .route("/releases/{id}", get(async move |Path(id): Path<String>| or_not_found(one.borrow().one(&id))))
        .route("/metrics", get(async move || ([(CONTENT_TYPE, "text/plain; version=0.0.4")], metrics())))
        .route("/healthz", get(async || "ok\n"))
        .route(
            "/readyz",
            get(async move || match *stopping.borrow() {
                false => (StatusCode::OK, "serving\n"),
                true => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
            }),
        )
}

fn or_not_found(found: Option<String>) -> Response {
    match found {
        Some(found) => ([(CONTENT_TYPE, "application/json")], found).into_response(),
        None => (StatusCode::NOT_FOUND, "no release of this id, or no releases at all: --releases\n").into_response(),
    }
}

fn fleet_json(fleet: &Fleet, progress: &Progress) -> String {
    json!(fleet.view(progress).at(Instant::now())).to_string() + "\n"
}

fn evidence_json(evidence: &EvidenceView) -> String {
    json!(evidence).to_string() + "\n"
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::TcpStream;

    use super::*;
    use crate::http_get::get;

    /// How many of so many silent connections have ended when a question that came after them is answered.
    async fn ended_when_answered(silent: usize) -> usize {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections: Vec<_> = (0..silent).map(|_| TcpStream::connect(address).unwrap()).collect();
        let (_stop, stopping) = watch::channel(false);
        tokio::spawn(answer(
            listener,
            SharedFleet::default(),
            SharedProgress::default(),
            SharedEvidence::default(),
            SharedReleases::default(),
            stopping,
        ));
        let answered = async { while get(&address.to_string(), "/healthz", 3).await.is_err() {} };
        timeout(DEADLINE * 3, answered).await.expect("an answer");
        let has_ended = |mut connection: &TcpStream| {
            connection.set_nonblocking(true).unwrap();
            connection.read(&mut [0]).map_or_else(|error| error.kind() != ErrorKind::WouldBlock, |_| true)
        };
        connections.iter().filter(|connection| has_ended(connection)).count()
    }

    #[tokio::test]
    async fn who_says_nothing_has_a_place_for_a_while_and_others_wait_only_for_the_last_one() {
        assert_eq!(ended_when_answered(CONNECTIONS_MAX - 1).await, 0);
        assert_ne!(ended_when_answered(CONNECTIONS_MAX).await, 0);
    }
}
