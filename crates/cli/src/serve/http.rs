//! What the server tells over plain HTTP: the fleet, metrics, whether it lives and whether it serves.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::fleet::{Fleet, Watched};

/// Answers until the server has stopped. `stopping` is true once it is told to.
pub async fn answer(listener: TcpListener, fleet: Watched, stopping: watch::Receiver<bool>) {
    let read = move |tell: fn(&Fleet) -> String| tell(&fleet.borrow());
    let tell = read.clone();
    let router = Router::new()
        .route("/fleet", get(async move || ([(CONTENT_TYPE, "application/json")], read(fleet_json))))
        .route("/metrics", get(async move || ([(CONTENT_TYPE, "text/plain; version=0.0.4")], tell(Fleet::metrics))))
        .route("/healthz", get(async || "ok\n"))
        .route(
            "/readyz",
            get(async move || match *stopping.borrow() {
                false => (StatusCode::OK, "serving\n"),
                true => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
            }),
        );
    // It fails never: errors of accepting are waited out.
    let _ = axum::serve(listener, router).await;
}

fn fleet_json(fleet: &Fleet) -> String {
    json!(fleet.shown()).to_string() + "\n"
}
