//! The request that is explained: what Envoy would hand to the filter of it, and the decision on it. `weir explain` makes one of
//! its options, and documents of requests hold many.

use std::borrow::Cow;

use weir_engine::{Exchange, Plan, TraceCell};

mod hop;
mod options;
pub mod syntax;
mod target;

pub use options::{RequestOptions, header};
pub use syntax::Header;
pub use target::Target;

/// What a request is made of, each part one that a request can have by itself.
pub struct Parts {
    /// A token.
    pub method: Vec<u8>,
    /// The path, or a URL.
    pub target: Target,
    /// The host, if it is said apart from headers.
    pub host: Option<Vec<u8>>,
    /// In the order of arrival; names in lower case, `host` perhaps among them.
    pub headers: Vec<Header>,
    /// The cluster that Envoy chose before the filter ran.
    pub destination: Option<Vec<u8>>,
    /// The random bytes of units that are made, one after the other.
    pub random: Vec<[u8; 16]>,
    /// Those of any unit behind these, by how many are made before it.
    pub more_random: fn(u128) -> Option<[u8; 16]>,
    /// The tags that live requests of the same trace brought into the workload.
    pub joined: Vec<Vec<u8>>,
}

/// A request as Envoy hands it to the filter.
pub struct Request {
    /// Pseudo-headers first, names in lower case.
    headers: Vec<Header>,
    destination: Option<Vec<u8>>,
    random: Vec<[u8; 16]>,
    more_random: fn(u128) -> Option<[u8; 16]>,
    joined: Vec<Vec<u8>>,
}

/// Parts that no request has together.
#[derive(Debug, PartialEq, Eq)]
pub enum AtOdds {
    /// The path does not go with the method; says what would do.
    Path(String),
    /// The host is said twice; says where.
    Host(&'static str),
    /// Headers that Envoy refuses together; says what would do.
    Headers(String),
}

impl Request {
    /// The request of these parts, read as Envoy reads HTTP/1: a URL names the host, whatever the header `host` says, several
    /// lines of `host` are one, with commas, and headers that are for one hop are gone, as is what `connection` names.
    pub fn new(parts: Parts) -> Result<Request, AtOdds> {
        let Parts { method, target, host, headers, destination, random, more_random, joined } = parts;
        if target.path == b"*" && method != b"OPTIONS" {
            return Err(AtOdds::Path(
                "found \"*\", which only OPTIONS asks for; a path that begins with / would do".into(),
            ));
        }
        let (hosts, headers): (Vec<Header>, Vec<Header>) = headers.into_iter().partition(|(name, _)| name == b"host");
        if host.is_some() && target.host.is_some() {
            return Err(AtOdds::Host("the URL names the host; leave one of them out"));
        }
        if host.is_some() && !hosts.is_empty() {
            return Err(AtOdds::Host("the header host says it too; leave one of them out"));
        }
        let is_taken_out = hop::takes_out(&headers, b"host");
        if is_taken_out && target.host.is_none() {
            return Err(AtOdds::Headers(
                "connection takes out the host, without which Envoy refuses it; leave that out".into(),
            ));
        }
        let headers = hop::taken_out(headers).map_err(AtOdds::Headers)?;
        let in_header = || (!hosts.is_empty()).then(|| hop::joined(&hosts, b"host"));
        let authority = target.host.or(host).or_else(in_header);
        let pseudo = [
            (":method", Some(method)),
            (":path", Some(target.path)),
            (":authority", authority),
            (":scheme", target.scheme.map(|scheme| scheme.as_bytes().to_vec())),
        ];
        let pseudo = pseudo.into_iter().filter_map(|(name, value)| Some((name.as_bytes().to_vec(), value?)));
        Ok(Request { headers: pseudo.chain(headers).collect(), destination, random, more_random, joined })
    }

    /// Names and values as Envoy hands them over.
    pub fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        self.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// What the plan cannot be asked with this request; says what would do.
    pub fn problem_with(&self, plan: &Plan) -> Option<&'static str> {
        let joins_for_nothing = !self.joined.is_empty() && !plan.follows_trace();
        joins_for_nothing.then_some("the attachment does not join; it needs join: traceparent")
    }

    /// The decision on it.
    pub fn decide<'p, 'a>(&'a self, plan: &'p Plan) -> Exchange<'p, 'a> {
        let mut given = self.random.iter().copied();
        let mut made = 0..;
        plan.exchange(
            self.pairs(),
            || {
                let before = made.next()?;
                given.next().or_else(|| (self.more_random)(before))
            },
            |trace| TraceCell::together(trace, self.joined.iter().map(Vec::as_slice)),
            || self.destination.as_deref().map(Cow::Borrowed),
        )
    }
}

/// The random bytes of a unit, which are written in hex.
pub fn sixteen_bytes(hex: &str) -> Result<[u8; 16], String> {
    let is_hex = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(hex, 16).ok().filter(|_| is_hex);
    number.map(u128::to_be_bytes).ok_or_else(|| "32 hex digits would do".to_owned())
}

/// Random bytes of the operating system, others each time.
pub fn fresh_random(_: u128) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(method: &str, path: &str, host: Option<&str>, headers: &[(&str, &str)]) -> Result<String, AtOdds> {
        let bytes = |text: &str| text.as_bytes().to_vec();
        let headers = headers.iter().map(|(name, value)| (bytes(name), bytes(value))).collect();
        let (method, target) = (bytes(method), Target::read(path.as_bytes()).unwrap());
        let host = host.map(bytes);
        let parts = Parts {
            method,
            target,
            host,
            headers,
            destination: None,
            random: Vec::new(),
            more_random: |_| None,
            joined: Vec::new(),
        };
        let request = Request::new(parts)?;
        let pair = |(name, value): (&[u8], &[u8])| [name, b"=", value].concat();
        let pairs: Vec<_> = request.pairs().map(pair).collect();
        Ok(String::from_utf8(pairs.join(&b' ')).unwrap())
    }

    #[test]
    fn a_request_is_what_envoy_makes_of_its_parts() {
        let (path, both) = ("/a?b", [("host", "b.example"), ("a", "1"), ("host", "c.example")]);
        for (method, path, host, headers, expected) in [
            ("GET", path, None, &[][..], ":method=GET :path=/a?b"),
            ("GET", path, Some("a.example"), &[("a", "1")], ":method=GET :path=/a?b :authority=a.example a=1"),
            ("GET", path, None, &both[..1], ":method=GET :path=/a?b :authority=b.example"),
            ("GET", path, None, &both, ":method=GET :path=/a?b :authority=b.example,c.example a=1"),
            ("GET", path, None, &[("host", ""), ("host", "a")], ":method=GET :path=/a?b :authority=a"),
            ("GET", path, Some(""), &[], ":method=GET :path=/a?b :authority="),
            ("GET", path, None, &[("x", "1"), ("connection", "x"), ("y", "2")], ":method=GET :path=/a?b y=2"),
            ("GET", "http://d/a", None, &[("connection", "host")], ":method=GET :path=/a :authority=d :scheme=http"),
            ("GET", "http://u@d:80/a", None, &both, ":method=GET :path=/a :authority=d:80 :scheme=http a=1"),
            ("OPTIONS", "*", Some("a"), &[], ":method=OPTIONS :path=* :authority=a"),
        ] {
            assert_eq!(pairs(method, path, host, headers).as_deref(), Ok(expected), "{method} {path}");
        }
    }

    #[test]
    fn parts_that_no_request_has_together_are_told_apart() {
        assert!(matches!(pairs("GET", "*", None, &[]), Err(AtOdds::Path(_))));
        assert!(matches!(pairs("GET", "http://a/", Some("a"), &[]), Err(AtOdds::Host(_))));
        assert!(matches!(pairs("GET", "/", Some("a"), &[("host", "a")]), Err(AtOdds::Host(_))));
        assert!(matches!(pairs("GET", "/", Some("a"), &[("connection", "host")]), Err(AtOdds::Headers(_))));
        let twice = [("content-length", "1"), ("content-length", "1")];
        assert!(matches!(pairs("GET", "/", Some("a"), &twice), Err(AtOdds::Headers(_))));
    }
}
