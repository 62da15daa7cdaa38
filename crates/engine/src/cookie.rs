//! The crumbs of a `cookie` line, raw: nothing is unquoted, decoded or folded.

use crate::blank;

/// Name and value of every crumb in order; what has no `=` is no crumb.
pub(crate) fn crumbs(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    line.split(|byte| *byte == b';').filter_map(|crumb| {
        let mut halves = crumb.splitn(2, |byte| *byte == b'=');
        Some((blank::trim(halves.next()?), blank::trim(halves.next()?)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines() {
        for (line, expected) in [
            ("", &[][..]),
            ("a", &[]),
            (";;", &[]),
            ("a=", &[("a", "")]),
            ("=1", &[("", "1")]),
            ("a=1", &[("a", "1")]),
            ("a=1; b=2;c=3", &[("a", "1"), ("b", "2"), ("c", "3")]),
            ("a=1;a=2", &[("a", "1"), ("a", "2")]),
            ("junk; a=1;; b", &[("a", "1")]),
            (" \ta \t= \t1 2\t ;", &[("a", "1 2")]),
            ("a=b=c==", &[("a", "b=c==")]),
            ("a=\"x;y\"", &[("a", "\"x")]),
            ("a=\" 1 \"; A=%20,z", &[("a", "\" 1 \""), ("A", "%20,z")]),
            ("a=1\r", &[("a", "1\r")]),
        ] {
            let expected: Vec<_> = expected.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
            assert_eq!(crumbs(line.as_bytes()).collect::<Vec<_>>(), expected, "{line:?}");
        }
        assert_eq!(crumbs(b"\xff=\xfe\0").collect::<Vec<_>>(), [(&b"\xff"[..], &b"\xfe\0"[..])]);
    }

    proptest! {
        #[test]
        fn total(line: Vec<u8>) {
            for (name, value) in crumbs(&line) {
                prop_assert!(!name.contains(&b'=') && !name.contains(&b';') && !value.contains(&b';'));
                prop_assert!(blank::trim(name) == name && blank::trim(value) == value);
            }
        }

        #[test]
        fn what_was_written_is_read(written in proptest::collection::vec(("[a-z]{1,3}", "[!-:<-~]{0,5}"), 0..6)) {
            let line: Vec<String> = written.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let line = line.join("; ");
            let read: Vec<_> = crumbs(line.as_bytes()).collect();
            let written: Vec<_> = written.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
            prop_assert_eq!(read, written);
        }
    }
}
