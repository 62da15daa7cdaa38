//! The floor of a filter that lets no forged `x-weir-*` through: it does the job of `floor.rs`, but must see the names of
//! all headers, and Envoy has no cheaper call for that than the one that hands over all headers whole.
#![no_std]

mod job;

use core::{ptr, slice};

const REQUEST_HEADERS: u32 = 0;
const CONTINUE: u32 = 0;

/// Envoy looks for this export.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_abi_version_0_2_1() {}

/// Stamps the tag of the unit in the cookie, and drops what only Weir may send.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_request_headers(_context: u32, _count: u32, _end_of_stream: u32) -> u32 {
    let (mut data, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the host writes the two results.
    let status = unsafe { proxy_get_header_map_pairs(REQUEST_HEADERS, &mut data, &mut size) };
    if status != 0 || data.is_null() {
        return CONTINUE;
    }
    // SAFETY: the host filled `size` bytes of the buffer that `malloc` gave it.
    if let Some(tag) = walk(unsafe { slice::from_raw_parts(data, size) }) {
        let name = b"x-env-tag";
        // SAFETY: the host reads name and value.
        unsafe { proxy_replace_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len(), tag.as_ptr(), tag.len()) };
    }
    CONTINUE
}

fn walk(pairs: &[u8]) -> Option<&'static [u8]> {
    let (count, rest) = pairs.split_first_chunk()?;
    let (lengths, mut bytes) = rest.split_at_checked(u32::from_le_bytes(*count) as usize * 8)?;
    let mut tag = None;
    for [n0, n1, n2, n3, v0, v1, v2, v3] in lengths.as_chunks().0 {
        let name_size = u32::from_le_bytes([*n0, *n1, *n2, *n3]) as usize;
        let value_size = u32::from_le_bytes([*v0, *v1, *v2, *v3]) as usize;
        let name = bytes.get(..name_size)?;
        let value = bytes.get(name_size + 1..name_size + 1 + value_size)?;
        bytes = bytes.get(name_size + value_size + 2..)?;
        if name == b"cookie" {
            tag = tag.or_else(|| job::tag(value));
        } else if name.starts_with(b"x-weir-") {
            // SAFETY: the host reads the name.
            unsafe { proxy_remove_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len()) };
        }
    }
    tag
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_pairs(_: u32, _: *mut *mut u8, _: *mut usize) -> u32;
    fn proxy_replace_header_map_value(_: u32, _: *const u8, _: usize, _: *const u8, _: usize) -> u32;
    fn proxy_remove_header_map_value(_: u32, _: *const u8, _: usize) -> u32;
}
