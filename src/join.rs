//! The table in shared data through which the inbound filter of a workload tells the outbound one what came in.
//!
//! Both have one `vm_id`, which is what shared data goes by, and machines of their own.

use weir_engine::{TRACE_CELLS, TraceCell, TraceId, TraceTags};

use crate::host::{self, ANY_VERSION, Level, Status};

/// Attempts to change a cell that other workers change at the same time.
const ATTEMPTS_MAX: u32 = 64;

/// Makes the cells, if nobody has. Envoy configures its main thread's machine before there is one that meets a request, so
/// no two make the same cell while it is in use.
pub(crate) fn prepare() {
    let cells = || 0..TRACE_CELLS;
    if cells().next_back().is_some_and(|last| host::shared_data(&key(last)).is_ok()) {
        return;
    }
    for cell in cells() {
        if host::shared_data(&key(cell)).is_err()
            && let Err(status) = host::set_shared_data(&key(cell), b"", ANY_VERSION)
        {
            return warn("the table of traces could not be made", status);
        }
    }
}

/// Leaves the tags of a request that came in; returns what must be told to [`leave`] when it is over.
pub(crate) fn enter(trace: TraceId, tags: &[u8]) -> Option<TraceId> {
    change(trace, |cell| cell.enter(trace, tags)).then_some(trace)
}

/// A request that had come in is over.
pub(crate) fn leave(trace: TraceId) {
    change(trace, |cell| cell.leave(trace));
}

/// What the live requests of the trace brought.
pub(crate) fn tags_of(trace: TraceId) -> Option<TraceTags> {
    let (bytes, _) = host::shared_data(&key(trace.cell())).ok()?;
    TraceCell::read(&bytes).tags_of(trace)
}

/// Whether the change was made.
fn change(trace: TraceId, change: impl Fn(&mut TraceCell)) -> bool {
    let key = key(trace.cell());
    for _ in 0..ATTEMPTS_MAX {
        let (bytes, version) = match host::shared_data(&key) {
            Ok(found) => found,
            Err(status) => return failed(status),
        };
        let mut cell = TraceCell::read(&bytes);
        change(&mut cell);
        match host::set_shared_data(&key, &cell.bytes(), version) {
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

fn key(cell: u16) -> [u8; 12] {
    let mut key = *b"weir.join.\0\0";
    if let Some(number) = key.last_chunk_mut() {
        *number = cell.to_le_bytes();
    }
    key
}

fn warn(failure: &str, status: Status) {
    host::log(Level::Warn, &format!("weir: {failure}: {status}"));
}
