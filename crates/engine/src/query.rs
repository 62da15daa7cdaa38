//! The path and the query of a request: where they part, and the parameters in the query.

use std::borrow::Cow;

use crate::percent;

/// The path, raw, and the query behind the first `?` where there is one.
pub(crate) fn split_path(path: &[u8]) -> (&[u8], Option<&[u8]>) {
    split_once(path, b'?')
}

/// The decoded name and the raw value of each parameter; one without `=` is empty.
pub(crate) fn parameters(query: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, &[u8])> {
    let parameters = query.split(|byte| *byte == b'&').filter(|parameter| !parameter.is_empty());
    parameters
        .map(|parameter| split_once(parameter, b'='))
        .map(|(name, value)| (decode(name), value.unwrap_or_default()))
}

fn split_once(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let mut halves = text.splitn(2, |byte| *byte == at);
    (halves.next().unwrap_or_default(), halves.next())
}

/// A name or a value, percent-decoded once, `+` being a space.
pub(crate) fn decode(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        Cow::Owned(decoded(raw).collect())
    } else {
        Cow::Borrowed(raw)
    }
}

fn decoded(raw: &[u8]) -> impl Iterator<Item = u8> {
    // Before decoding, so that `%2B` stays a plus.
    percent::decode(raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first<'a>(query: &'a [u8], name: &[u8]) -> Option<Cow<'a, [u8]>> {
        parameters(query).find(|(found, _)| *found == name).map(|(_, value)| decode(value))
    }

    #[test]
    fn paths() {
        for (path, expected) in [
            ("", ("", None)),
            ("/a", ("/a", None)),
            ("/a?", ("/a", Some(""))),
            ("/a?b?c", ("/a", Some("b?c"))),
            ("?b", ("", Some("b"))),
            ("/a%3Fb#c", ("/a%3Fb#c", None)),
        ] {
            let (head, query) = split_path(path.as_bytes());
            assert_eq!((head, query), (expected.0.as_bytes(), expected.1.map(str::as_bytes)), "{path:?}");
        }
    }

    #[test]
    fn first_of_a_name() {
        for (query, name, expected) in [
            ("", "a", None),
            ("", "", None),
            ("&&", "", None),
            ("=1", "", Some("1")),
            ("a", "a", Some("")),
            ("a=", "a", Some("")),
            ("a=1", "a", Some("1")),
            ("a=1", "A", None),
            ("a=1&a=2", "a", Some("1")),
            ("a&a=2", "a", Some("")),
            ("b=1&&a=2", "a", Some("2")),
            ("a=1=2", "a", Some("1=2")),
            ("a=1;b=2", "b", None),
            ("a=1;b=2", "a", Some("1;b=2")),
            ("%61=1", "a", Some("1")),
            ("a%3D=1", "a=", Some("1")),
            ("%2561=1", "a", None),
            ("%2561=1", "%61", Some("1")),
            ("a+b=c+d", "a b", Some("c d")),
            ("a%2Bb=c%2Bd", "a+b", Some("c+d")),
            ("a=%E7%94%A8", "a", Some("用")),
            ("a=%26%3d", "a", Some("&=")),
            ("a=%252C", "a", Some("%2C")),
            ("a=%", "a", Some("%")),
            ("a=%4&b=%zz", "a", Some("%4")),
            ("a=%4&b=%zz", "b", Some("%zz")),
            ("aa=1&a=2", "a", Some("2")),
            ("a =1", "a", None),
        ] {
            let found = first(query.as_bytes(), name.as_bytes());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{name:?} of {query:?}");
        }
        assert_eq!(first(b"\xff=%ff%00", b"\xff").as_deref(), Some(&b"\xff\x00"[..]));
    }

    #[test]
    fn nothing_is_copied_that_needs_no_decoding() {
        assert!(matches!(first(b"a=b", b"a"), Some(Cow::Borrowed(_))));
        assert!(matches!(first(b"a=b+", b"a"), Some(Cow::Owned(_))));
    }

    fn encode(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
    }

    proptest! {
        #[test]
        fn total(query: Vec<u8>, name: Vec<u8>) {
            first(&query, &name);
            let (path, rest) = split_path(&query);
            prop_assert!(!path.contains(&b'?'));
            prop_assert_eq!(rest.map_or(path.to_vec(), |rest| [path, b"?", rest].concat()), query);
        }

        #[test]
        fn what_was_encoded_is_found(name: Vec<u8>, value: Vec<u8>, before in "[b-z&=+%]{0,9}", after in "[a-z&=+%]{0,9}") {
            prop_assume!(first(before.as_bytes(), &name).is_none());
            let query = format!("{before}&{}={}&{after}", encode(&name), encode(&value));
            let found = first(query.as_bytes(), &name);
            prop_assert_eq!(found.as_deref(), Some(&value[..]));
        }
    }
}
