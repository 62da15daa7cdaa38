//! A memory budget for large messages of clients: all clients of a server share it, and wait when it is spent.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that large messages may take together.
const BYTES_MAX: usize = 256 << 20;
/// The unit in which memory is reserved.
const PAGE_BYTES: usize = 4 << 10;

/// The memory that all clients of a server share for their large messages.
#[derive(Clone)]
pub(crate) struct MemoryBudget(Arc<Semaphore>);

/// Memory that was reserved; it is given back when dropped.
pub(crate) struct Reservation(#[expect(dead_code, reason = "held for its drop")] Option<OwnedSemaphorePermit>);

impl MemoryBudget {
    pub fn new() -> MemoryBudget {
        MemoryBudget(Arc::new(Semaphore::new(BYTES_MAX / PAGE_BYTES)))
    }

    /// Waits until so many bytes are free; what is larger than the whole budget gets the whole budget.
    pub async fn reserve(&self, bytes: usize) -> Reservation {
        let pages = bytes.div_ceil(PAGE_BYTES).min(BYTES_MAX / PAGE_BYTES);
        // It would fail if the semaphore were closed, which nobody does.
        Reservation(self.0.clone().acquire_many_owned(pages as u32).await.ok())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn memory_is_reserved_as_far_as_it_goes_and_comes_back() {
        let budget = MemoryBudget::new();
        let half = BYTES_MAX / 2;
        let (first, second) = (budget.reserve(half).await, budget.reserve(half).await);
        let waits = |bytes| {
            let budget = budget.clone();
            async move { tokio::time::timeout(Duration::from_millis(20), budget.reserve(bytes)).await.is_err() }
        };
        assert!(waits(1).await);
        drop(first);
        assert!(!waits(half).await);
        assert!(waits(half + 1).await);
        drop(second);
        assert!(!waits(usize::MAX).await, "what is larger than all gets all");
    }
}
