//! The table in shared data through which the inbound filter of a workload tells the outbound one what came in.
//!
//! Both have one `vm_id`, which is what shared data goes by, and machines of their own.

use weir_engine::{JOIN_SLOTS, JoinSlot, Joined, TraceId};

use crate::host::{self, ANY_VERSION, Level, Status};

/// Attempts to change a slot that other workers change at the same time.
const ATTEMPTS_MAX: u32 = 64;

/// Makes the slots, if nobody has. Envoy configures its main thread's machine before there is one that meets a request, so
/// no two make the same slot while it is in use.
pub(crate) fn prepare() {
    let slots = || 0..JOIN_SLOTS;
    if slots().next_back().is_some_and(|last| host::shared_data(&key(last)).is_ok()) {
        return;
    }
    for slot in slots() {
        if host::shared_data(&key(slot)).is_err()
            && let Err(status) = host::set_shared_data(&key(slot), b"", ANY_VERSION)
        {
            return warn("the table of traces could not be made", status);
        }
    }
}

/// Leaves the tags of a request that came in; returns what must be told to [`leave`] when it is over.
pub(crate) fn enter(trace: TraceId, tags: &[u8]) -> Option<TraceId> {
    change(trace, |slot| slot.enter(trace, tags)).then_some(trace)
}

/// A request that had come in is over.
pub(crate) fn leave(trace: TraceId) {
    change(trace, |slot| slot.leave(trace));
}

/// What the live requests of the trace brought.
pub(crate) fn joined(trace: TraceId) -> Option<Joined> {
    let (bytes, _) = host::shared_data(&key(trace.slot())).ok()?;
    JoinSlot::read(&bytes).joined(trace)
}

/// Whether the change was made.
fn change(trace: TraceId, change: impl Fn(&mut JoinSlot)) -> bool {
    let key = key(trace.slot());
    for _ in 0..ATTEMPTS_MAX {
        let (bytes, version) = match host::shared_data(&key) {
            Ok(found) => found,
            Err(status) => return failed(status),
        };
        let mut slot = JoinSlot::read(&bytes);
        change(&mut slot);
        match host::set_shared_data(&key, &slot.bytes(), version) {
            Ok(()) => return true,
            Err(Status::MISMATCH) => {}
            Err(status) => return failed(status),
        }
    }
    failed(Status::MISMATCH)
}

fn failed(status: Status) -> bool {
    warn("a trace could not be joined", status);
    false
}

fn key(slot: u16) -> [u8; 12] {
    let mut key = *b"weir.join.\0\0";
    if let Some(number) = key.last_chunk_mut() {
        *number = slot.to_le_bytes();
    }
    key
}

fn warn(failure: &str, status: Status) {
    host::log(Level::Warn, &format!("weir: {failure}: {status}"));
}
