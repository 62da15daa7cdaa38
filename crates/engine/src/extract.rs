//! What of a cookie's value is a unit: the value percent-decoded, one key of the JSON object in it, or both in that order.

mod json;

use std::borrow::Cow;

use weir_policy::model::CookieValue;

use crate::attributes::AttributeId;
use crate::percent;

/// A part of a cookie's value, captured as if it were a value of its own. Conditions on the cookie see it whole.
#[derive(Debug)]
pub(crate) struct Extract {
    /// The cookie; its first crumb is read.
    pub(crate) from: AttributeId,
    /// Where the part is found.
    pub(crate) to: AttributeId,
    pub(crate) part: CookieValue,
}

impl Extract {
    /// The part of this value; `None` if it has none.
    pub(crate) fn of<'a>(&self, value: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let decoded: Cow<'a, [u8]> = match self.part.is_percent_encoded {
            true => Cow::Owned(percent::decode(value.iter().copied()).collect()),
            false => Cow::Borrowed(value),
        };
        let Some(key) = &self.part.json_key else { return Some(decoded) };
        match decoded {
            Cow::Borrowed(text) => json::field(text, key.as_bytes()),
            Cow::Owned(text) => json::field(&text, key.as_bytes()).map(|part| Cow::Owned(part.into_owned())),
        }
    }
}
