//! Percent-decoding of any bytes, an escape that is none staying as it is, and percent-encoding.

use std::fmt::Write;

/// The bytes with every `%XX` decoded, once.
pub(crate) fn decode<I: Iterator<Item = u8> + Clone>(bytes: I) -> impl Iterator<Item = u8> {
    Decode(bytes)
}

/// The bytes with `%XX` for all but the unreserved characters of RFC 3986, section 2.3.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(text, "%{byte:02X}")),
        }
    }
    text
}

struct Decode<I>(I);

impl<I: Iterator<Item = u8> + Clone> Iterator for Decode<I> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let byte = self.0.next()?;
        if byte == b'%' {
            let mut ahead = self.0.clone();
            if let (Some(high), Some(low)) = (ahead.next().and_then(hex), ahead.next().and_then(hex)) {
                self.0 = ahead;
                return Some(high.wrapping_shl(4) | low);
            }
        }
        Some(byte)
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &[u8]) -> Vec<u8> {
        decode(text.iter().copied()).collect()
    }

    #[test]
    fn escapes() {
        for (text, expected) in [
            ("", &b""[..]),
            ("plain", b"plain"),
            ("%2C%2c", b",,"),
            ("%00%fF", b"\x00\xff"),
            ("%252C", b"%2C"),
            ("%", b"%"),
            ("%4", b"%4"),
            ("%zz", b"%zz"),
            ("%4z", b"%4z"),
            ("%%41", b"%A"),
            ("%4%41", b"%4A"),
            ("% 41", b"% 41"),
            ("%+1", b"%+1"),
        ] {
            assert_eq!(decoded(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encode(b"aZ09-._~"), "aZ09-._~");
        assert_eq!(encode(b"a b;,=/%\xff\n"), "a%20b%3B%2C%3D%2F%25%FF%0A");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes: Vec<u8>) {
            prop_assert_eq!(decoded(encode(&bytes).as_bytes()), bytes);
        }

        #[test]
        fn undoes_encoding(bytes: Vec<u8>, upper: bool) {
            let encoded: String =
                bytes.iter().map(|b| if upper { format!("%{b:02X}") } else { format!("%{b:02x}") }).collect();
            prop_assert_eq!(decoded(encoded.as_bytes()), bytes);
        }

        #[test]
        fn never_longer_and_without_percent_the_same(bytes: Vec<u8>) {
            prop_assert!(decoded(&bytes).len() <= bytes.len());
            let plain: Vec<u8> = bytes.into_iter().filter(|b| *b != b'%').collect();
            prop_assert_eq!(decoded(&plain), plain);
        }
    }
}
