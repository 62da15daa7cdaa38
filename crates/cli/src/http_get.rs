//! GETs over plain HTTP/1.1, with a deadline and a bound.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

const DEADLINE: Duration = Duration::from_secs(3);

/// What `http://HOST_AND_PORT/PATH` answers with status 200, in no more bytes than these.
pub async fn get(host_and_port: &str, path: &str, bytes_max: usize) -> Result<Bytes> {
    get_each(host_and_port, [path], bytes_max).await.map(|[answer]| answer)
}

/// The same of several paths, one after the other by one connection, so that all are answered by one process.
pub async fn get_each<const N: usize>(host_and_port: &str, paths: [&str; N], bytes_max: usize) -> Result<[Bytes; N]> {
    let until = Instant::now() + DEADLINE;
    // What asks goes with the connection, however this ends.
    let mut connection = JoinSet::new();
    let named = |path: &str, error: Error| {
        let path = path.split('?').next().unwrap_or_default();
        Error::new(error.kind(), format!("http://{host_and_port}{path}: {error}"))
    };
    let first = paths.first().unwrap_or(&"");
    let mut sender =
        in_time(until, connect(host_and_port, &mut connection)).await.map_err(|error| named(first, error))?;
    let mut answers = [const { Bytes::new() }; N];
    for (answer, path) in answers.iter_mut().zip(paths) {
        let asked = ask_one(&mut sender, host_and_port, path, bytes_max);
        *answer = in_time(until, asked).await.map_err(|error| named(path, error))?;
    }
    Ok(answers)
}

async fn in_time<T>(until: Instant, asked: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || Error::new(ErrorKind::TimedOut, format!("no answer within {DEADLINE:?}"));
    timeout_at(until, asked).await.unwrap_or_else(|_| Err(late()))
}

async fn connect(host_and_port: &str, spawned: &mut JoinSet<hyper::Result<()>>) -> Result<SendRequest<Empty<Bytes>>> {
    let stream = TcpStream::connect(host_and_port).await?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(Error::other)?;
    spawned.spawn(connection);
    Ok(sender)
}

async fn ask_one(
    sender: &mut SendRequest<Empty<Bytes>>,
    host_and_port: &str,
    path: &str,
    bytes_max: usize,
) -> Result<Bytes> {
    sender.ready().await.map_err(Error::other)?;
    let request = Request::get(path).header("host", host_and_port).body(Empty::new()).map_err(Error::other)?;
    let response = sender.send_request(request).await.map_err(Error::other)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), bytes_max).collect().await.map_err(Error::other)?;
    if status.is_success() { Ok(body.to_bytes()) } else { Err(Error::other(format!("status {status}"))) }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Answers so many requests of one connection with this body.
    async fn answer(listener: TcpListener, requests: usize, body: &str) -> TcpStream {
        let (stream, _) = listener.accept().await.unwrap();
        for _ in 0..requests {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                stream.readable().await.unwrap();
                let _ = stream.try_read_buf(&mut asked);
            }
            let said = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            assert_eq!(stream.try_write(said.as_bytes()).unwrap(), said.len());
        }
        stream
    }

    #[tokio::test]
    async fn an_answer_is_read_as_far_as_it_may_be_long() {
        for (bytes_max, expected) in [(5, Some("hello")), (4, None)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let (got, _open) = tokio::join!(get(&address, "/", bytes_max), answer(listener, 1, "hello"));
            assert_eq!(got.ok().as_deref(), expected.map(str::as_bytes), "{bytes_max}");
        }
    }

    /// Only one connection is accepted.
    #[tokio::test]
    async fn several_paths_are_asked_by_one_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (got, _open) = tokio::join!(get_each(&address, ["/a", "/b"], 5), answer(listener, 2, "hello"));
        assert_eq!(got.unwrap(), ["hello", "hello"]);
    }

    /// A query may be as long as a list of experiments.
    #[tokio::test]
    async fn the_path_that_was_not_answered_is_named_without_its_query() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let both = async { drop(answer(listener, 1, "hello").await) };
        let (got, ()) = tokio::join!(get_each(&address, ["/a?b", "/c?d"], 5), both);
        let error = got.unwrap_err().to_string();
        assert!(error.starts_with(&format!("http://{address}/c: ")), "{error}");
    }
}
