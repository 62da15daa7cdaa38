//! How a stream comes to its end: in order, or lost.

use bytes::Bytes;
use h2::{Reason, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional, duplex};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use weir_xds::{Event, ResourceKind};

use crate::client::{introduction, soon};
use crate::{Served, raw, tls};

/// A gRPC message that says who asks.
fn hello() -> Bytes {
    raw::message(&introduction(ResourceKind::Cluster, &[], "envoy-1", "edge"))
}

/// Whether the next stream that ends was lost.
async fn was_lost(served: &mut Served) -> bool {
    loop {
        if let Event::Disconnected { lost, reason: None } = soon(served.reports.recv()).await.unwrap().event {
            return lost;
        }
    }
}

async fn until_connected(served: &mut Served) {
    while !matches!(soon(served.reports.recv()).await.unwrap().event, Event::Connected { .. }) {}
}

#[tokio::test]
async fn who_ends_the_stream_is_not_lost_and_who_resets_it_is() {
    let end = |mut stream: SendStream<Bytes>| stream.send_data(Bytes::new(), true).unwrap();
    let reset = |mut stream: SendStream<Bytes>| stream.send_reset(Reason::CANCEL);
    let mut served = Served::start(&[]).await;
    for (how, lost) in [(end as fn(SendStream<Bytes>), false), (reset, true)] {
        let (mut stream, _answer) = raw::open(&served.address).await;
        stream.send_data(hello(), false).unwrap();
        until_connected(&mut served).await;
        how(stream);
        assert_eq!(was_lost(&mut served).await, lost);
    }
}

#[tokio::test]
async fn who_is_told_that_the_server_stops_is_not_lost() {
    let mut served = Served::start(&[]).await;
    let (mut stream, _answer) = raw::open(&served.address).await;
    stream.send_data(hello(), false).unwrap();
    until_connected(&mut served).await;
    std::mem::replace(&mut served.shutdown, oneshot::channel().0).send(()).unwrap();
    assert!(!was_lost(&mut served).await);
}

/// Whether a client is lost that closes its connection without a word of HTTP/2, as Envoy does however it ends; over TLS with
/// or without a farewell.
async fn closed(
    mut io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    served: &mut Served,
    farewell: bool,
) -> bool {
    let (near, mut far) = duplex(64 << 10);
    let (close, closing) = oneshot::channel::<()>();
    tokio::spawn(async move {
        tokio::select! {
            _ = copy_bidirectional(&mut far, &mut io) => {}
            _ = closing => {}
        }
        if farewell {
            io.shutdown().await.unwrap();
        }
    });
    let (mut stream, _answer) = raw::open_over(near, &served.address, raw::DELTA).await;
    stream.send_data(hello(), false).unwrap();
    until_connected(served).await;
    close.send(()).unwrap();
    was_lost(served).await
}

#[tokio::test]
async fn a_connection_that_is_closed_is_lost_unless_the_client_says_so_over_tls() {
    let mut served = Served::start(&[]).await;
    for farewell in [false, true] {
        let stream = TcpStream::connect(&served.address).await.unwrap();
        assert!(closed(stream, &mut served, farewell).await, "without TLS nobody can say so");
    }
    let (mut served, connector) = tls::serve().await;
    for farewell in [false, true] {
        let stream = TcpStream::connect(&served.address).await.unwrap();
        let stream = soon(connector.connect("localhost".try_into().unwrap(), stream)).await.unwrap();
        assert_eq!(closed(stream, &mut served, farewell).await, !farewell);
    }
}
