//! Calls through the chain, and the hops that they take.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::Request;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, TE};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;

use crate::app::Next;
use crate::chain::{Chain, Workload};
use crate::support::client::{Answer, Client, Protocol, greeted};
use crate::support::echo::Echo;

pub type Headers<'a> = &'a [(&'a str, &'a str)];

impl Chain {
    /// The hops of a call with these headers by each protocol.
    pub async fn by_every_protocol(&self, headers: Headers<'_>) -> [(&'static str, Vec<Echo>); 3] {
        [
            ("HTTP", self.get(headers).await),
            ("gRPC", self.grpc(headers).await),
            ("WebSocket", self.websocket(headers).await),
        ]
    }

    /// The hops that a client's GET takes, as the apps saw it; panics unless it arrives at the end of the chain.
    pub async fn get(&self, headers: Headers<'_>) -> Vec<Echo> {
        hops(&self.answer(headers).await).unwrap_or_else(|problem| panic!("{headers:?}: {problem}"))
    }

    /// What a client's GET is answered.
    pub async fn answer(&self, headers: Headers<'_>) -> Answer {
        let server = SocketAddr::new(self.address, self.mesh.network.http);
        Client::new(server, Protocol::Http1).send(get(headers)).await.unwrap()
    }

    /// A client's WebSocket, and the hops that it took.
    pub async fn open(&self, headers: Headers<'_>) -> (WebSocketStream<TcpStream>, Vec<Echo>) {
        let server = SocketAddr::new(self.address, self.mesh.network.http);
        let (socket, greeting) = greeted(server, request("GET", headers)).await.unwrap();
        (socket, listed(&greeting).unwrap_or_else(|problem| panic!("{headers:?}: {problem}")))
    }

    /// The same for a call by gRPC, which must end with the status 0.
    async fn grpc(&self, headers: Headers<'_>) -> Vec<Echo> {
        let server = SocketAddr::new(self.address, self.mesh.network.grpc);
        let mut request = request("POST", headers).map(|()| Bytes::from_static(&[0; 5]));
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        request.headers_mut().insert(TE, HeaderValue::from_static("trailers"));
        let answer = Client::new(server, Protocol::Http2).send(request).await.unwrap();
        assert_eq!(answer.trailers, [("grpc-status".to_owned(), b"0".to_vec())], "{headers:?}: {answer:?}");
        listed(&answer.body[5..]).unwrap_or_else(|problem| panic!("{headers:?}: {problem}"))
    }

    /// The same for a WebSocket, which must carry a message to the end of the chain and back.
    async fn websocket(&self, headers: Headers<'_>) -> Vec<Echo> {
        let (mut socket, hops) = self.open(headers).await;
        socket.send("are you there?".into()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap().as_str(), "are you there?");
        hops
    }
}

impl Workload {
    /// What a GET of this app to the next service is answered.
    pub async fn call_next(&self, headers: Headers<'_>) -> Answer {
        let request = get(headers);
        Client::new(self.next().http, Protocol::Http1).send(self.to_next(request)).await.unwrap()
    }

    /// A WebSocket of this app to the next service.
    pub async fn open_next(&self, headers: Headers<'_>) -> WebSocketStream<TcpStream> {
        greeted(self.next().http, self.to_next(request("GET", headers))).await.unwrap().0
    }

    fn to_next<T>(&self, mut request: Request<T>) -> Request<T> {
        request.headers_mut().insert(HOST, self.next().host.parse().unwrap());
        request
    }

    fn next(&self) -> &Next {
        self.next.as_ref().unwrap_or_else(|| panic!("{} calls nobody", self.service))
    }
}

/// A GET of a client.
pub fn get(headers: Headers<'_>) -> Request<Bytes> {
    request("GET", headers).map(|()| Bytes::new())
}

/// The hops that an answer lists; an `Err` shows what it is instead.
pub fn hops(answer: &Answer) -> Result<Vec<Echo>, String> {
    if answer.status == 200 { listed(&answer.body) } else { Err(format!("{answer:?}")) }
}

/// Who answered, in the order of the hops: such as `storefront v1`.
pub fn names(hops: &[Echo]) -> Vec<&str> {
    hops.iter().map(|hop| hop.upstream.as_str()).collect()
}

fn request(method: &str, headers: Headers<'_>) -> Request<()> {
    let request = Request::builder().method(method).uri("/checkout");
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(()).unwrap()
}

fn listed(text: &[u8]) -> Result<Vec<Echo>, String> {
    let unlike = |_| format!("not a list of hops: {}", String::from_utf8_lossy(text));
    let hops: Vec<Value> = serde_json::from_slice(text).map_err(unlike)?;
    hops.iter().map(|hop| Echo::from_json(hop.to_string().as_bytes())).collect()
}
