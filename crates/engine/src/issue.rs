//! Units that the filter makes: an id in a cookie, made before the decision, so that a first visit does not flip.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Characters of 16 bytes in base64.
const LENGTH: usize = 22;

/// A unit made for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issued {
    /// Index of the plan's units.
    pub(crate) unit: usize,
    /// Index of the unit's sources: that of its cookie.
    pub(crate) source: usize,
    /// 22 characters of base64url.
    pub(crate) id: String,
}

impl Issued {
    pub(crate) fn new(unit: usize, source: usize, bytes: &[u8; 16]) -> Issued {
        Issued { unit, source, id: URL_SAFE_NO_PAD.encode(bytes) }
    }
}

/// Whether a value has the form of an id that was issued; any other counts as absent.
pub(crate) fn is_issued(value: &[u8]) -> bool {
    value.len() == LENGTH && value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_are_22_characters() {
        for (byte, id) in [(0, "AAAAAAAAAAAAAAAAAAAAAA"), (0xff, "_____________________w")] {
            let issued = Issued::new(0, 0, &[byte; 16]);
            assert_eq!(issued.id, id);
            assert!(is_issued(id.as_bytes()));
        }
    }

    #[test]
    fn any_other_form_is_absent() {
        for value in
            ["", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAA+"]
        {
            assert!(!is_issued(value.as_bytes()), "{value}");
        }
    }
}
