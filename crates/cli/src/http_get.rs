//! One GET over plain HTTP/1.1, with a deadline and a bound.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const DEADLINE: Duration = Duration::from_secs(3);
/// A fleet of 10,000 is 5 MB.
const BODY_BYTES_MAX: usize = 64 << 20;

/// What `http://HOST_AND_PORT/PATH` answers with status 200.
pub async fn get(host_and_port: &str, path: &str) -> Result<Bytes> {
    let answer = tokio::time::timeout(DEADLINE, ask(host_and_port, path)).await;
    let late = || Error::new(ErrorKind::TimedOut, format!("no answer within {DEADLINE:?}"));
    let answer = answer.unwrap_or_else(|_| Err(late()));
    answer.map_err(|error| Error::new(error.kind(), format!("http://{host_and_port}{path}: {error}")))
}

async fn ask(host_and_port: &str, path: &str) -> Result<Bytes> {
    let stream = TcpStream::connect(host_and_port).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(Error::other)?;
    let request = Request::get(path).header("host", host_and_port).header("connection", "close");
    let request = request.body(Empty::<Bytes>::new()).map_err(Error::other)?;
    let connection = tokio::spawn(connection);
    let read = async {
        let response = sender.send_request(request).await.map_err(Error::other)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await.map_err(Error::other)?;
        if status.is_success() { Ok(body.to_bytes()) } else { Err(Error::other(format!("status {status}"))) }
    };
    let answer = read.await;
    connection.abort();
    answer
}
