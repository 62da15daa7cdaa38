//! A document of requests: its form is a public one, which `docs/cli.md` tells.

use std::path::{Path, PathBuf};

use weir_engine::Plan;
use weir_policy::fields::{Fields, list};
use weir_policy::{At, Attachment, Kind, Model, Problems, SourceId, Sources, Spanned, codes};

use super::attachments::Attachments;
use super::expectation::Expectation;
use super::fields::{each, headers, one};
use super::possible::check_possible;
use crate::request::{AtOdds, Parts, Request, Target, sixteen_bytes, syntax};

/// Bytes of a file.
pub const BYTES_MAX: usize = 8 << 20;
/// Requests of a file.
pub const REQUESTS_MAX: usize = 10_000;

/// A file of requests.
pub struct RequestsFile {
    /// As it was given.
    pub path: PathBuf,
    /// Its text.
    pub source: SourceId,
    /// In their order.
    pub cases: Vec<Case>,
}

/// One of its requests.
pub struct Case {
    /// From 0.
    pub index: usize,
    /// The line where it begins, from 1.
    pub line: u32,
    /// What it shows.
    pub name: Option<String>,
    /// The number of its attachment.
    pub attachment: usize,
    /// The request itself.
    pub request: Request,
    /// What is to come of it.
    pub expectation: Option<Expectation>,
}

impl Case {
    /// Its name, or its number.
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("request {}", self.index + 1))
    }
}

impl RequestsFile {
    /// Reads a document; `None` where it cannot be read as one at all.
    pub fn read(
        path: &Path,
        source: SourceId,
        sources: &mut Sources,
        attachments: &mut Attachments,
        problems: &mut Problems,
    ) -> Option<RequestsFile> {
        let root = At::Root { source };
        let bytes = sources.get(source).map_or(0, |source| source.text.len());
        if bytes > BYTES_MAX {
            problems.add(codes::LIMIT, &root, format!("{bytes} bytes; at most {BYTES_MAX} are read"));
            return None;
        }
        let mut fields = Fields::open(sources.parse_as(Kind::Requests, source, problems), &root, problems)?;
        let at = root.key("attachment");
        let attachment = match fields.take("attachment") {
            Some(node) => attachments.read(node, path, (source, None), &at, sources, problems).unwrap_or(0),
            None => 0,
        };
        let at = root.key("requests");
        let nodes = fields.require("requests", problems).and_then(|node| list(node, &at, problems)).unwrap_or_default();
        fields.finish(problems);
        if nodes.len() > REQUESTS_MAX {
            problems.add(codes::LIMIT, &at, format!("{} requests; at most {REQUESTS_MAX} are read", nodes.len()));
            return None;
        }
        let places = sources.get(source).map(|source| source.places());
        let mut cases = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.into_iter().enumerate() {
            let at = at.index(index);
            let line = places.as_ref().and_then(|places| places.position(&at)).map_or(1, |position| position.line);
            let Some(mut fields) = Fields::open(node, &at, problems) else { continue };
            let own = fields.take("attachment").map(|node| {
                let at = at.key("attachment");
                attachments.read(node, path, (source, Some(index)), &at, sources, problems).unwrap_or(0)
            });
            let name = fields.take("name").and_then(|node| one(node, &at.key("name"), problems, name));
            let expectation =
                fields.take("expect").and_then(|node| Expectation::read(node, &at.key("expect"), problems));
            let request = request(&mut fields, &at, problems);
            fields.finish(problems);
            let attachment = own.unwrap_or(attachment);
            cases.extend(request.map(|request| Case { index, line, name, attachment, request, expectation }));
        }
        Some(RequestsFile { path: path.to_owned(), source, cases })
    }

    /// What is expected that this policy can never do.
    pub fn check<'a>(&self, policy: &Model, attachment: impl Fn(&Case) -> &'a Attachment, problems: &mut Problems) {
        let root = At::Root { source: self.source };
        let list = root.key("requests");
        for case in &self.cases {
            if let Some(expectation) = &case.expectation {
                let (one, attachment) = (list.index(case.index), attachment(case));
                let at = one.key("expect");
                expectation.check(policy, attachment.role, &at, problems);
                check_possible(expectation, policy, attachment, &at, problems);
            }
        }
    }

    /// What requests say that their attachments cannot be asked.
    pub fn check_plans<'a>(&self, plan: impl Fn(&Case) -> &'a Plan, problems: &mut Problems) {
        let root = At::Root { source: self.source };
        let list = root.key("requests");
        for case in &self.cases {
            if let Some(message) = case.request.problem_with(plan(case)) {
                problems.add(codes::CONFLICT, &list.index(case.index).key("joined"), message);
            }
        }
    }

    /// Whether something is expected of some request.
    pub fn expects_something(&self) -> bool {
        self.cases.iter().any(|case| case.expectation.is_some())
    }
}

fn name(name: &str) -> Result<String, String> {
    if name.is_empty() {
        Err("found nothing; leave it out, or say what the request shows".to_owned())
    } else {
        Ok(name.to_owned())
    }
}

/// The request of the fields that are left.
fn request(fields: &mut Fields<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Request> {
    let mut text = |name: &'static str, problems: &mut Problems, check: fn(&[u8]) -> Result<(), String>| {
        let read = |text: &str| check(text.as_bytes()).map(|()| text.as_bytes().to_vec());
        // What is refused is told already; something must stand in its place for the rest to be read.
        fields.take(name).map(|node: Spanned| one(node, &at.key(name), problems, read))
    };
    let method = text("method", problems, syntax::method);
    let host = text("host", problems, syntax::host);
    let destination = text("destination", problems, |_| Ok(()));
    let target =
        fields.take("path").map(|node| one(node, &at.key("path"), problems, |path| Target::read(path.as_bytes())));
    let headers = fields.take("headers").map(|node| headers(node, &at.key("headers"), problems)).unwrap_or_default();
    let random = fields.take("random").map(|node| each(node, &at.key("random"), problems, sixteen_bytes));
    let bytes = |text: &str| Ok(text.as_bytes().to_vec());
    let joined = fields.take("joined").map(|node| each(node, &at.key("joined"), problems, bytes));
    let slash = || Target { path: b"/".to_vec(), host: None, scheme: None };
    let parts = Parts {
        method: method.unwrap_or_else(|| Some(b"GET".to_vec()))?,
        target: target.unwrap_or_else(|| Some(slash()))?,
        host: host.map_or(Some(None), |host| host.map(Some))?,
        headers,
        destination: destination.flatten(),
        random: random.unwrap_or_default(),
        // The same each time, so that a test that fails once fails always.
        more_random: |before| Some(before.to_be_bytes()),
        joined: joined.unwrap_or_default(),
    };
    let request = Request::new(parts);
    match request {
        Ok(request) => return Some(request),
        Err(AtOdds::Path(message)) => problems.add(codes::BAD_VALUE, &at.key("path"), message),
        Err(AtOdds::Host(message)) => problems.add(codes::CONFLICT, &at.key("host"), message),
        Err(AtOdds::Headers(message)) => problems.add(codes::CONFLICT, &at.key("headers"), message),
    }
    None
}
