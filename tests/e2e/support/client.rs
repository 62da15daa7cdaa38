//! A client over one connection that says what came back, and a WebSocket.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;

use super::echo::{Echo, header_lines};

/// The host of a request that names none.
pub const DEFAULT_HOST: &str = "shop.test";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    /// Without TLS, by prior knowledge.
    Http2,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Bytes,
    pub trailers: Vec<(String, Vec<u8>)>,
}

impl Answer {
    /// What the upstream saw of the request; panics if no upstream answered.
    #[track_caller]
    pub fn echo(&self) -> Echo {
        // A gRPC message has five bytes before the text.
        let text = if self.body.first() == Some(&0) { &self.body[5..] } else { &self.body[..] };
        Echo::from_json(text).unwrap_or_else(|problem| panic!("status {}: {problem}", self.status))
    }

    /// The first line of that header, as text.
    pub fn header(&self, name: &str) -> Option<String> {
        let line = self.headers.iter().find(|(each, _)| each == name);
        line.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}

/// One connection at a time; a new one is opened when the server has closed the old one between two requests.
pub struct Client {
    server: SocketAddr,
    protocol: Protocol,
    connection: Option<Connection>,
}

enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    /// Connects with the first request.
    pub fn new(server: SocketAddr, protocol: Protocol) -> Self {
        Self { server, protocol, connection: None }
    }

    /// Sends a request whose URI is a path, to the host in its `host` header (default [`DEFAULT_HOST`]).
    pub async fn send(&mut self, request: Request<Bytes>) -> Result<Answer, String> {
        let request = complete(request.map(Full::new), self.protocol);
        let response = match self.connection().await? {
            Connection::Http1(sender) => sender.send_request(request).await,
            Connection::Http2(sender) => sender.send_request(request).await,
        };
        read(response.map_err(|error| format!("no answer: {error:?}"))?).await
    }

    async fn connection(&mut self) -> Result<&mut Connection, String> {
        let open = match self.connection.take() {
            Some(old) => old.if_open().await,
            None => None,
        };
        let connection = match open {
            Some(open) => open,
            None => connect(self.server, self.protocol).await?,
        };
        Ok(self.connection.insert(connection))
    }
}

impl Connection {
    async fn if_open(mut self) -> Option<Self> {
        let ready = match &mut self {
            Self::Http1(sender) => sender.ready().await,
            Self::Http2(sender) => sender.ready().await,
        };
        ready.ok().map(|()| self)
    }
}

/// Opens a WebSocket to `server` and reads the upstream's greeting, which says what it saw; the URI of `request` is a path.
pub async fn websocket(server: SocketAddr, request: Request<()>) -> Result<(WebSocketStream<TcpStream>, Echo), String> {
    let (socket, greeting) = greeted(server, request).await?;
    Ok((socket, Echo::from_json(&greeting)?))
}

/// The same whatever the greeting says; to the host in the `host` header (default [`DEFAULT_HOST`]).
pub async fn greeted(server: SocketAddr, request: Request<()>) -> Result<(WebSocketStream<TcpStream>, Bytes), String> {
    let stream = TcpStream::connect(server).await.map_err(|error| error.to_string())?;
    let (mut parts, ()) = request.into_parts();
    parts.uri = format!("ws://{DEFAULT_HOST}{}", parts.uri).parse().map_err(|error| format!("{error}"))?;
    parts.headers.entry(HOST).or_insert(HeaderValue::from_static(DEFAULT_HOST));
    let fixed = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        // The example key of RFC 6455: one test needs no secrecy.
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (name, value) in fixed {
        parts.headers.insert(name, HeaderValue::from_static(value));
    }
    let opened = tokio_tungstenite::client_async(Request::from_parts(parts, ()), stream).await;
    let (mut socket, _) = opened.map_err(|error| error.to_string())?;
    let greeting = socket.next().await.ok_or("no greeting")?.map_err(|error| error.to_string())?;
    Ok((socket, greeting.into_data()))
}

async fn connect(server: SocketAddr, protocol: Protocol) -> Result<Connection, String> {
    let stream = TcpStream::connect(server).await.map_err(|error| format!("cannot connect to {server}: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let stream = TokioIo::new(stream);
    match protocol {
        Protocol::Http1 => {
            let (sender, connection) = http1::handshake(stream).await.map_err(|error| error.to_string())?;
            tokio::spawn(connection);
            Ok(Connection::Http1(sender))
        }
        Protocol::Http2 => {
            let handshake = http2::handshake(TokioExecutor::new(), stream).await;
            let (sender, connection) = handshake.map_err(|error| error.to_string())?;
            tokio::spawn(connection);
            Ok(Connection::Http2(sender))
        }
    }
}

/// HTTP/1 wants the host as a header and a path as the target, HTTP/2 wants both in the URI.
fn complete(mut request: Request<Full<Bytes>>, protocol: Protocol) -> Request<Full<Bytes>> {
    let host = request.headers_mut().remove(HOST).unwrap_or(HeaderValue::from_static(DEFAULT_HOST));
    match protocol {
        Protocol::Http1 => {
            request.headers_mut().insert(HOST, host);
        }
        Protocol::Http2 => {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            let uri = Uri::builder().scheme("http").authority(host.as_bytes()).path_and_query(path).build();
            *request.uri_mut() = uri.unwrap();
        }
    }
    request
}

async fn read(response: Response<Incoming>) -> Result<Answer, String> {
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.map_err(|error| format!("answer cut off: {error:?}"))?;
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: header_lines(&parts.headers),
        trailers: collected.trailers().map(header_lines).unwrap_or_default(),
        body: collected.to_bytes(),
    })
}
