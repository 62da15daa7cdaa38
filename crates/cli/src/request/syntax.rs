//! What a request can have by itself: methods, hosts and headers that Envoy lets through by HTTP/1 or HTTP/2. Anything else it
//! answers with 400 before any filter sees it, so that to explain it would be to explain what never happens.

/// A header's name and value.
pub type Header = (Vec<u8>, Vec<u8>);

/// What a client can have nothing removed by.
const NEVER_NOMINATED: [&[u8]; 3] = [b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"];

/// Whether it is a method: a token of RFC 9110. HTTP/2 takes any, and in any case.
pub fn method(method: &[u8]) -> Result<(), String> {
    match is_token(method) {
        true if method == b"CONNECT" => {
            Err("found \"CONNECT\", which asks for no path, and which Envoy answers before any \
                                             filter sees it; another method would do"
                .to_owned())
        }
        true => Ok(()),
        false => Err(format!("found {}; a word such as GET would do", quoted(method))),
    }
}

/// Whether it is a host, perhaps with a port. Envoy lets more through than there are hosts, which is its own affair; a user, or
/// nothing at all, by HTTP/1 alone.
pub fn host(host: &[u8]) -> Result<(), String> {
    let is_of_host = |byte: &u8| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=@[]_~".contains(byte);
    match host.iter().find(|byte| !is_of_host(byte)) {
        None => Ok(()),
        Some(b'/') => Err(format!("found {}; a host without scheme and path would do", quoted(host))),
        Some(byte) if !byte.is_ascii() => {
            Err(format!("found {}; browsers send its punycode (xn--…), which would do", quoted(host)))
        }
        Some(_) => Err(format!("found {}; a host such as shop.example:8080 would do", quoted(host))),
    }
}

/// A header with its name in lower case and without the blanks around its value, which HTTP takes away before anybody sees it.
/// `named` says how whoever wrote it would write another part of the request.
pub fn header(name: &[u8], value: &[u8], named: impl Fn(&str) -> String) -> Result<Header, String> {
    if let Some(pseudo) = name.strip_prefix(b":") {
        return Err(match pseudo {
            b"path" => format!(":path is no header of a client; {} says it", named("path")),
            b"method" => format!(":method is no header of a client; {} says it", named("method")),
            b"authority" => format!(":authority is no header of a client; {} says it", named("host")),
            b"scheme" => format!(":scheme is no header of a client; a URL in {} says it", named("path")),
            _ => format!("found the name {}; clients send no headers that begin with a colon", quoted(name)),
        });
    }
    if !is_token(name) {
        return Err(format!("found the name {}; letters, digits and - would do", quoted(name)));
    }
    let name = name.to_ascii_lowercase();
    let value = value.trim_ascii();
    if name == b"host" {
        host(value)?;
    }
    check(&name, value)?;
    let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    if value.iter().any(is_control) {
        return Err(format!("found the value {}; control characters are no part of one", quoted(value)));
    }
    Ok((name, value.to_vec()))
}

/// What Envoy would let no request have as the value of this header.
fn check(name: &[u8], value: &[u8]) -> Result<(), String> {
    let found = quoted(value);
    match name {
        b"content-length" => {
            let digits = str::from_utf8(value).ok().filter(|_| value.iter().all(u8::is_ascii_digit));
            let number = digits.and_then(|digits| digits.parse::<u64>().ok());
            number.map(|_| ()).ok_or_else(|| format!("content-length: found {found}; a number such as 0 would do"))
        }
        b"transfer-encoding" if !value.eq_ignore_ascii_case(b"chunked") => {
            Err(format!("transfer-encoding: found {found}; Envoy takes chunked alone"))
        }
        b"connection" => {
            match words(value).find(|name| name.starts_with(b":") || NEVER_NOMINATED.contains(&name.as_slice())) {
                Some(name) => {
                    let name = quoted(&name);
                    Err(format!("connection: found {name}, which it cannot take out, and Envoy refuses; leave it out"))
                }
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Words between commas, in lower case.
pub fn words(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    value.split(|byte| *byte == b',').map(|word| word.trim_ascii().to_ascii_lowercase())
}

fn is_token(text: &[u8]) -> bool {
    let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_of_token)
}

/// Bytes for a message: at most 60 characters, and nothing that a terminal would obey.
pub fn quoted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?}", format!("{}…", &text[..end])),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods() {
        for good in ["GET", "get", "FOO", "X-Y_Z", "!#$%&'*+-.^_`|~"] {
            assert_eq!(method(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in ["", "get it", "G(T", "GET\n", "G\u{e9}T", "GET:", "CONNECT"] {
            assert!(method(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn hosts() {
        for good in [
            "",
            "u@a",
            "@",
            "shop.example",
            "Shop.example:8080",
            "[::1]:80",
            "a_b",
            "a,b",
            "shop..",
            "1",
            "%41",
            "a!$&'()*+;=~",
        ] {
            assert_eq!(host(good.as_bytes()), Ok(()), "{good}");
        }
        let every_other = (0..=u8::MAX).filter(|byte| !byte.is_ascii_alphanumeric());
        let refused: Vec<u8> =
            every_other.filter(|byte| host(&[b'a', *byte, b'b']).is_err()).filter(u8::is_ascii_graphic).collect();
        assert_eq!(String::from_utf8(refused).unwrap(), "\"#/<>?\\^`{|}");
        for bad in ["a b", "a\tb", "a\nb", "a/", "http://a", "sh\u{f6}p", "a\u{7f}"] {
            assert!(host(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn headers() {
        let read = |name: &str, value: &str| header(name.as_bytes(), value.as_bytes(), |part| format!("--{part}"));
        for (name, value, expected) in [
            ("X-User-Id", " ada\t", ("x-user-id", "ada")),
            ("x", "", ("x", "")),
            ("x_y.z", "a\tb \u{e9}", ("x_y.z", "a\tb \u{e9}")),
            ("Host", "Shop.example", ("host", "Shop.example")),
        ] {
            let expected = (expected.0.as_bytes().to_vec(), expected.1.as_bytes().to_vec());
            assert_eq!(read(name, value), Ok(expected), "{name}: {value}");
        }
        for (name, value) in [
            ("", "a"),
            ("a b", "a"),
            ("a ", "a"),
            ("a(b)", "a"),
            ("\u{e9}", "a"),
            ("a", "b\rc"),
            ("a", "b\nc"),
            ("a", "b\0c"),
        ] {
            assert!(read(name, value).is_err(), "{name:?}: {value:?}");
        }
        assert!(read("host", "").is_ok() && read("host", "a/b").is_err());
        assert!(read("Content-Length", " 7 ").is_ok() && read("Content-Length", "abc").is_err());
        for (name, would_do) in
            [(":path", "--path"), (":method", "--method"), (":authority", "--host"), (":scheme", "--path")]
        {
            let said = read(name, "/x").unwrap_err();
            assert!(said.contains(would_do), "{said}");
        }
        assert!(read(":status", "200").is_err());
    }

    #[test]
    fn values_that_no_request_has() {
        for (name, value, is_taken) in [
            ("content-length", "02", true),
            ("content-length", "18446744073709551615", true),
            ("content-length", "18446744073709551616", false),
            ("content-length", "", false),
            ("content-length", "+2", false),
            ("content-length", "2,2", false),
            ("transfer-encoding", "Chunked", true),
            ("transfer-encoding", "gzip, chunked", false),
            ("transfer-encoding", "", false),
            ("connection", "a, X-Forwarded", true),
            ("connection", "a, X-Forwarded-For", false),
            ("connection", ":path", false),
            ("other", ":path", true),
        ] {
            assert_eq!(check(name.as_bytes(), value.as_bytes()).is_ok(), is_taken, "{name}: {value}");
        }
    }

    #[test]
    fn what_is_quoted_is_short_and_tame() {
        assert_eq!(quoted(b"a\x1b[2J\xff"), "\"a\\u{1b}[2J\u{fffd}\"");
        assert_eq!(quoted("\u{e9}".repeat(60).as_bytes()).chars().count(), 62);
        assert_eq!(quoted("\u{e9}".repeat(61).as_bytes()).chars().count(), 63);
    }
}
