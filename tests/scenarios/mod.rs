//! The scenario corpus: policies, requests and what must come of them, read for tests of every depth.
//! The format is in README.md beside this file. Reading panics on anything it does not know: a typo is no test.

// Each depth uses a part of it.
#![allow(dead_code, unused_imports)]

use std::collections::BTreeMap;

use serde_json::Value as Json;
use weir_policy::{Role, Source, SourceId, Sources};

mod attachment;
mod document;
mod expectation;

pub use attachment::Attachment;
use document::Fields;
pub use document::{Bytes, json_text};
pub use expectation::{Expectation, Problem};

/// One policy, one attachment, and what must come of them.
pub struct Scenario {
    /// File and name, for messages.
    pub name: String,
    /// What is read.
    pub subject: Subject,
    /// Where the filter is put.
    pub attachment: Attachment,
    /// The operator whose matching and not matching its requests show.
    pub operator: Option<String>,
    /// A limit, and whether this is `at` it or `over` it.
    pub limit: Option<(String, Side)>,
    /// The canonical form of the policy.
    pub canonical: Option<String>,
    /// The revision of the policy, computed by somebody else.
    pub revision: Option<String>,
    /// Why a real Envoy cannot be asked.
    pub skipped_in_envoy: Option<String>,
    /// What must come of it.
    pub outcome: Outcome,
}

/// What a scenario reads.
pub enum Subject {
    /// A policy: the names and texts of its files.
    Policy(Vec<(String, String)>),
    /// An attachment file, and the text of the policy that it is for.
    Attachment(String, String),
    /// The JSON that a filter is configured by.
    Envelope(String),
}

/// What must come of a scenario.
pub enum Outcome {
    /// Exactly these problems; none means that the policy is good.
    Problems(Vec<Problem>),
    /// An answer for each request.
    Requests(Vec<Request>),
}

/// The side of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    At,
    Over,
}

/// A request and the decision on it.
pub struct Request {
    /// What it shows.
    pub name: String,
    pub method: Bytes,
    pub path: Bytes,
    pub host: Option<Bytes>,
    /// The cluster that Envoy chose before the filter ran.
    pub destination: Option<String>,
    /// In the order of arrival, names in lower case.
    pub headers: Vec<(String, Bytes)>,
    /// The random bytes of the units that are made for it, in hex.
    pub random: Vec<String>,
    /// What live requests of its trace brought into the workload.
    pub joined: Vec<String>,
    /// Why a real Envoy cannot be asked.
    pub skipped_in_envoy: Option<String>,
    pub expected: Expectation,
}

/// Every scenario of these files: names and texts.
pub fn read(files: &[(String, String)]) -> Vec<Scenario> {
    files.iter().flat_map(|(file, text)| read_file(file, text)).collect()
}

/// The files of the corpus, in the order of their names.
#[cfg(not(target_family = "wasm"))]
pub fn files() -> Vec<(String, String)> {
    let here =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("tests/scenarios"));
    let folder = here.into_iter().find(|folder| folder.join("mod.rs").is_file()).unwrap();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    files.sort();
    files
}

fn read_file(file: &str, text: &str) -> Vec<Scenario> {
    let (node, problems) = Source::yaml(file, text).parse(SourceId::FIRST);
    assert!(problems.is_empty(), "{file}: {problems:?}");
    let mut fields = Fields::open(file, node);
    fields.text("about");
    let scenarios = fields.list("scenarios");
    fields.finish();
    scenarios.into_iter().map(|node| scenario(file, document::repeated(file, node))).collect()
}

fn scenario(file: &str, node: weir_policy::Spanned) -> Scenario {
    let mut fields = Fields::open(file, node);
    let name =
        format!("{file}: {}", fields.text("name").unwrap_or_else(|| panic!("{file}: a scenario without a name")));
    fields.context.clone_from(&name);
    let subject = subject(&mut fields);
    let attachment = Attachment::read(fields.fields("attachment"));
    let limit = fields.text("limit").map(|limit| match limit.split_once(' ') {
        Some((limit, "at")) => (limit.to_owned(), Side::At),
        Some((limit, "over")) => (limit.to_owned(), Side::Over),
        _ => panic!("{name}: limit {limit:?}"),
    });
    let problems = fields.optional_list("problems");
    let requests = fields.optional_list("requests");
    let outcome = match (problems, requests) {
        (Some(problems), None) => {
            Outcome::Problems(problems.into_iter().map(|node| Problem::read(&name, node)).collect())
        }
        (None, Some(requests)) => {
            assert!(!requests.is_empty(), "{name}: no request");
            Outcome::Requests(requests.into_iter().map(|node| request(&name, node)).collect())
        }
        _ => panic!("{name}: one of problems and requests is wanted"),
    };
    let scenario = Scenario {
        subject,
        attachment,
        operator: fields.text("operator"),
        limit,
        canonical: fields.text("canonical").map(|text| text.trim_end().to_owned()),
        revision: fields.text("revision"),
        skipped_in_envoy: skipped(&mut fields),
        outcome,
        name,
    };
    fields.finish();
    scenario
}

fn subject(fields: &mut Fields) -> Subject {
    let policy = fields.text("policy");
    let files = fields.map("files").map(|files| {
        files.into_iter().map(|(name, node)| (name, document::text(&fields.context, node))).collect::<Vec<_>>()
    });
    let attachment = fields.text("attachment_file");
    let envelope = fields.text("envelope");
    match (policy, files, attachment, envelope) {
        (Some(text), None, None, None) => Subject::Policy(vec![("policy.yaml".to_owned(), text)]),
        (None, Some(files), None, None) => Subject::Policy(files),
        (policy, None, Some(text), None) => {
            Subject::Attachment(text, policy.unwrap_or_else(|| "version: 1\n".to_owned()))
        }
        (None, None, None, Some(text)) => Subject::Envelope(text),
        _ => panic!("{}: one of policy, files, attachment_file and envelope is wanted", fields.context),
    }
}

fn skipped(fields: &mut Fields) -> Option<String> {
    let mut envoy = fields.fields("envoy")?;
    let reason = envoy.text("skip");
    envoy.finish();
    reason
}

fn request(scenario: &str, node: weir_policy::Spanned) -> Request {
    let mut fields = Fields::open(scenario, node);
    let name = fields.text("name").unwrap_or_else(|| panic!("{scenario}: a request without a name"));
    let name = format!("{scenario}: {name}");
    fields.context.clone_from(&name);
    let headers = fields.optional_list("headers").unwrap_or_default();
    let request = Request {
        method: fields.bytes("method").unwrap_or_else(|| Bytes::from("GET")),
        path: fields.bytes("path").unwrap_or_else(|| Bytes::from("/")),
        host: fields.bytes("host"),
        destination: fields.text("destination"),
        headers: headers.into_iter().map(|node| document::pair(&name, node)).collect(),
        random: fields.texts("random"),
        joined: fields.texts("joined"),
        skipped_in_envoy: skipped(&mut fields),
        expected: Expectation::read(&name, fields.fields("expect").unwrap_or_else(|| panic!("{name}: no expect"))),
        name,
    };
    fields.finish();
    request
}

impl Scenario {
    /// The role, as the engine has it.
    pub fn role(&self) -> Role {
        self.attachment.role.parse().unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The sources of a policy.
    pub fn sources(files: &[(String, String)]) -> Sources {
        let source = |(name, text): &(String, String)| {
            if name.ends_with(".json") { Source::json(name, text) } else { Source::yaml(name, text) }
        };
        Sources::of(files.iter().map(source))
    }
}

impl Request {
    /// Names and values as the filter sees them.
    pub fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        let pseudo = [(":method", Some(&self.method)), (":path", Some(&self.path)), (":authority", self.host.as_ref())];
        let pseudo = pseudo.into_iter().filter_map(|(name, value)| Some((name.as_bytes(), value?.as_slice())));
        pseudo.chain(self.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())))
    }

    /// The random bytes of the units that are made, one after the other; one unit too many is a mistake of the scenario.
    pub fn dice(&self) -> impl FnMut() -> Option<[u8; 16]> {
        let mut left = self.random.iter();
        move || {
            let hex = left.next().unwrap_or_else(|| panic!("{}: a unit is made without `random`", self.name));
            let bytes = document::unhex(&self.name, hex);
            Some(bytes.try_into().unwrap_or_else(|_| panic!("{}: random is 16 bytes in hex", self.name)))
        }
    }

    /// The request as arguments of `weir explain`; `random` stands for the bytes of the units that are made.
    #[cfg(unix)]
    pub fn arguments(&self, random: &[String]) -> Vec<std::ffi::OsString> {
        use std::os::unix::ffi::OsStringExt;
        let argument = |name: &str, value: &[u8]| std::ffi::OsString::from_vec([name.as_bytes(), b"=", value].concat());
        let mut arguments = vec![argument("--method", &self.method), argument("--path", &self.path)];
        arguments.extend(self.host.as_ref().map(|host| argument("--host", host)));
        arguments.extend(self.destination.as_ref().map(|cluster| argument("--destination", cluster.as_bytes())));
        let header = |(name, value): &(String, Bytes)| argument("--header", &[name.as_bytes(), b": ", value].concat());
        arguments.extend(self.headers.iter().map(header));
        arguments.extend(self.joined.iter().map(|tags| argument("--joined", tags.as_bytes())));
        arguments.extend(random.iter().map(|hex| argument("--random", hex.as_bytes())));
        arguments
    }

    /// What `weir explain --json` must print.
    pub fn report(&self, attachment: &Attachment, revision: &str) -> Json {
        self.expected.report(attachment, revision)
    }

    /// The header lines that must reach the upstream if this is what is reported: those that were sent, edited; by name.
    pub fn upstream_headers(&self, report: &Json) -> BTreeMap<String, Vec<Bytes>> {
        let mut headers: BTreeMap<String, Vec<Bytes>> = BTreeMap::new();
        for (name, value) in &self.headers {
            headers.entry(name.clone()).or_default().push(value.clone());
        }
        for edit in report["edits"].as_array().into_iter().flatten() {
            match (edit["set"].as_str(), edit["remove"].as_str()) {
                (Some(name), None) => {
                    let lines = edit["lines"].as_array().into_iter().flatten().map(|line| self.reported(line));
                    headers.insert(name.to_owned(), lines.collect())
                }
                (None, Some(name)) => headers.remove(name),
                _ => panic!("{}: an edit {edit}", self.name),
            };
        }
        headers
    }

    /// Bytes as a report has them.
    fn reported(&self, bytes: &Json) -> Bytes {
        match (bytes.as_str(), bytes["hex"].as_str()) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (None, Some(hex)) => document::unhex(&self.name, hex),
            (None, None) => panic!("{}: bytes {bytes}", self.name),
        }
    }
}
