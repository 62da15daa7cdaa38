//! The only file that calls the host. Every status is handled here; nothing that Envoy answers can trap.
//!
//! The calls of the proxy-wasm SDK panic on statuses it does not expect: these are raw imports with the status as a plain
//! integer.
#![allow(unsafe_code)]

use std::fmt;

use crate::pairs::Pairs;

/// What the host answered instead of `Ok`: a proxy-wasm status number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(u32);

/// Levels of Envoy's `wasm` logger that we write at.
#[derive(Clone, Copy)]
pub(crate) enum Level {
    Debug = 1,
    Warn = 3,
    Critical = 5,
}

/// The header maps of a stream.
#[derive(Clone, Copy)]
pub(crate) enum Map {
    Request = 0,
    Response = 2,
    ResponseTrailers = 3,
}

/// What kind of metric Envoy keeps; the numbers are those of proxy-wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter = 0,
    Gauge = 1,
    Histogram = 2,
}

/// A header map as one buffer that the host filled.
pub(crate) struct Headers(Vec<u8>);

/// For data that may be overwritten, whatever is there.
pub(crate) const ANY_VERSION: u32 = 0;

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const PLUGIN_CONFIGURATION: u32 = 7;

impl Status {
    /// Somebody else has changed the data.
    pub(crate) const MISMATCH: Status = Status(8);
}

impl Headers {
    /// Names and values in the order of arrival, straight from the buffer.
    pub(crate) fn iter(&self) -> Pairs<'_> {
        Pairs::new(&self.0)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            NOT_FOUND => "not found",
            2 => "bad argument",
            3 => "serialization failure",
            4 => "parse failure",
            7 => "empty",
            8 => "compare-and-swap mismatch",
            10 => "internal failure",
            12 => "unimplemented",
            other => return write!(f, "status {other}"),
        };
        f.write_str(name)
    }
}

/// All headers of a map, in one call.
///
/// # Errors
/// The host's status; there are no headers then.
pub(crate) fn headers(map: Map) -> Result<Headers, Status> {
    received(|data, size| unsafe { imports::proxy_get_header_map_pairs(map as u32, data, size) }).map(Headers)
}

/// The first line of a header.
///
/// # Errors
/// The host's status; most often that there is none.
pub(crate) fn header(map: Map, name: &str) -> Result<Vec<u8>, Status> {
    let (name, name_size) = (name.as_ptr(), name.len());
    received(|data, size| unsafe { imports::proxy_get_header_map_value(map as u32, name, name_size, data, size) })
}

/// Replaces every line of the header by one; adds it if it is absent. In a request it clears Envoy's route cache.
///
/// # Errors
/// The host's status; nothing is written then.
pub(crate) fn set_header(map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
    let (name, name_size) = (name.as_ptr(), name.len());
    check(unsafe { imports::proxy_replace_header_map_value(map as u32, name, name_size, value.as_ptr(), value.len()) })
}

/// Adds one more line of the header. In a request it clears Envoy's route cache.
///
/// # Errors
/// The host's status; nothing is written then.
pub(crate) fn add_header(map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
    let (name, name_size) = (name.as_ptr(), name.len());
    check(unsafe { imports::proxy_add_header_map_value(map as u32, name, name_size, value.as_ptr(), value.len()) })
}

/// Removes every line of the header. In a request it clears Envoy's route cache.
///
/// # Errors
/// The host's status; nothing is removed then.
pub(crate) fn remove_header(map: Map, name: &[u8]) -> Result<(), Status> {
    check(unsafe { imports::proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// A property with a path of one or several NUL-separated parts, e.g. `xds\0cluster_name`.
///
/// # Errors
/// The host's status; most often that there is none.
pub(crate) fn property(path: &str) -> Result<Vec<u8>, Status> {
    received(|data, size| unsafe { imports::proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

/// Sets the filter state that access logs and tracing read as `wasm.KEY`.
///
/// # Errors
/// The host's status.
pub(crate) fn set_filter_state(key: &str, value: &[u8]) -> Result<(), Status> {
    check(unsafe { imports::proxy_set_property(key.as_ptr(), key.len(), value.as_ptr(), value.len()) })
}

/// The bytes that Envoy was configured with; only inside `on_configure`. None at all count as empty.
pub(crate) fn plugin_configuration() -> Vec<u8> {
    received(|data, size| unsafe { imports::proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, usize::MAX, data, size) })
        .unwrap_or_default()
}

/// What any VM of this process with the same `vm_id` put under the key last, and its version.
///
/// # Errors
/// The host's status; most often that there is nothing.
pub(crate) fn shared_data(key: &[u8]) -> Result<(Vec<u8>, u32), Status> {
    let mut version = ANY_VERSION;
    let call =
        |data, size| unsafe { imports::proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &mut version) };
    received(call).map(|bytes| (bytes, version))
}

/// Puts the bytes under the key for every VM of this process with the same `vm_id`; they outlive a crash of the VM.
/// `version` is what must be there now, or [`ANY_VERSION`].
///
/// # Errors
/// The host's status; [`Status::MISMATCH`] if another version is there.
pub(crate) fn set_shared_data(key: &[u8], value: &[u8], version: u32) -> Result<(), Status> {
    check(unsafe { imports::proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), version) })
}

/// Makes a metric of the whole process, or finds the one of this name. Each call takes a new id, for good.
///
/// # Errors
/// The host's status.
pub(crate) fn define_metric(kind: Kind, name: &str) -> Result<u32, Status> {
    let mut id = 0;
    check(unsafe { imports::proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &mut id) })?;
    Ok(id)
}

/// Adds to a counter. It cannot fail for an id that was given out and a count above 0.
pub(crate) fn increment_metric(id: u32, count: u64) {
    let _ = unsafe { imports::proxy_increment_metric(id, count.try_into().unwrap_or(i64::MAX)) };
}

/// Sets a gauge, or adds a value to a histogram. It cannot fail for an id that was given out.
pub(crate) fn record_metric(id: u32, value: u64) {
    let _ = unsafe { imports::proxy_record_metric(id, value) };
}

/// Asks for a tick each so many milliseconds, for the root context that is being called.
pub(crate) fn set_tick_period(milliseconds: u32) {
    let _ = unsafe { imports::proxy_set_tick_period_milliseconds(milliseconds) };
}

/// Nanoseconds since 1970 by the host's clock, which may jump; 0 if it has none.
pub(crate) fn now() -> u64 {
    let mut nanoseconds = 0;
    let status = unsafe { imports::proxy_get_current_time_nanoseconds(&mut nanoseconds) };
    if status == OK { nanoseconds } else { 0 }
}

/// Writes one line to Envoy's log. Nobody could be told if that fails.
pub(crate) fn log(level: Level, message: &str) {
    let _ = unsafe { imports::proxy_log(level as u32, message.as_ptr(), message.len()) };
}

/// Whether Envoy's `wasm` logger shows lines of this level now; no if the host does not say.
pub(crate) fn logs(level: Level) -> bool {
    let mut lowest = u32::MAX;
    let status = unsafe { imports::proxy_get_log_level(&mut lowest) };
    status == OK && lowest <= level as u32
}

/// Fresh random bytes; none if the host has none to give.
pub(crate) fn random() -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let error = unsafe { imports::random_get(bytes.as_mut_ptr(), bytes.len()) };
    (error == 0).then_some(bytes)
}

/// Memory for what the host hands over: a boxed slice of exactly `size` bytes.
pub(crate) fn buffer(size: usize) -> *mut u8 {
    Box::into_raw(Box::<[u8]>::new_uninit_slice(size)).cast()
}

/// Takes over the buffer that a call returns.
fn received(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, Status> {
    let (mut data, mut size) = (std::ptr::null_mut(), 0);
    check(call(&mut data, &mut size))?;
    if data.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the host fills memory that it asked `buffer` for, a boxed slice of exactly `size` bytes, and leaves it to us.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}

fn check(status: u32) -> Result<(), Status> {
    if status == OK { Ok(()) } else { Err(Status(status)) }
}

/// The proxy-wasm ABI 0.2.1, as Envoy has it.
mod imports {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub(super) fn proxy_log(_: u32, _: *const u8, _: usize) -> u32;
        pub(super) fn proxy_get_log_level(_: *mut u32) -> u32;
        pub(super) fn proxy_get_buffer_bytes(_: u32, _: usize, _: usize, _: *mut *mut u8, _: *mut usize) -> u32;
        pub(super) fn proxy_get_header_map_pairs(_: u32, _: *mut *mut u8, _: *mut usize) -> u32;
        pub(super) fn proxy_get_header_map_value(_: u32, _: *const u8, _: usize, _: *mut *mut u8, _: *mut usize)
        -> u32;
        pub(super) fn proxy_replace_header_map_value(_: u32, _: *const u8, _: usize, _: *const u8, _: usize) -> u32;
        pub(super) fn proxy_add_header_map_value(_: u32, _: *const u8, _: usize, _: *const u8, _: usize) -> u32;
        pub(super) fn proxy_remove_header_map_value(_: u32, _: *const u8, _: usize) -> u32;
        pub(super) fn proxy_get_property(_: *const u8, _: usize, _: *mut *mut u8, _: *mut usize) -> u32;
        pub(super) fn proxy_set_property(_: *const u8, _: usize, _: *const u8, _: usize) -> u32;
        pub(super) fn proxy_get_shared_data(_: *const u8, _: usize, _: *mut *mut u8, _: *mut usize, _: *mut u32)
        -> u32;
        pub(super) fn proxy_set_shared_data(_: *const u8, _: usize, _: *const u8, _: usize, _: u32) -> u32;
        pub(super) fn proxy_define_metric(_: u32, _: *const u8, _: usize, _: *mut u32) -> u32;
        pub(super) fn proxy_record_metric(_: u32, _: u64) -> u32;
        pub(super) fn proxy_increment_metric(_: u32, _: i64) -> u32;
        pub(super) fn proxy_set_tick_period_milliseconds(_: u32) -> u32;
        pub(super) fn proxy_get_current_time_nanoseconds(_: *mut u64) -> u32;
    }

    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        pub(super) fn random_get(_: *mut u8, _: usize) -> u32;
    }
}
