//! What the engine says of a request, in the terms in which Envoy and the upstream show it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hyper::Request;
use serde_json::Value;
use weir_engine::{Plan, without_unit};

use super::bench::SERVICE;
use super::client::{Answer, DEFAULT_HOST};
use super::echo::header_lines;

/// The engine, configured as the filter is.
pub struct Predictor {
    plan: Plan,
}

/// A request as Envoy hands it to the filter.
#[derive(Debug, Clone)]
pub struct Sent {
    pseudo: [(&'static str, Vec<u8>); 3],
    headers: Vec<(String, Vec<u8>)>,
}

/// What shows of a decision from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The filter state, as the bootstraps of `envoy/` put it on the response: without a unit.
    pub state: Option<String>,
    /// What the upstream sees of every header that was sent, and of those that Weir writes: the lines of each.
    pub headers: BTreeMap<String, Vec<Vec<u8>>>,
}

/// Weir may write these although nobody sent them.
const WRITTEN: [&str; 3] = ["x-env-tag", "baggage", "x-weir-subset"];

impl Sent {
    /// From the lines of a request of HTTP/1.1, as for `raw_http1`.
    pub fn raw(head: &[u8]) -> Self {
        let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
        let mut words = lines.next().unwrap().split(|byte| *byte == b' ').map(<[u8]>::to_vec);
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let headers = lines.map(|line| {
            let colon = line.iter().position(|byte| *byte == b':').unwrap();
            let name = String::from_utf8(line[..colon].to_ascii_lowercase()).unwrap();
            (name, line[colon + 1..].trim_ascii().to_vec())
        });
        Self::new(method, path, headers.collect())
    }

    fn new(method: Vec<u8>, path: Vec<u8>, headers: Vec<(String, Vec<u8>)>) -> Self {
        let host = headers.iter().find(|(name, _)| name == "host").map(|(_, host)| host.clone());
        let host = host.unwrap_or_else(|| DEFAULT_HOST.into());
        let headers = headers.into_iter().filter(|(name, _)| name != "host").collect();
        Self { pseudo: [(":method", method), (":path", path), (":authority", host)], headers }
    }
}

impl<B> From<&Request<B>> for Sent {
    fn from(request: &Request<B>) -> Self {
        let (method, path) = (request.method().to_string(), request.uri().to_string());
        Self::new(method.into(), path.into(), header_lines(request.headers()))
    }
}

impl Predictor {
    /// Panics with the problems if the envelope is not in order.
    pub fn new(envelope: &Value) -> Self {
        let plan = weir_engine::configure_json(envelope.to_string().as_bytes());
        Self { plan: plan.unwrap_or_else(|refused| panic!("{:?}", refused.problems)) }
    }

    /// The revision, as the filter names it.
    pub fn revision(&self) -> String {
        self.plan.revision().map(|revision| revision.to_string()).unwrap_or_default()
    }

    /// The revision, as the filter's gauges have it.
    pub fn revision_number(&self) -> u64 {
        self.plan.revision().map_or(0, weir_policy::Revision::number)
    }

    /// What this request will show, if Envoy had chosen the service itself before the filter ran.
    pub fn shown(&self, sent: impl Into<Sent>) -> Shown {
        let sent = sent.into();
        let destination = || Some(Cow::Borrowed(SERVICE.as_bytes()));
        let exchange = self.plan.exchange(sent.lines(), || None, |_| None, destination);
        let mut headers = by_name(sent.names(), &sent.headers);
        for edit in exchange.edits() {
            headers.insert(String::from_utf8(edit.name).unwrap(), edit.lines);
        }
        // It steers between the filter and the route; the routes of `envoy/` take it away towards the upstream.
        headers.insert("x-weir-subset".to_owned(), Vec::new());
        let state = exchange.filter_state();
        Shown { state: state.map(|state| without_unit(&state).unwrap_or(state)), headers }
    }

    /// The filter state of this request, as logs and traces have it.
    pub fn state(&self, sent: impl Into<Sent>) -> Option<String> {
        let sent = sent.into();
        self.plan.exchange(sent.lines(), || None, |_| None, || None).filter_state()
    }
}

impl Sent {
    fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        let pseudo = self.pseudo.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()));
        pseudo.chain(self.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| name.as_str()).chain(WRITTEN)
    }
}

impl Shown {
    /// What the answer of an echo upstream shows of a request.
    #[track_caller]
    pub fn by(answer: &Answer, sent: impl Into<Sent>) -> Self {
        let headers = by_name(sent.into().names(), &answer.echo().headers);
        Self { state: answer.header("x-weir-decision"), headers }
    }

    /// The tags that reached the upstream.
    pub fn tags(&self) -> String {
        let lines = self.headers.get("x-env-tag").map(|lines| lines.join(&b"\n"[..])).unwrap_or_default();
        String::from_utf8_lossy(&lines).into_owned()
    }
}

fn by_name<'a>(names: impl Iterator<Item = &'a str>, lines: &[(String, Vec<u8>)]) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut map: BTreeMap<String, Vec<Vec<u8>>> = names.map(|name| (name.to_owned(), Vec::new())).collect();
    for (name, value) in lines {
        if let Some(lines) = map.get_mut(name) {
            lines.push(value.clone());
        }
    }
    // On the way from one version of HTTP to the other the crumbs of several lines become one line, or the other way round.
    if let Some(lines) = map.get_mut("cookie").filter(|lines| !lines.is_empty()) {
        *lines = vec![lines.join(&b"; "[..])];
    }
    map
}
