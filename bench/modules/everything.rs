//! The calls of the filter as shipped and none of its work: all headers read, one written, the filter state set, the clock
//! read twice, the status read, one latency recorded, and the callbacks that cookies and counting need. Everything that
//! could be known before the request comes is a constant here.
#![no_std]

mod job;

use core::{ptr, slice};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

const REQUEST_HEADERS: u32 = 0;
const RESPONSE_HEADERS: u32 = 2;
const HISTOGRAM: u32 = 2;
const CONTINUE: u32 = 0;
const STREAMS: usize = 256;

static LATENCY: AtomicU32 = AtomicU32::new(0);
static COUNTED: [AtomicU64; 6] = [const { AtomicU64::new(0) }; 6];
static BEGUN: [AtomicU64; STREAMS] = [const { AtomicU64::new(0) }; STREAMS];

/// Envoy looks for this export.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_abi_version_0_2_1() {}

/// Defines the one metric.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_configure(_root: u32, _size: usize) -> bool {
    let (name, mut id) = (b"latency", 0);
    // SAFETY: the host reads the name and writes the result.
    unsafe { proxy_define_metric(HISTOGRAM, name.as_ptr(), name.len(), &mut id) };
    LATENCY.store(id, Relaxed);
    true
}

/// Reads all headers, stamps the tag, sets the filter state, takes the time.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_request_headers(context: u32, _count: u32, _end_of_stream: u32) -> u32 {
    let (mut data, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the host writes the two results.
    let status = unsafe { proxy_get_header_map_pairs(REQUEST_HEADERS, &mut data, &mut size) };
    if status != 0 || data.is_null() {
        return CONTINUE;
    }
    // SAFETY: the host filled `size` bytes of the buffer that `malloc` gave it.
    let pairs = unsafe { slice::from_raw_parts(data, size) };
    let Some(tag) = job::tag(pairs) else { return CONTINUE };
    let (name, key) = (b"x-env-tag", b"weir");
    let state = b"1;5b1c7d0a9e42;checkout=owl-v21/canary/assigned";
    // SAFETY: the host reads names and values and writes the time.
    unsafe {
        proxy_replace_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len(), tag.as_ptr(), tag.len());
        proxy_set_property(key.as_ptr(), key.len(), state.as_ptr(), state.len());
    }
    BEGUN[context as usize % STREAMS].store(now(), Relaxed);
    CONTINUE
}

/// Where a cookie would be set.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_response_headers(_context: u32, _count: u32, _end_of_stream: u32) -> u32 {
    CONTINUE
}

/// Counts by status, and records the latency.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_log(context: u32) {
    let (mut data, mut size) = (ptr::null_mut::<u8>(), 0);
    let name = b":status";
    // SAFETY: the host reads the name and writes the two results.
    unsafe { proxy_get_header_map_value(RESPONSE_HEADERS, name.as_ptr(), name.len(), &mut data, &mut size) };
    // SAFETY: the host filled `size` bytes of the buffer that `malloc` gave it.
    let class = if size == 0 { 0 } else { unsafe { data.read() }.wrapping_sub(b'0') };
    COUNTED[usize::from(class) % COUNTED.len()].fetch_add(1, Relaxed);
    let took = now().saturating_sub(BEGUN[context as usize % STREAMS].load(Relaxed)) / 1_000_000;
    // SAFETY: only numbers.
    unsafe { proxy_record_metric(LATENCY.load(Relaxed), took) };
}

fn now() -> u64 {
    let mut time = 0;
    // SAFETY: the host writes the result.
    unsafe { proxy_get_current_time_nanoseconds(&mut time) };
    time
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_pairs(_: u32, _: *mut *mut u8, _: *mut usize) -> u32;
    fn proxy_get_header_map_value(_: u32, _: *const u8, _: usize, _: *mut *mut u8, _: *mut usize) -> u32;
    fn proxy_replace_header_map_value(_: u32, _: *const u8, _: usize, _: *const u8, _: usize) -> u32;
    fn proxy_set_property(_: *const u8, _: usize, _: *const u8, _: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(_: *mut u64) -> u32;
    fn proxy_define_metric(_: u32, _: *const u8, _: usize, _: *mut u32) -> u32;
    fn proxy_record_metric(_: u32, _: u64) -> u32;
}
