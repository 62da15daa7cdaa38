//! Cookies: the path of one, the key in the value of one, and that one is always set alike.

use std::collections::BTreeMap;

use crate::document::{At, Problems, codes};
use crate::limits;
use crate::written::{CookieLife, UnitSource};

/// What a response can set: `/` and printable ASCII without `;` (RFC 6265, section 4.1.1).
pub(super) fn path(text: &str, at: &At<'_>, problems: &mut Problems) {
    let is_good = text.len() <= limits::COOKIE_PATH_BYTES_MAX
        && text.starts_with('/')
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b';');
    if !is_good {
        let found = shown(text);
        let message = format!("found {found}; a path is / and up to 1,023 printable ASCII characters without ;");
        problems.add(codes::BAD_VALUE, at, message);
    }
}

pub(super) fn json_key(key: &str, at: &At<'_>, problems: &mut Problems) {
    if !(1..=limits::JSON_KEY_BYTES_MAX).contains(&key.len()) {
        let message = format!("a key of {} bytes; 1 to {} would do", key.len(), limits::JSON_KEY_BYTES_MAX);
        problems.add(codes::BAD_VALUE, at, message);
    }
}

/// A text that may be too long to be quoted whole.
fn shown(text: &str) -> String {
    if text.len() <= 100 { format!("{text:?}") } else { format!("{} bytes", text.len()) }
}

/// The cookies that units are made in.
#[derive(Default)]
pub(super) struct Issued<'a>(BTreeMap<&'a str, &'a CookieLife>);

impl<'a> Issued<'a> {
    /// Adds the cookie of a source, if units are made in it. Set in two ways it would live by whoever set it last.
    pub(super) fn add(&mut self, source: &'a UnitSource, at: &At<'_>, problems: &mut Problems) {
        let UnitSource::IssuedCookie(name, life) = source else { return };
        if *self.0.entry(name).or_insert(life) != life {
            let message = format!("the cookie {name} is issued otherwise elsewhere; issue it alike, or another");
            problems.add(codes::CONFLICT, &at.key("issue"), message);
        }
    }
}
