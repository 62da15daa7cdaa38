//! The revision of a policy: a hash of its canonical form.

use std::fmt;
use std::str::FromStr;

use murmur3::murmur3_x64_128;

/// Names what a policy means: equal for what means the same, else different. 48 bits, written as 12 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(u64);

impl Revision {
    /// The upper 48 bits of the first half of the hash of a canonical form.
    pub fn of(canonical: &str) -> Revision {
        let mut rest = canonical.as_bytes();
        // Reading from memory cannot fail; the crate's signature only allows for sources that do.
        let hash = murmur3_x64_128(&mut rest, 0).unwrap_or_default();
        Revision(hash as u64 >> 16)
    }

    /// The 48 bits as a number, as the gauges carry it.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.0)
    }
}

impl FromStr for Revision {
    type Err = ();

    fn from_str(text: &str) -> Result<Revision, ()> {
        let digits = text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits { u64::from_str_radix(text, 16).map(Revision).map_err(|_| ()) } else { Err(()) }
    }
}
