//! A client that can say what no gRPC library would.

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest, handshake};
use h2::{RecvStream, SendStream};
use http::Request;
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::client::soon;

/// How an HTTP/2 client begins: the preface, and settings that change nothing.
pub const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The method of delta streams.
pub const DELTA: &str = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

/// A delta stream on a connection of its own.
pub async fn open(address: &str) -> (SendStream<Bytes>, ResponseFuture) {
    open_at(address, DELTA).await
}

/// A call of this method.
pub async fn open_at(address: &str, path: &str) -> (SendStream<Bytes>, ResponseFuture) {
    open_over(TcpStream::connect(address).await.unwrap(), address, path).await
}

/// The same over a connection that is there.
pub async fn open_over(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: &str,
    path: &str,
) -> (SendStream<Bytes>, ResponseFuture) {
    open_on(&connect(io).await, address, path).await
}

/// A connection of HTTP/2.
pub async fn connect(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> SendRequest<Bytes> {
    let (requests, connection) = soon(handshake(io)).await.unwrap();
    tokio::spawn(connection);
    requests
}

/// A call of this method on a connection.
pub async fn open_on(requests: &SendRequest<Bytes>, address: &str, path: &str) -> (SendStream<Bytes>, ResponseFuture) {
    let request = Request::post(format!("http://{address}{path}")).header("content-type", "application/grpc");
    let mut requests = soon(requests.clone().ready()).await.unwrap();
    let (answer, stream) = requests.send_request(request.body(()).unwrap(), false).unwrap();
    (stream, answer)
}

/// A gRPC message.
pub fn message(message: &impl Message) -> Bytes {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, &message].concat().into()
}

/// The `grpc-status` that a call ends with.
pub async fn status(answer: ResponseFuture) -> String {
    let answer = answer.await.unwrap();
    if let Some(status) = answer.headers().get("grpc-status") {
        return status.to_str().unwrap().to_owned();
    }
    let mut body: RecvStream = answer.into_body();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    let trailers = body.trailers().await.unwrap().expect("trailers");
    trailers["grpc-status"].to_str().unwrap().to_owned()
}
