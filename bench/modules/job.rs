//! The job of the hand-made modules, and their memory.

use core::ptr;

/// Where Envoy puts what it returns: one call at a time, so one buffer.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(size: usize) -> *mut u8 {
    static mut BUFFER: [u8; 1 << 16] = [0; 1 << 16];
    if size <= 1 << 16 { ptr::addr_of_mut!(BUFFER).cast() } else { ptr::null_mut() }
}

/// Half of the units get one tag, half the other, as with two variants of 50%.
pub fn tag(cookie: &[u8]) -> Option<&'static [u8]> {
    let unit = unit(cookie)?;
    Some(if murmur3_32(unit) >> 31 == 1 { b"owl-v21" } else { b"owl-v21.control" })
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

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
