//! An ordinary service: it answers with the hops that a request took, calling the next service for the rest of them, by
//! HTTP/1.1, gRPC or WebSocket. It knows of nothing but the headers that it hands on.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::select;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, TE};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Message, Role};

use crate::support::client::{Client, Protocol, greeted};
use crate::support::echo::{Echo, header_lines};
use crate::support::upstream::{Body, grpc_reply, json_reply, switching_protocols, talk, websocket_key};

const GRPC: &str = "application/grpc";

/// These belong to one connection or one message, so whoever calls makes them anew.
const OF_ONE_HOP: [&str; 11] = [
    "host",
    "connection",
    "content-length",
    "content-type",
    "te",
    "transfer-encoding",
    "upgrade",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
];

/// Which headers of a request a service hands on to the next one.
#[derive(Debug, Clone, Copy)]
pub enum HandsOn {
    /// As a service does that copies all it got.
    All,
    /// As one that propagates context by W3C's two standards.
    Baggage,
    /// As one that is only traced.
    Trace,
}

/// The next service: its name, the outbound listeners by which it is called, and what it is handed.
#[derive(Debug, Clone)]
pub struct Next {
    pub host: String,
    pub http: SocketAddr,
    pub grpc: SocketAddr,
    pub hands_on: HandsOn,
}

/// A running service, which stops accepting when this is dropped.
pub struct App {
    pub port: u16,
    service: Arc<Service>,
    accepting: AbortHandle,
}

struct Service {
    name: Mutex<String>,
    next: Option<Next>,
    fails: AtomicBool,
}

impl App {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start(name: &str, next: Option<Next>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let service = Arc::new(Service { name: Mutex::new(name.to_owned()), next, fails: AtomicBool::new(false) });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&service))).abort_handle();
        Self { port, service, accepting }
    }

    /// Is another version from now on, as after its pods got another image.
    pub fn become_version(&self, name: &str) {
        *self.service.name.lock().unwrap() = name.to_owned();
    }

    /// Whether it answers with an error from now on, whatever it is asked.
    pub fn fail(&self, fails: bool) {
        self.service.fails.store(fails, SeqCst);
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, service: Arc<Service>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let answer = service_fn(move |request| Arc::clone(&service).answer(request));
            // A caller that goes away in the middle is no failure of the service.
            let connection = Builder::new(TokioExecutor::new());
            let _ = connection.serve_connection_with_upgrades(TokioIo::new(stream), answer).await;
        });
    }
}

impl Service {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let grpc =
            request.headers().get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(GRPC.as_bytes()));
        let answer = match websocket_key(request.headers()) {
            _ if self.fails.load(SeqCst) => Err(format!("{} fails", self.name())),
            Some(key) => self.upgraded(request, &key).await,
            None => self
                .hops(request, grpc)
                .await
                .map(|hops| if grpc { grpc_reply(&hops, "0") } else { json_reply(hops, "200") }),
        };
        let failed = |error: String| {
            let response = Response::builder().status(StatusCode::BAD_GATEWAY);
            response.body(Full::from(error).boxed()).unwrap()
        };
        Ok(answer.unwrap_or_else(failed))
    }

    /// This hop and those behind it, as a JSON array.
    async fn hops(&self, request: Request<Incoming>, grpc: bool) -> Result<String, String> {
        let own = self.hop(&request);
        let Some(next) = &self.next else { return Ok(Value::from(vec![own]).to_string()) };
        let mut call = Self::call(&request, next);
        let body = request.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        let (server, protocol) = if grpc { (next.grpc, Protocol::Http2) } else { (next.http, Protocol::Http1) };
        if grpc {
            call.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
            call.headers_mut().insert(TE, HeaderValue::from_static("trailers"));
        }
        let answer = Client::new(server, protocol).send(call.map(|()| body)).await?;
        let text = if grpc { answer.body.get(5..).unwrap_or_default() } else { &answer.body[..] };
        with(own, text).ok_or_else(|| format!("{} of {}: {:?}", answer.status, next.host, answer))
    }

    /// Opens the next socket, accepts this one, greets with the hops, then hands messages on both ways.
    async fn upgraded(&self, mut request: Request<Incoming>, key: &HeaderValue) -> Result<Response<Body>, String> {
        let own = self.hop(&request);
        let (next, others) = match &self.next {
            Some(next) => {
                greeted(next.http, Self::call(&request, next)).await.map(|(socket, said)| (Some(socket), said))?
            }
            None => (None, Bytes::from("[]")),
        };
        let greeting = with(own, &others).ok_or_else(|| format!("no hops in the greeting {others:?}"))?;
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let Ok(upgraded) = upgraded.await else { return };
            let caller = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            match next {
                Some(next) => relay(caller, greeting, next).await,
                None => talk(caller, greeting).await,
            }
        });
        Ok(switching_protocols(key))
    }

    fn name(&self) -> String {
        self.name.lock().unwrap().clone()
    }

    fn hop(&self, request: &Request<Incoming>) -> Value {
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let (upstream, method) = (self.name(), request.method().to_string());
        Echo { upstream, method, path, headers: header_lines(request.headers()) }.to_json()
    }

    /// The same request to the next service.
    fn call(request: &Request<Incoming>, next: &Next) -> Request<()> {
        let handed_on = |name: &HeaderName| match next.hands_on {
            HandsOn::All => !OF_ONE_HOP.contains(&name.as_str()),
            HandsOn::Baggage => ["baggage", "traceparent"].contains(&name.as_str()),
            HandsOn::Trace => name == "traceparent",
        };
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let mut call = Request::builder().method(request.method()).uri(path).body(()).unwrap();
        let lines = request.headers().iter().filter(|(name, _)| handed_on(name));
        call.headers_mut().extend(lines.map(|(name, value)| (name.clone(), value.clone())));
        call.headers_mut().insert(HOST, next.host.parse().unwrap());
        call
    }
}

async fn relay(mut caller: WebSocketStream<TokioIo<Upgraded>>, greeting: String, next: WebSocketStream<TcpStream>) {
    if caller.send(Message::text(greeting)).await.is_err() {
        return;
    }
    let (to_caller, from_caller) = caller.split();
    let (to_next, from_next) = next.split();
    // Whoever closes first ends both.
    let _ = select(from_caller.forward(to_next), from_next.forward(to_caller)).await;
}

/// A hop in front of the others, which must be a JSON array.
fn with(own: Value, others: &[u8]) -> Option<String> {
    let mut hops = vec![own];
    hops.extend(serde_json::from_slice::<Vec<Value>>(others).ok()?);
    Some(Value::from(hops).to_string())
}
