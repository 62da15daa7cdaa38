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

/// What `http://HOST_AND_PORT/PATH` answers with status 200, in no more bytes than these.
pub async fn get(host_and_port: &str, path: &str, bytes_max: usize) -> Result<Bytes> {
    let answer = tokio::time::timeout(DEADLINE, ask(host_and_port, path, bytes_max)).await;
    let late = || Error::new(ErrorKind::TimedOut, format!("no answer within {DEADLINE:?}"));
    let answer = answer.unwrap_or_else(|_| Err(late()));
    answer.map_err(|error| Error::new(error.kind(), format!("http://{host_and_port}{path}: {error}")))
}

async fn ask(host_and_port: &str, path: &str, bytes_max: usize) -> Result<Bytes> {
    let stream = TcpStream::connect(host_and_port).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(Error::other)?;
    let request = Request::get(path).header("host", host_and_port).header("connection", "close");
    let request = request.body(Empty::<Bytes>::new()).map_err(Error::other)?;
    let connection = tokio::spawn(connection);
    let read = async {
        let response = sender.send_request(request).await.map_err(Error::other)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), bytes_max).collect().await.map_err(Error::other)?;
        if status.is_success() { Ok(body.to_bytes()) } else { Err(Error::other(format!("status {status}"))) }
    };
    let answer = read.await;
    connection.abort();
    answer
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_read_as_far_as_it_may_be_long() {
        for (bytes_max, expected) in [(5, Some("hello")), (4, None)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let answer = async {
                let (stream, _) = listener.accept().await.unwrap();
                stream.readable().await.unwrap();
                let said = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
                assert_eq!(stream.try_write(said).unwrap(), said.len());
                stream
            };
            let (got, _open) = tokio::join!(get(&address, "/", bytes_max), answer);
            assert_eq!(got.ok().as_deref(), expected.map(str::as_bytes), "{bytes_max}");
        }
    }
}
