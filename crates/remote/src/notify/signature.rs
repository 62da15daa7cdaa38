//! The signature of a line: who has the key knows that it is ours, and whole.

use std::fmt::Write;
use std::path::Path;

use ring::hmac::{HMAC_SHA256, Key, sign};

use crate::file;

/// Shorter ones can be guessed.
const KEY_BYTES_MIN: usize = 16;

/// `sha256=` and the HMAC-SHA256 of the body in hexadecimal, by the key in this file, without white space around it.
///
/// # Errors
/// Which file will not do, and why.
pub fn of(key: &Path, body: &[u8]) -> Result<String, String> {
    let text = file::secret(key)?;
    if text.len() < KEY_BYTES_MIN {
        return Err(format!(
            "{}: is shorter than {KEY_BYTES_MIN} bytes; make one by: openssl rand -hex 32",
            key.display()
        ));
    }
    Ok(by(text.as_bytes(), body))
}

fn by(key: &[u8], body: &[u8]) -> String {
    let mut text = "sha256=".to_owned();
    for byte in sign(&Key::new(HMAC_SHA256, key), body).as_ref() {
        // A text takes whatever is written to it.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, cases 2 and 6.
    #[test]
    fn it_is_the_one_of_the_standard() {
        let long = [0xaa_u8; 131];
        for (key, body, expected) in [
            (
                &b"Jefe"[..],
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &long[..],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(by(key, body.as_bytes()), format!("sha256={expected}"));
        }
    }

    /// The example of the documentation, made by openssl.
    #[test]
    fn it_is_the_one_that_receivers_make() {
        let body = r#"{"number":7,"at":"2026-12-01T01:00:00Z","by":{"user":"ann","host":"web-1"},"event":"paused","release":"owl-v21","why":"lunch"}"#;
        let expected = "sha256=8ff0421820de3204e9f4163fdd72f21e6c976e61a3d23f752c776a32ed3e9551";
        assert_eq!(by(b"3f9c2b7d5e8a1046c7d2e9f0a1b3c5d7", body.as_bytes()), expected);
    }

    #[test]
    fn a_key_is_long_enough_not_to_be_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "0123456789abcde\n").unwrap();
        assert!(of(&path, b"").unwrap_err().contains("shorter than 16"));
        std::fs::write(&path, "0123456789abcdef\n").unwrap();
        assert_eq!(of(&path, b"{}").unwrap(), by(b"0123456789abcdef", b"{}"));
    }
}
