//! The offer: a hash of what a filter is given beside its policy, so that a changed attachment can be told from an old one.

use std::fmt;
use std::str::FromStr;

use crate::digest;

/// Names an attachment with the Envoy resources that are served beside it: equal for equal ones, else different. 32 bits,
/// written as 8 hex digits. To a filter it is opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer(u32);

impl Offer {
    /// The upper 32 bits of the first half of the hash of a text; never 0, which the gauge has for none.
    pub fn of(text: &str) -> Offer {
        Offer(((digest::hash(text) >> 32) as u32).max(1))
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
        digest::from_hex(text, 8).and_then(|number| u32::try_from(number).map(Offer).map_err(|_| ()))
    }
}
