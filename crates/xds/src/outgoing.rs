//! Responses on their way to clients: together they hold no more memory than a budget, however slowly they are read.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_stream::Stream;
use tonic::Status;

/// What responses may take together; one may take half of it.
const BYTES_MAX: usize = 256 << 20;
/// Room is given out in pieces of this size.
const PIECE_BYTES: usize = 4 << 10;

/// Room for all responses of a server.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

/// A response with its room, or the end.
pub(crate) type Outgoing<Response> = Result<(Response, Room), Status>;

/// Room for one response. Who asked for it hears when it is given back.
pub(crate) struct Room {
    _permit: Option<OwnedSemaphorePermit>,
    _written: oneshot::Sender<()>,
}

impl Budget {
    pub fn new() -> Budget {
        Budget(Arc::new(Semaphore::new(BYTES_MAX / PIECE_BYTES)))
    }

    /// Waits for room for so many bytes, which are held twice while they are written.
    pub async fn room(&self, bytes: usize) -> (Room, oneshot::Receiver<()>) {
        let (written, word) = oneshot::channel();
        // What is small does not queue behind what is large, and takes little even for every connection.
        if bytes <= SLICE_BYTES {
            return (Room { _permit: None, _written: written }, word);
        }
        let pieces = (bytes.saturating_mul(2) / PIECE_BYTES).min(BYTES_MAX / PIECE_BYTES);
        // It would fail if the budget were closed, which nobody does.
        let permit = self.0.clone().acquire_many_owned(pieces as u32).await.ok();
        (Room { _permit: permit, _written: written }, word)
    }
}

/// A stream of responses that keeps the room of each until the transport asks for the next one: by then it is written.
pub(crate) struct Responses<Response> {
    responses: mpsc::Receiver<Outgoing<Response>>,
    written: Option<Room>,
}

impl<Response> Responses<Response> {
    pub fn new(responses: mpsc::Receiver<Outgoing<Response>>) -> Responses<Response> {
        Responses { responses, written: None }
    }
}

impl<Response> Stream for Responses<Response> {
    type Item = Result<Response, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.written = None;
        self.responses.poll_recv(cx).map(|next| {
            next.map(|outgoing| {
                outgoing.map(|(response, room)| {
                    self.written = Some(room);
                    response
                })
            })
        })
    }
}

/// A body in small frames. hyper hands the next frame to HTTP/2 when there is a window for it, but a whole frame at once
/// and asks for another: of a large one nobody would know whether it was ever read.
pub(crate) struct InSlices {
    body: Body,
    slices: Bytes,
}

const SLICE_BYTES: usize = 64 << 10;

impl InSlices {
    pub fn of(body: Body) -> Body {
        Body::new(InSlices { body, slices: Bytes::new() })
    }
}

impl HttpBody for InSlices {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.slices.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?.map(Frame::into_data) {
                Some(Ok(data)) => self.slices = data,
                Some(Err(trailers)) => return Poll::Ready(Some(Ok(trailers))),
                None => return Poll::Ready(None),
            }
        }
        let slice = self.slices.len().min(SLICE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.slices.split_to(slice)))))
    }

    fn is_end_stream(&self) -> bool {
        self.slices.is_empty() && self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn room_is_given_out_as_far_as_it_goes_and_comes_back() {
        let budget = Budget::new();
        // A response is held twice while it is written.
        let half = BYTES_MAX / 4;
        let ((first, _), (second, _)) = (budget.room(half).await, budget.room(half).await);
        let waits = |bytes| {
            let budget = budget.clone();
            async move { tokio::time::timeout(std::time::Duration::from_millis(20), budget.room(bytes)).await.is_err() }
        };
        assert!(waits(half).await);
        assert!(!waits(SLICE_BYTES).await, "what is small needs no room");
        assert!(waits(SLICE_BYTES + 1).await);
        drop(first);
        assert!(!waits(half).await);
        drop(second);
        assert!(!waits(usize::MAX / 4).await, "what is larger than all gets all");
    }
}
