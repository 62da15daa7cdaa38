//! The floor: the least that a proxy-wasm filter can do to split traffic. One cookie is read, its unit hashed, one
//! header written; no SDK, no allocator, no policy, and nothing exported that Envoy need not call.
#![no_std]

use core::ptr;

const REQUEST_HEADERS: u32 = 0;
const CONTINUE: u32 = 0;

/// Envoy looks for this export.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_abi_version_0_2_1() {}

/// Where Envoy puts what it returns: one call at a time, so one buffer.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(size: usize) -> *mut u8 {
    static mut BUFFER: [u8; 1 << 16] = [0; 1 << 16];
    if size <= 1 << 16 { ptr::addr_of_mut!(BUFFER).cast() } else { ptr::null_mut() }
}

/// Half of the units get one tag, half the other, as with two variants of 50%.
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
    let cookie = unsafe { core::slice::from_raw_parts(data, size) };
    let Some(unit) = unit(cookie) else { return CONTINUE };
    let tag: &[u8] = if murmur3_32(unit) >> 31 == 1 { b"owl-v21" } else { b"owl-v21.control" };
    let name = b"x-env-tag";
    // SAFETY: the host reads name and value.
    unsafe { proxy_replace_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len(), tag.as_ptr(), tag.len()) };
    CONTINUE
}

fn unit(cookie: &[u8]) -> Option<&[u8]> {
    let start = cookie.windows(4).position(|bytes| bytes == b"uid=")? + 4;
    let rest = cookie.get(start..)?;
    let end = rest.iter().position(|byte| *byte == b';').unwrap_or(rest.len());
    rest.get(..end)
}

fn murmur3_32(bytes: &[u8]) -> u32 {
    let scramble = |k: u32| k.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let mut hash = 0u32;
    let (blocks, tail) = bytes.as_chunks::<4>();
    for block in blocks {
        hash = (hash ^ scramble(u32::from_le_bytes(*block))).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let tail = tail.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    hash ^= scramble(tail) ^ bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_value(_: u32, _: *const u8, _: usize, _: *mut *mut u8, _: *mut usize) -> u32;
    fn proxy_replace_header_map_value(_: u32, _: *const u8, _: usize, _: *const u8, _: usize) -> u32;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
