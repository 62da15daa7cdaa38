//! The floor: the least that a proxy-wasm filter can do to split traffic. One cookie is read, its unit hashed, one
//! header written; no SDK, no allocator, no policy, and nothing exported that Envoy need not call.
#![no_std]

mod job;

use core::{ptr, slice};

const REQUEST_HEADERS: u32 = 0;
const CONTINUE: u32 = 0;

/// Envoy looks for this export.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_abi_version_0_2_1() {}

/// Stamps the tag of the unit in the cookie.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_request_headers(_context: u32, _count: u32, _end_of_stream: u32) -> u32 {
    let (mut data, mut size) = (ptr::null_mut(), 0);
    let name = b"cookie";
    // SAFETY: the host reads the name and writes the two results.
    let status =
        unsafe { proxy_get_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len(), &mut data, &mut size) };
    if status != 0 || data.is_null() {
        return CONTINUE;
    }
    // SAFETY: the host filled `size` bytes of the buffer that `malloc` gave it.
    let cookie = unsafe { slice::from_raw_parts(data, size) };
    let Some(tag) = job::tag(cookie) else { return CONTINUE };
    let name = b"x-env-tag";
    // SAFETY: the host reads name and value.
    unsafe { proxy_replace_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len(), tag.as_ptr(), tag.len()) };
    CONTINUE
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_value(_: u32, _: *const u8, _: usize, _: *mut *mut u8, _: *mut usize) -> u32;
    fn proxy_replace_header_map_value(_: u32, _: *const u8, _: usize, _: *const u8, _: usize) -> u32;
}
