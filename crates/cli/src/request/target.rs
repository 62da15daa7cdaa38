//! What a request asks for: a path with its query, or a URL in absolute form, taken apart as Envoy's HTTP/1 codec does.

use std::net::IpAddr;

use super::syntax::quoted;

/// A path, and what else a URL said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// With its query.
    pub path: Vec<u8>,
    /// Of a URL: the host, with its port.
    pub host: Option<Vec<u8>>,
    /// Of a URL.
    pub scheme: Option<&'static str>,
}

impl Target {
    /// The target that is written so; what no request has is told with what would do.
    pub fn read(text: &[u8]) -> Result<Target, String> {
        let found = quoted(text);
        if text.is_empty() {
            return Err("found nothing; a path that begins with / would do".to_owned());
        }
        if text.contains(&b'#') {
            return Err(format!("found {found}; browsers keep what begins with # to themselves, and Envoy refuses it"));
        }
        if text.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()) {
            return Err(format!("found {found}; blanks and control characters are sent as %20 and the like"));
        }
        if text[0] == b'/' || text == b"*" {
            return Ok(Target { path: text.to_vec(), host: None, scheme: None });
        }
        match scheme(text) {
            Some((scheme, rest)) => of_url(scheme, rest, &found),
            None if text.windows(3).any(|part| part == b"://") => {
                Err(format!("found {found}; a path, or a URL of http or https would do"))
            }
            None => Err(format!("found {found}; a path that begins with / would do")),
        }
    }
}

/// The scheme of a URL, in whatever case, and what stands behind it.
fn scheme(text: &[u8]) -> Option<(&'static str, &[u8])> {
    let of = |scheme: &'static str| {
        let (begin, rest) = text.split_at_checked(scheme.len())?;
        let rest = rest.strip_prefix(b"://")?;
        begin.eq_ignore_ascii_case(scheme.as_bytes()).then_some((scheme, rest))
    };
    of("http").or_else(|| of("https"))
}

fn of_url(scheme: &'static str, rest: &[u8], found: &str) -> Result<Target, String> {
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if path.starts_with(b"?") {
        return Err(format!("found {found}; Envoy refuses a query without a path, and /? would do"));
    }
    // Envoy drops the user; nobody sees it.
    let user_end = authority.iter().position(|byte| *byte == b'@').map_or(0, |at| at + 1);
    let (user, host) = authority.split_at(user_end);
    let is_of_user = |byte: &u8| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=_~".contains(byte);
    if !user.strip_suffix(b"@").unwrap_or(user).iter().all(is_of_user) || !is_host_of_url(host) {
        return Err(format!(
            "found {found}; in a URL Envoy takes a host of letters, digits, . and -, or an IPv6 address in brackets, and a \
             port below 65536"
        ));
    }
    let path = if path.is_empty() { b"/" } else { path };
    Ok(Target { path: path.to_vec(), host: Some(host.to_vec()), scheme: Some(scheme) })
}

/// Stricter than what Envoy takes as a header: no `_` for one.
fn is_host_of_url(host: &[u8]) -> bool {
    let name_end = match host {
        [b'[', ..] => host.iter().position(|byte| *byte == b']').map_or(0, |end| end + 1),
        _ => host.iter().position(|byte| *byte == b':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(name_end);
    let is_name = match name {
        [b'[', inner @ .., b']'] => str::from_utf8(inner).is_ok_and(|address| address.parse::<IpAddr>().is_ok()),
        _ => !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte)),
    };
    let is_port = match port {
        [] => true,
        [b':', digits @ ..] => {
            let number = str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_digit));
            number.is_some_and(|number| number.parse::<u16>().is_ok())
        }
        _ => false,
    };
    is_name && is_port
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn total(text: Vec<u8>, rest in "[a-z:@/?\\[\\]#%. 0-9]{0,12}") {
            for text in [text, format!("http://{rest}").into_bytes(), rest.into_bytes()] {
                let Ok(target) = Target::read(&text) else { continue };
                prop_assert!(target.path.starts_with(b"/") || target.path == b"*");
                prop_assert_eq!(target.host.is_some(), target.scheme.is_some());
                // A host that Envoy takes in a URL it takes by itself.
                prop_assert!(target.host.is_none_or(|host| super::super::syntax::host(&host).is_ok()));
            }
        }
    }

    /// What a real Envoy says to each of these, and to more, is asked by an end-to-end test.
    #[test]
    fn targets() {
        for (text, path, host, scheme) in [
            ("/", "/", None, None),
            ("/a?b=c/d?e", "/a?b=c/d?e", None, None),
            ("//a", "//a", None, None),
            ("/a\"<>\\^`{|}%zz\u{e9}", "/a\"<>\\^`{|}%zz\u{e9}", None, None),
            ("*", "*", None, None),
            ("http://Shop.example:8080/checkout?step=2", "/checkout?step=2", Some("Shop.example:8080"), Some("http")),
            ("hTTpS://shop.example", "/", Some("shop.example"), Some("https")),
            ("http://u:p:q@a/x@y", "/x@y", Some("a"), Some("http")),
            ("http://[::1]:80/a", "/a", Some("[::1]:80"), Some("http")),
            ("http://a:65535/", "/", Some("a:65535"), Some("http")),
        ] {
            let path = path.as_bytes().to_vec();
            let host = host.map(|host| host.as_bytes().to_vec());
            assert_eq!(Target::read(text.as_bytes()), Ok(Target { path, host, scheme }), "{text}");
        }
    }

    #[test]
    fn what_no_request_asks_for_is_refused() {
        for text in [
            "",
            "checkout",
            "?x",
            "#f",
            "/a#f",
            "/a b",
            "/a\tb",
            "/a\x01",
            "/a\x7f",
            "**",
            "shop.example:80/a",
            "ftp://a/",
            "http:/a",
            "http:a",
            "http://",
            "http:///a",
            "http://:80/a",
            "http://a?x",
            "http://a#f",
            "http://a:/",
            "http://a:x/",
            "http://a:65536/",
            "http://a:-1/",
            "http://a_b/",
            "http://a%2fb/",
            "http://[::1/a",
            "http://[]/",
            "http://[::zz]/",
            "http://[1:2]/",
            "http://[::1%25eth0]/",
            "http://[::1]x/",
            "http://b@c@a/",
            "http://u@/",
            "http://\u{e9}/",
            "://a/",
        ] {
            assert!(Target::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
