//! An upstream that answers with what it saw: HTTP/1.1 and HTTP/2 on one port, gRPC and WebSocket included.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role};

use super::echo::{Echo, header_lines};

const MAX_HEADERS: usize = 4_096;
const MAX_HEADER_BYTES: usize = 1 << 20;

const GRPC_STATUS: &str = "grpc-status";

pub type Body = BoxBody<Bytes, Infallible>;

/// A request header with the status that is wanted: of HTTP, or of gRPC in trailers, or in headers with ` at once` behind
/// it; or `never`.
pub const ANSWER: &str = "x-answer";

/// A server on a free port of the loopback; stops accepting when dropped.
pub struct Upstream {
    #[allow(dead_code, reason = "for tests/soak")]
    name: String,
    address: SocketAddr,
    #[allow(dead_code, reason = "for tests/soak")]
    requests: Arc<AtomicU64>,
    accepting: AbortHandle,
}

impl Upstream {
    /// Answers every request with an [`Echo`] as JSON that names `name`; gRPC with one message of that JSON and status 0;
    /// a WebSocket with that JSON as its first message, and each later message with itself. A request may want another
    /// status by the header [`ANSWER`].
    pub async fn start(name: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::default();
        let accepting = tokio::spawn(accept(listener, name.to_owned(), Arc::clone(&requests))).abort_handle();
        Self { name: name.to_owned(), address, requests, accepting }
    }

    /// What it calls itself.
    #[allow(dead_code, reason = "for tests/soak")]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many requests it has had.
    #[allow(dead_code, reason = "for tests/soak")]
    pub fn requests(&self) -> u64 {
        self.requests.load(SeqCst)
    }

    /// For a `${..._PORT}` placeholder.
    pub fn port(&self) -> String {
        self.address.port().to_string()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, name: String, requests: Arc<AtomicU64>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(stream, name.clone(), Arc::clone(&requests)));
    }
}

async fn serve(stream: TcpStream, name: String, requests: Arc<AtomicU64>) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().max_headers(MAX_HEADERS).max_buf_size(MAX_HEADER_BYTES);
    builder.http2().max_header_list_size(MAX_HEADER_BYTES as u32);
    let service = service_fn(move |request| {
        requests.fetch_add(1, SeqCst);
        answer(request, name.clone())
    });
    // A peer that goes away in the middle is no failure of the upstream; the test sees it at its own end.
    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

async fn answer(mut request: Request<Incoming>, name: String) -> Result<Response<Body>, Infallible> {
    let echo = Echo {
        upstream: name,
        method: request.method().to_string(),
        path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: header_lines(request.headers()),
    };
    let text = echo.to_json().to_string();
    if let Some(key) = websocket_key(request.headers()) {
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            talk(
                WebSocketStream::from_raw_socket(TokioIo::new(upgraded.await.unwrap()), Role::Server, None).await,
                text,
            )
            .await
        });
        return Ok(switching_protocols(&key));
    }
    let grpc = header_starts_with(request.headers(), CONTENT_TYPE.as_str(), "application/grpc");
    let wanted = request.headers().get(ANSWER).map(|value| value.to_str().unwrap().to_owned());
    let _ = request.into_body().collect().await;
    Ok(match wanted.as_deref() {
        Some("never") => std::future::pending().await,
        wanted if grpc => grpc_reply(&text, wanted.unwrap_or("0")),
        wanted => json_reply(text, wanted.unwrap_or("200")),
    })
}

/// A reply of HTTP.
pub fn json_reply(text: String, status: &str) -> Response<Body> {
    let response = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    response.body(Full::from(text).boxed()).unwrap()
}

/// One message: a byte for "not compressed", the length in four bytes, big endian, and the message; then the status.
pub fn grpc_reply(text: &str, status: &str) -> Response<Body> {
    let response = Response::builder().header(CONTENT_TYPE, "application/grpc");
    if let Some(status) = status.strip_suffix(" at once") {
        return response.header(GRPC_STATUS, status).body(Body::default()).unwrap();
    }
    let mut message = vec![0];
    message.extend((text.len() as u32).to_be_bytes());
    message.extend(text.as_bytes());
    let trailers = HeaderMap::from_iter([(GRPC_STATUS.parse().unwrap(), status.parse().unwrap())]);
    let body = Full::from(message).with_trailers(async { Some(Ok(trailers)) });
    response.body(body.boxed()).unwrap()
}

/// The key of a request that wants a WebSocket.
pub fn websocket_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let wanted = header_starts_with(headers, UPGRADE.as_str(), "websocket");
    headers.get(SEC_WEBSOCKET_KEY).filter(|_| wanted).cloned()
}

/// The answer to it.
pub fn switching_protocols(key: &HeaderValue) -> Response<Body> {
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
        .body(Body::default())
        .unwrap()
}

/// Greets, then answers each message with itself.
pub async fn talk(mut socket: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>, greeting: String) {
    if socket.send(Message::text(greeting)).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = socket.next().await {
        if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
            return;
        }
    }
}

fn header_starts_with(headers: &HeaderMap, name: &str, prefix: &str) -> bool {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.to_ascii_lowercase().starts_with(prefix)
}
