//! HTTP/1.1 written byte by byte, for requests that a proper client refuses to send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::Answer;

const DEADLINE: Duration = Duration::from_secs(20);

/// Sends `head` (request line and header lines, each ended by `\r\n`, without the empty line) as it is, adds
/// `connection: close`, and reads the answer to the end of the connection.
pub async fn raw_http1(server: SocketAddr, head: &[u8]) -> Result<Answer, String> {
    timeout(DEADLINE, exchange(server, head)).await.map_err(|_| format!("no whole answer within {DEADLINE:?}"))?
}

async fn exchange(server: SocketAddr, head: &[u8]) -> Result<Answer, String> {
    let mut stream = TcpStream::connect(server).await.map_err(|error| error.to_string())?;
    let request = [head, b"connection: close\r\n\r\n"].concat();
    stream.write_all(&request).await.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.map_err(|error| error.to_string())?;
    parse(&answer).ok_or_else(|| format!("not an HTTP/1.1 answer: {}", String::from_utf8_lossy(&answer)))
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().as_bytes().to_vec()))
    };
    let headers: Vec<_> = lines.map(header).collect::<Option<_>>()?;
    let value = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice());
    let rest = &answer[end + 4..];
    // Echoes and Envoy's own replies have a length; gRPC comes in chunks.
    let body = match (value("content-length"), value("transfer-encoding")) {
        (Some(length), None) if str::from_utf8(length).ok()?.parse() == Ok(rest.len()) => rest.to_vec(),
        (None, Some(b"chunked")) => joined_chunks(rest)?,
        _ => return None,
    };
    Some(Answer { status, headers, body: body.into(), trailers: Vec::new() })
}

/// The chunks up to the last, which is empty.
fn joined_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|bytes| bytes == b"\r\n")?;
        let length = usize::from_str_radix(str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend(rest.get(end + 2..end + 2 + length)?);
        rest = rest[end + 2 + length..].strip_prefix(b"\r\n")?;
    }
}
