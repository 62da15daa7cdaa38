//! The listener beyond ADS: health, and the end.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weir_xds::ResourceKind;

use crate::Served;
use crate::client::{Delta, Sotw, soon};
use crate::raw;

#[tokio::test]
async fn health_is_answered_over_plain_http() {
    let served = Served::start(&[]).await;
    let mut stream = TcpStream::connect(&served.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_method_that_is_not_served_is_told_so() {
    let served = Served::start(&[]).await;
    let (_stream, answer) = raw::open_at(&served.address, "/grpc.health.v1.Health/Check").await;
    assert_eq!(soon(raw::status(answer)).await, "12", "UNIMPLEMENTED");
}

#[tokio::test]
async fn shutting_down_ends_every_stream_and_frees_the_port() {
    let served = Served::start(&[]).await;
    let mut delta = Delta::connect(&served.address).await;
    delta.subscribe(ResourceKind::Cluster, &[]).await;
    delta.receive().await;
    let mut sotw = Sotw::connect(&served.address).await;
    // A client that has hung since it said hello must not hold up the end.
    let mut hung = TcpStream::connect(&served.address).await.unwrap();
    hung.write_all(raw::HELLO).await.unwrap();
    soon(hung.read_u8()).await.unwrap();
    // Nor one that has said nothing yet.
    let silent = TcpStream::connect(&served.address).await.unwrap();

    served.shutdown.send(()).unwrap();
    assert!(delta.ended().await);
    assert!(sotw.ended().await);
    tokio::time::timeout(Duration::from_secs(5), served.server).await.expect("an end within 5 s").unwrap();
    assert!(TcpStream::connect(&served.address).await.is_err());
    drop((hung, silent));
}
