//! The revision of a policy: a hash of its canonical form.

use std::fmt;
use std::str::FromStr;

use crate::digest;

/// Names what a policy means: equal for what means the same, else different. 48 bits, written as 12 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(u64);

impl Revision {
    /// The upper 48 bits of the first half of the hash of a canonical form.
    pub fn of(canonical: &str) -> Revision {
        Revision(digest::hash(canonical) >> 16)
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
        digest::from_hex(text, 12).map(Revision)
    }
}
