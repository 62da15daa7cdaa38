//! The host of a request, or of a condition, in the one form that is compared.

use std::borrow::Cow;

/// ASCII lower-case, without the final `:digits`, then without one final dot.
pub(crate) fn normalize(host: &[u8]) -> Cow<'_, [u8]> {
    let name = without_port(host);
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.iter().any(u8::is_ascii_uppercase) { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) }
}

fn without_port(host: &[u8]) -> &[u8] {
    let mut name = host;
    while let [rest @ .., b'0'..=b'9'] = name {
        name = rest;
    }
    match name {
        [rest @ .., b':'] if name.len() < host.len() => rest,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts() {
        for (host, expected) in [
            ("", ""),
            ("shop.example", "shop.example"),
            ("Shop.EXAMPLE", "shop.example"),
            ("shop.example:8080", "shop.example"),
            ("shop.example.", "shop.example"),
            ("Shop.example.:443", "shop.example"),
            ("shop.example..", "shop.example."),
            ("shop.example:", "shop.example:"),
            ("shop.example:.", "shop.example:"),
            ("shop.example:80.", "shop.example:80"),
            ("shop.example:http", "shop.example:http"),
            ("shop.example:8 0", "shop.example:8 0"),
            ("shop:1:2", "shop:1"),
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.1:80", "10.0.0.1"),
            ("[::1]", "[::1]"),
            ("[2001:DB8::1]:8443", "[2001:db8::1]"),
            ("80", "80"),
            (":80", ""),
            (".", ""),
            (".:1", ""),
            ("ÄB", "Äb"),
        ] {
            assert_eq!(normalize(host.as_bytes()), expected.as_bytes(), "{host:?}");
        }
        assert_eq!(normalize(b"A\xff:1"), &b"a\xff"[..]);
    }

    #[test]
    fn nothing_is_copied_that_is_lower_case() {
        assert!(matches!(normalize(b"shop.example.:80"), Cow::Borrowed(b"shop.example")));
    }

    proptest! {
        #[test]
        fn total(host: Vec<u8>) {
            let normal = normalize(&host);
            prop_assert!(!normal.iter().any(u8::is_ascii_uppercase));
            prop_assert!(host.to_ascii_lowercase().starts_with(&normal));
        }

        #[test]
        fn case_port_and_dot_do_not_matter(name in "[a-z0-9-]{1,9}(\\.[a-z0-9-]{1,9}){0,3}", port in "(:[0-9]{1,6})?", dot in "\\.?") {
            let host = format!("{}{dot}{port}", name.to_ascii_uppercase());
            prop_assert_eq!(&*normalize(host.as_bytes()), name.as_bytes());
        }
    }
}
