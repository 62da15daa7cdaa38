//! What a revision and an offer have in common: a hash of a text, and a number written as hex digits.

use murmur3::murmur3_x64_128;

/// The first half of MurmurHash3_x64_128, seed 0, of a text.
pub(crate) fn hash(text: &str) -> u64 {
    let mut rest = text.as_bytes();
    // Reading from memory cannot fail; the crate's signature only allows for sources that do.
    murmur3_x64_128(&mut rest, 0).unwrap_or_default() as u64
}

/// The number that so many lower-case hex digits write.
pub(crate) fn from_hex(text: &str, digits: usize) -> Result<u64, ()> {
    let is_hex = text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_hex { u64::from_str_radix(text, 16).map_err(|_| ()) } else { Err(()) }
}
