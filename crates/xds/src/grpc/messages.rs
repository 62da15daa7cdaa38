//! gRPC messages over HTTP/2, as far as ADS needs them: messages in, messages out, a status at the end.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response};
use prost::Message;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::Status;

use crate::memory::{MemoryBudget, Reservation};

/// Envoy lists every version it has when it reconnects: 60,000 resources fit.
const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// Messages up to this are taken in without a reservation.
const SMALL_BYTES_MAX: usize = 64 << 10;
/// A message that is not small must be complete within this.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);
/// A client that does not read a slice of a response within the timeout is disconnected. The bytes it holds up meanwhile are
/// shared by all clients that are sent the same.
const SLICE_BYTES: usize = 1 << 20;
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Before each message: one byte that says whether it is compressed, and four of its length.
pub(crate) const PREFIX_BYTES: usize = 5;

/// Why a client's messages come to an end before it has closed its side.
pub(crate) enum Broken {
    /// What it sends is not taken.
    Refused(Status),
    /// The stream was reset, or its connection is gone.
    Lost,
}

impl From<Status> for Broken {
    fn from(status: Status) -> Broken {
        Broken::Refused(status)
    }
}

/// The messages of a client.
pub(crate) struct Requests<M> {
    body: RecvStream,
    /// The beginning of the next message, as far as it has arrived.
    partial: BytesMut,
    memory: MemoryBudget,
    /// Of a message that is not small: the memory reserved for it, and until when it must be complete.
    large: Option<(Reservation, Instant)>,
    message: PhantomData<M>,
}

impl<M: Message + Default> Requests<M> {
    pub fn new(body: RecvStream, memory: MemoryBudget) -> Requests<M> {
        Requests { body, partial: BytesMut::new(), memory, large: None, message: PhantomData }
    }

    /// The next message; `None` when the client has closed its side. Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<M>, Broken> {
        loop {
            let length = self.length()?;
            if let Some(length) = length.filter(|length| self.partial.len() - PREFIX_BYTES >= *length) {
                return Ok(Some(self.decode(length)?));
            }
            if self.large.is_none() && length.is_some_and(|length| length > SMALL_BYTES_MAX) {
                self.large = Some((self.memory.reserve(MESSAGE_BYTES_MAX).await, Instant::now() + MESSAGE_TIMEOUT));
            }
            let data = poll_fn(|cx| self.body.poll_data(cx));
            let data = match &self.large {
                None => data.await,
                Some((_, deadline)) => timeout_at(*deadline, data).await.map_err(|_| too_slow())?,
            };
            let Some(data) = data.transpose().map_err(|_| Broken::Lost)? else { return Ok(None) };
            // Releasing fails only for more bytes than have arrived.
            let _ = self.body.flow_control().release_capacity(data.len());
            self.partial.extend_from_slice(&data);
        }
    }

    /// The length of the message that has begun to arrive.
    fn length(&self) -> Result<Option<usize>, Status> {
        let Some((prefix, _)) = self.partial.split_first_chunk::<PREFIX_BYTES>() else { return Ok(None) };
        let [compressed, length @ ..] = *prefix;
        if compressed != 0 {
            return Err(Status::unimplemented("compressed messages are not taken"));
        }
        let length = u32::from_be_bytes(length) as usize;
        if length > MESSAGE_BYTES_MAX {
            return Err(Status::out_of_range(format!(
                "a message of {length} bytes; at most {MESSAGE_BYTES_MAX} are taken"
            )));
        }
        Ok(Some(length))
    }

    fn decode(&mut self, length: usize) -> Result<M, Status> {
        self.partial.advance(PREFIX_BYTES);
        let message = M::decode(self.partial.split_to(length).freeze());
        self.large = None;
        if self.partial.is_empty() {
            // An idle stream keeps nothing.
            self.partial = BytesMut::new();
        }
        message.map_err(|error| Status::internal(format!("a message that cannot be read: {error}")))
    }
}

fn too_slow() -> Status {
    Status::deadline_exceeded(format!("a message was not complete within {MESSAGE_TIMEOUT:?}"))
}

/// The messages to a client, and the status at the end.
pub(crate) struct Responses(SendStream<Bytes>);

impl Responses {
    /// Sends the head of the response; `None` if the client has closed the stream already.
    pub fn open(mut respond: SendResponse<Bytes>) -> Option<Responses> {
        respond.send_response(head(), false).ok().map(Responses)
    }

    /// Sends a message, its chunks in order; returns once all of it is handed to the connection, which takes as much as the
    /// client reads and one small buffer more. False if the client has closed the stream.
    ///
    /// # Errors
    /// The client does not read.
    pub async fn send(&mut self, chunks: Vec<Bytes>) -> Result<bool, Elapsed> {
        for mut chunk in chunks {
            while !chunk.is_empty() {
                let slice = chunk.split_to(chunk.len().min(SLICE_BYTES));
                if !timeout(READ_TIMEOUT, self.hand_over(slice)).await? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    async fn hand_over(&mut self, mut slice: Bytes) -> bool {
        while !slice.is_empty() {
            self.0.reserve_capacity(slice.len());
            let Some(capacity) = self.capacity().await else { return false };
            if self.0.send_data(slice.split_to(capacity.min(slice.len())), false).is_err() {
                return false;
            }
        }
        true
    }

    async fn capacity(&mut self) -> Option<usize> {
        while self.0.capacity() == 0 {
            poll_fn(|cx| self.0.poll_capacity(cx)).await?.ok()?;
        }
        Some(self.0.capacity())
    }

    /// Ends the stream with a status.
    pub fn end(mut self, status: &Status) {
        // A client that has closed the stream does not get it.
        let _ = self.0.send_trailers(trailers(status));
    }
}

/// Whether a request is for gRPC at all.
pub(crate) fn is_grpc<B>(request: &Request<B>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// An answer that is only a status.
pub(crate) fn refuse(mut respond: SendResponse<Bytes>, status: &Status) {
    let mut response = head();
    response.headers_mut().extend(trailers(status));
    let _ = respond.send_response(response, true);
}

fn head() -> Response<()> {
    let mut response = Response::new(());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    // It fails for details that are no header value; there are none.
    let _ = status.add_header(&mut trailers);
    if let Ok(message) = HeaderValue::from_str(&percent_encoded(status.message())) {
        trailers.insert("grpc-message", message);
    }
    trailers
}

/// A message as gRPC wants it in a header, and no more than that: Envoy shows it as it comes, so people read it.
fn percent_encoded(message: &str) -> String {
    let mut encoded = String::new();
    for byte in message.bytes() {
        match byte {
            b'%' | ..b' ' | 0x7f.. => encoded += &format!("%{byte:02X}"),
            plain => encoded.push(plain.into()),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_encoded_where_it_is_no_plain_text() {
        let table = [
            ("it says namespace bank, and \"more\" ~", "it says namespace bank, and \"more\" ~"),
            ("100%\r\n\0\u{7f}", "100%25%0D%0A%00%7F"),
            ("é", "%C3%A9"),
        ];
        for (message, encoded) in table {
            assert_eq!(percent_encoded(message), encoded);
            let sent = trailers(&Status::permission_denied(message));
            assert_eq!(sent["grpc-message"], encoded);
            assert_eq!(Status::from_header_map(&sent).unwrap().message(), message);
        }
    }
}
