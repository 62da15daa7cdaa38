//! Memory for messages of clients that are not small: together they take no more than there is room for.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What such messages may take together.
const BYTES_MAX: usize = 256 << 20;
/// Room is given out in pieces of this size.
const PIECE_BYTES: usize = 4 << 10;

/// Room for the messages of all clients of a server.
#[derive(Clone)]
pub(crate) struct Room(Arc<Semaphore>);

/// Room that was taken; it is given back when dropped.
pub(crate) struct Taken(#[expect(dead_code, reason = "held for its drop")] Option<OwnedSemaphorePermit>);

impl Room {
    pub fn new() -> Room {
        Room(Arc::new(Semaphore::new(BYTES_MAX / PIECE_BYTES)))
    }

    /// Waits for room for so many bytes.
    pub async fn take(&self, bytes: usize) -> Taken {
        let pieces = bytes.div_ceil(PIECE_BYTES).min(BYTES_MAX / PIECE_BYTES);
        // It would fail if the semaphore were closed, which nobody does.
        Taken(self.0.clone().acquire_many_owned(pieces as u32).await.ok())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn room_is_given_out_as_far_as_it_goes_and_comes_back() {
        let room = Room::new();
        let half = BYTES_MAX / 2;
        let (first, second) = (room.take(half).await, room.take(half).await);
        let waits = |bytes| {
            let room = room.clone();
            async move { tokio::time::timeout(Duration::from_millis(20), room.take(bytes)).await.is_err() }
        };
        assert!(waits(1).await);
        drop(first);
        assert!(!waits(half).await);
        assert!(waits(half + 1).await);
        drop(second);
        assert!(!waits(usize::MAX).await, "what is larger than all gets all");
    }
}
