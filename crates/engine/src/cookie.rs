//! The crumbs of `cookie` lines, raw: nothing is unquoted, decoded or folded, and nobody else's crumb is touched.

use std::borrow::Cow;

use crate::blank;

/// Name and value of every crumb in order; what has no `=` is no crumb.
pub(crate) fn crumbs(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    line.split(|byte| *byte == b';').filter_map(|crumb| {
        let mut halves = crumb.splitn(2, |byte| *byte == b'=');
        Some((blank::trim(halves.next()?), blank::trim(halves.next()?)))
    })
}

/// The lines with one crumb of each name, of this value, or with none; `None` if nothing changes.
///
/// The first crumb of a name is replaced in place and further ones go; what is absent is appended to the last line.
/// No lines left means that the header goes.
pub(crate) fn write(lines: &[&[u8]], crumbs: &[(&[u8], Option<&[u8]>)]) -> Option<Vec<Vec<u8>>> {
    let mut written: Option<Vec<Vec<u8>>> = None;
    for (name, value) in crumbs {
        let changed = match &written {
            Some(lines) => write_one(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>(), name, *value),
            None => write_one(lines, name, *value),
        };
        written = changed.or(written);
    }
    written
}

fn write_one(lines: &[&[u8]], name: &[u8], value: Option<&[u8]>) -> Option<Vec<Vec<u8>>> {
    let mut values = lines.iter().flat_map(|line| self::crumbs(line)).filter(|(known, _)| *known == name);
    if values.next().map(|(_, value)| value) == value && values.next().is_none() {
        return None;
    }
    let mut unplaced = value.map(|value| [name, b"=", value].concat());
    let mut written: Vec<Vec<u8>> = lines.iter().filter_map(|line| rewrite(line, name, &mut unplaced)).collect();
    if let Some(crumb) = unplaced {
        match written.last_mut() {
            Some(line) if blank::trim(line).is_empty() => *line = crumb,
            Some(line) => line.extend([b"; ", crumb.as_slice()].concat()),
            None => written.push(crumb),
        }
    }
    Some(written)
}

/// The line with its first crumb of this name replaced by the one that is not placed yet, and without its others;
/// `None` if losing some leaves nothing.
fn rewrite(line: &[u8], name: &[u8], unplaced: &mut Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut kept: Vec<Cow<'_, [u8]>> = Vec::new();
    let mut lost_any = false;
    for piece in line.split(|byte| *byte == b';') {
        if !self::crumbs(piece).any(|(known, _)| known == name) {
            kept.push(Cow::Borrowed(piece));
        } else if let Some(crumb) = unplaced.take() {
            let blanks = piece.strip_suffix(blank::trim_start(piece)).unwrap_or_default();
            kept.push(Cow::Owned([blanks, crumb.as_slice()].concat()));
        } else {
            lost_any = true;
        }
    }
    let joined = kept.join(&b";"[..]);
    let joined = if lost_any { blank::trim_start(&joined) } else { &joined };
    (!lost_any || !joined.is_empty()).then(|| joined.to_vec())
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
