//! A collector of OpenTelemetry spans, as Envoy sends them: protobuf over HTTP.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// What a test reads of a span.
#[derive(Debug, Clone)]
pub struct Span {
    /// The trace's id in hex digits, as Envoy logs it.
    pub trace: String,
    /// Those that are text.
    pub attributes: BTreeMap<String, String>,
}

/// A server on a free port of the loopback; stops accepting when dropped.
pub struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
    accepting: AbortHandle,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let spans = Arc::default();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&spans))).abort_handle();
        Self { address, spans, accepting }
    }

    /// For a `${..._PORT}` placeholder.
    pub fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// All spans so far; Envoy sends them in batches, seconds after the answer.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, spans: Arc<Mutex<Vec<Span>>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let spans = Arc::clone(&spans);
        tokio::spawn(async move {
            let service = service_fn(|request| take(request, Arc::clone(&spans)));
            // Envoy goes away at the end of a test; what it did not send is missed there.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn take(request: Request<Incoming>, spans: Arc<Mutex<Vec<Span>>>) -> Result<Response<Empty<Bytes>>, Infallible> {
    assert_eq!(request.uri().path(), "/v1/traces");
    let body = request.into_body().collect().await.expect("a whole body").to_bytes();
    let export = otlp::Export::decode(body).expect("ExportTraceServiceRequest");
    let scopes = export.resources.into_iter().flat_map(|resource| resource.scopes);
    spans.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans).map(Span::from));
    // No body is the ExportTraceServiceResponse that takes all.
    Ok(Response::new(Empty::new()))
}

impl From<otlp::Span> for Span {
    fn from(span: otlp::Span) -> Self {
        let text = |one: otlp::KeyValue| Some((one.key, one.value?.text?));
        Self {
            trace: span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect(),
            attributes: span.attributes.into_iter().filter_map(text).collect(),
        }
    }
}

/// As much of opentelemetry/proto/collector/trace/v1 as a test reads; the crate that has it whole needs ten others.
mod otlp {
    use prost::Message;

    #[derive(Message)]
    pub struct Export {
        #[prost(message, repeated, tag = "1")]
        pub resources: Vec<ResourceSpans>,
    }

    #[derive(Message)]
    pub struct ResourceSpans {
        #[prost(message, repeated, tag = "2")]
        pub scopes: Vec<ScopeSpans>,
    }

    #[derive(Message)]
    pub struct ScopeSpans {
        #[prost(message, repeated, tag = "2")]
        pub spans: Vec<Span>,
    }

    #[derive(Message)]
    pub struct Span {
        #[prost(bytes = "vec", tag = "1")]
        pub trace_id: Vec<u8>,
        #[prost(message, repeated, tag = "9")]
        pub attributes: Vec<KeyValue>,
    }

    #[derive(Message)]
    pub struct KeyValue {
        #[prost(string, tag = "1")]
        pub key: String,
        #[prost(message, optional, tag = "2")]
        pub value: Option<AnyValue>,
    }

    #[derive(Message)]
    pub struct AnyValue {
        #[prost(string, optional, tag = "1")]
        pub text: Option<String>,
    }
}
