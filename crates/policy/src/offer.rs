//! The offer: a hash of what a filter is given beside its policy, so that a changed attachment can be told from an old one.

use std::fmt;
use std::str::FromStr;

use murmur3::murmur3_x64_128;

/// Names an attachment with the Envoy resources that are served beside it: equal for equal ones, else different. 32 bits,
/// written as 8 hex digits. To a filter it is opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer(u32);

impl Offer {
    /// The upper 32 bits of the first half of the hash of a text; never 0, which the gauge has for none.
    pub fn of(text: &str) -> Offer {
        let mut rest = text.as_bytes();
        // Reading from memory cannot fail; the crate's signature only allows for sources that do.
        let hash = murmur3_x64_128(&mut rest, 0).unwrap_or_default() as u64;
        Offer(((hash >> 32) as u32).max(1))
    }

    /// The 32 bits as a number, as the gauge carries it.
    pub fn number(self) -> u64 {
        self.0.into()
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for Offer {
    type Err = ();

    fn from_str(text: &str) -> Result<Offer, ()> {
        let digits = text.len() == 8 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits { u32::from_str_radix(text, 16).map(Offer).map_err(|_| ()) } else { Err(()) }
    }
}
