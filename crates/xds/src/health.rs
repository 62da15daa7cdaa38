//! What is answered to those that ask for something else than ADS: whether the server lives.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tonic::Status;

use crate::grpc::messages::{is_grpc, refuse};

/// A connection over HTTP/1.1 is for a question or two.
const QUESTIONS: Duration = Duration::from_secs(10);

/// Answers a connection over HTTP/1.1.
pub(crate) async fn answer_http1<Io: AsyncRead + AsyncWrite + Unpin>(io: Io) {
    let answer = service_fn(async |request: Request<_>| {
        let (status, body) = answer_to(request.uri().path());
        let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
        *response.status_mut() = status;
        Ok::<_, Infallible>(response)
    });
    // Whether it was heard is the client's business.
    let _ = timeout(QUESTIONS, http1::Builder::new().serve_connection(TokioIo::new(io), answer)).await;
}

/// Answers one request over HTTP/2.
pub(crate) fn answer_http2(request: &Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    if is_grpc(request) {
        return refuse(respond, &Status::unimplemented("only the two forms of ADS are served"));
    }
    let (status, body) = answer_to(request.uri().path());
    let mut response = Response::new(());
    *response.status_mut() = status;
    if let Ok(mut stream) = respond.send_response(response, false) {
        let _ = stream.send_data(Bytes::from_static(body.as_bytes()), true);
    }
}

fn answer_to(path: &str) -> (StatusCode, &'static str) {
    match path {
        "/healthz" => (StatusCode::OK, "ok\n"),
        _ => (StatusCode::NOT_FOUND, "not found\n"),
    }
}
