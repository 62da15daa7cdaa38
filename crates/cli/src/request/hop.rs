//! Headers that are for one hop of HTTP/1.1 alone: Envoy takes them out before any filter sees the request, and with them what
//! `connection` names; or it refuses the request.

use super::syntax::{Header, words};

/// Names in `connection`; of more Envoy refuses the request.
const NOMINATED_MAX: usize = 9;
/// Bytes of `te` where `connection` names it.
const TE_BYTES_MAX: usize = 255;
/// Words of `connection` that name no header.
const OF_THE_CONNECTION: [&[u8]; 5] = [b"close", b"connection", b"http2-settings", b"keep-alive", b"upgrade"];
/// Headers of the hop that are taken out in any case.
const OF_THE_HOP: [&[u8]; 3] = [b"keep-alive", b"proxy-connection", b"transfer-encoding"];

/// Whether `connection` takes out the headers of this name.
pub fn takes_out(headers: &[Header], name: &[u8]) -> bool {
    !is_upgrade(headers) && words(&joined(headers, b"connection")).any(|word| word == name)
}

/// Whether the connection is to become another one, such as a WebSocket: then Envoy takes nothing out that is named.
fn is_upgrade(headers: &[Header]) -> bool {
    let asks = words(&joined(headers, b"connection")).any(|word| word == b"upgrade");
    let has_upgrade = headers.iter().any(|(name, _)| name == b"upgrade");
    asks && has_upgrade && !joined(headers, b"upgrade").eq_ignore_ascii_case(b"h2c")
}

/// The headers of a request as a filter sees them, each of which is good by itself; or why none sees them.
pub fn taken_out(mut headers: Vec<Header>) -> Result<Vec<Header>, String> {
    let lines = |name: &[u8]| headers.iter().filter(|(known, _)| known == name).count();
    let (lengths, encodings) = (lines(b"content-length"), lines(b"transfer-encoding"));
    if lengths + encodings > 1 {
        return Err(
            "content-length or transfer-encoding, and once, as Envoy refuses more; leave the others out".to_owned()
        );
    }
    let connection = joined(&headers, b"connection");
    if !is_upgrade(&headers) {
        if connection.split(|byte| *byte == b',').filter(|name| !name.is_empty()).count() > NOMINATED_MAX {
            return Err(format!("connection has more than {NOMINATED_MAX} words, which Envoy refuses; fewer would do"));
        }
        for name in words(&connection).filter(|name| !is_one_of(&OF_THE_CONNECTION, name)) {
            if name == b"te" && joined(&headers, b"te").len() > TE_BYTES_MAX {
                return Err(format!("te has more than {TE_BYTES_MAX} bytes, which Envoy refuses; fewer would do"));
            }
            // Envoy keeps trailers of it, here in either case.
            if name == b"te" && words(&joined(&headers, b"te")).any(|word| word == b"trailers") {
                keep_trailers(&mut headers);
            } else {
                headers.retain(|(known, _)| *known != name);
            }
        }
        headers.retain(|(name, _)| name != b"connection" && name != b"upgrade");
        let te = joined(&headers, b"te");
        match te.split(|byte| *byte == b',').any(|word| word.trim_ascii() == b"trailers") {
            true => keep_trailers(&mut headers),
            false => headers.retain(|(name, _)| name != b"te"),
        }
    }
    headers.retain(|(name, _)| !is_one_of(&OF_THE_HOP, name));
    Ok(headers)
}

/// Makes one line of `te`, which says no more than that trailers are taken.
fn keep_trailers(headers: &mut Vec<Header>) {
    let mut is_first = true;
    headers.retain_mut(|(name, value)| {
        let is_te = name == b"te";
        if is_te {
            *value = b"trailers".to_vec();
        }
        !is_te || std::mem::take(&mut is_first)
    });
}

/// The lines of a header as Envoy makes one of them: with commas, and without those that are empty.
pub fn joined(headers: &[Header], name: &[u8]) -> Vec<u8> {
    let lines = headers.iter().filter(|(known, value)| known == name && !value.is_empty());
    lines.map(|(_, value)| value.as_slice()).collect::<Vec<_>>().join(&b","[..])
}

fn is_one_of(names: &[&[u8]], name: &[u8]) -> bool {
    names.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(lines: &[(&str, &str)]) -> Result<String, String> {
        let header = |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let left = taken_out(lines.iter().map(header).collect())?;
        let pair = |(name, value): &Header| [name.as_slice(), b"=", value].concat();
        Ok(String::from_utf8(left.iter().map(pair).collect::<Vec<_>>().join(&b' ')).unwrap())
    }

    /// What a real Envoy does with these, and with more, is asked by an end-to-end test.
    #[test]
    fn what_connection_names_is_taken_out() {
        for (lines, expected) in [
            (&[("a", "1"), ("b", "2"), ("a", "3"), ("connection", "A, c")][..], "b=2"),
            (&[("a", "1"), ("connection", "close"), ("connection", ""), ("connection", "a")], ""),
            (&[("keep-alive", "5"), ("proxy-connection", "a"), ("transfer-encoding", "chunked"), ("a", "1")], "a=1"),
            (&[("te", "gzip, trailers"), ("te", "br")], "te=trailers"),
            (&[("te", "Trailers")], ""),
            (&[("te", "Trailers"), ("connection", "te")], "te=trailers"),
            (&[("te", "gzip"), ("upgrade", "a"), ("connection", "upgrade")], "te=gzip upgrade=a connection=upgrade"),
            (&[("te", "trailers"), ("connection", "te")], "te=trailers"),
            (&[("te", "gzip"), ("connection", "te")], ""),
            (&[("content-length", "2"), ("connection", "content-length")], ""),
            (&[("upgrade", "a"), ("x", "1"), ("connection", "x")], ""),
            (&[("upgrade", "h2c"), ("x", "1"), ("connection", "upgrade, x")], ""),
            (&[("upgrade", "a"), ("x", "1"), ("connection", "Upgrade, x")], "upgrade=a x=1 connection=Upgrade, x"),
        ] {
            assert_eq!(left(lines).as_deref(), Ok(expected), "{lines:?}");
        }
    }

    #[test]
    fn what_envoy_refuses_is_refused() {
        let words = |count: usize| vec!["a"; count].join(",,");
        assert!(left(&[("connection", &words(9))]).is_ok() && left(&[("connection", &words(10))]).is_err());
        let te = |bytes: usize| left(&[("te", &"t".repeat(bytes)), ("connection", "te")]);
        assert!(te(255).is_ok() && te(256).is_err());
        for (lines, is_taken) in [
            (&[("content-length", "1")][..], true),
            (&[("content-length", "1"), ("content-length", "1")], false),
            (&[("content-length", "1"), ("transfer-encoding", "chunked")], false),
            (&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], false),
        ] {
            assert_eq!(left(lines).is_ok(), is_taken, "{lines:?}");
        }
    }
}
