//! What a request asks for, written byte by byte to a real Envoy and given to `weir explain`: both take it for the same host and
//! path, or both refuse it.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Bench, Options, envelope, raw_http1, string_configuration, weir};

/// The request line's target, and the host and path that it asks for; `None` where Envoy refuses it.
const TARGETS: &[(&str, Option<(&str, &str)>)] = &[
    ("/a?b=c", Some(("given.test", "/a?b=c"))),
    ("//host/b", Some(("given.test", "//host/b"))),
    // The upstream of the test takes no < > and `, which Envoy does.
    ("/c\"\\^{|}%zz", Some(("given.test", "/c\"\\^{|}%zz"))),
    ("http://Shop.test:8080/checkout?step=2", Some(("Shop.test:8080", "/checkout?step=2"))),
    ("http://bare.test", Some(("bare.test", "/"))),
    ("HTTP://case.test/", Some(("case.test", "/"))),
    ("http://ada:secret@user.test/x@y", Some(("user.test", "/x@y"))),
    ("http://@nobody.test/", Some(("nobody.test", "/"))),
    ("http://[::1]:80/d", Some(("[::1]:80", "/d"))),
    ("http://port.test:65535/", Some(("port.test:65535", "/"))),
    ("http://query.test/?", Some(("query.test", "/?"))),
    ("http://twice.test//e", Some(("twice.test", "//e"))),
    ("", None),
    ("*", None),
    ("checkout", None),
    ("?b=c", None),
    ("/a#b", None),
    ("/a b", None),
    ("/a\u{1}", None),
    ("/a\u{7f}", None),
    ("http://a.test?b=c", None),
    ("http://a.test#b", None),
    ("http://a.test/#b", None),
    ("http://", None),
    ("http:///a", None),
    ("http://:80/a", None),
    ("http://u@/a", None),
    ("http://b@c@a.test/", None),
    ("http://a_b.test/", None),
    ("http://a%2fb.test/", None),
    ("http://a.test:/", None),
    ("http://a.test:port/", None),
    ("http://a.test:65536/", None),
    ("http://[::1/", None),
    ("http://[]/", None),
    ("ftp://a.test/", None),
    ("ws://a.test/", None),
    ("http:/a.test/", None),
    ("a.test:80", None),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_is_read_as_envoy_reads_it() {
    let policy = policy();
    let bench = Bench::edge(&string_configuration(&envelope("edge", &policy)), Options::default()).await;
    let tool = Tool::new(&policy);
    for (target, taken) in TARGETS {
        let head = format!("GET {target} HTTP/1.1\r\nhost: given.test\r\n");
        let answer = raw_http1(bench.address, head.as_bytes()).await.unwrap();
        let said = tool.explain(&[&format!("--path={target}"), "--header=host: given.test"]);
        let Some((host, path)) = taken else {
            assert!((400..500).contains(&answer.status), "{target}: {}", answer.status);
            assert_eq!(said, Err(2), "{target}");
            continue;
        };
        let echo = answer.echo();
        assert_eq!((echo.path.as_str(), echo.lines("host")), (*path, vec![(*host).to_owned()]), "{target}");
        let said = said.unwrap_or_else(|code| panic!("{target}: exit code {code}"));
        assert_eq!(answer.header("x-weir-decision").as_deref(), said["state"].as_str(), "{target}");
        let variant = said["layers"][0]["variant"].as_str().unwrap();
        assert_eq!(variant, variant_of(target), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_host_is_the_host_and_pseudo_headers_are_none() {
    let policy = policy();
    let bench = Bench::edge(&string_configuration(&envelope("edge", &policy)), Options::default()).await;
    let tool = Tool::new(&policy);
    for (lines, taken) in [
        ("host: bare.test\r\n", true),
        ("Host: BARE.test:80\r\n", true),
        ("host: bare.test\r\nhost: given.test\r\n", true),
        ("host: a/b\r\n", false),
        ("host: a b\r\n", false),
        ("host: bare.test\r\n:path: /x\r\n", false),
        ("host: bare.test\r\na b: c\r\n", false),
        ("host: bare.test\r\na: b\u{1}c\r\n", false),
    ] {
        let answer = raw_http1(bench.address, format!("GET / HTTP/1.1\r\n{lines}").as_bytes()).await.unwrap();
        let words: Vec<String> = lines.split_terminator("\r\n").map(|line| format!("--header={line}")).collect();
        let said = tool.explain(&words.iter().map(String::as_str).collect::<Vec<_>>());
        if taken {
            assert_eq!(answer.header("x-weir-decision").as_deref(), said.unwrap()["state"].as_str(), "{lines}");
        } else {
            assert_eq!((answer.status, said), (400, Err(2)), "{lines}");
        }
    }
}

/// A variant for each target that is taken, by a rule on its host and path: whoever takes it for something else meets another.
fn policy() -> Value {
    let taken = || TARGETS.iter().filter_map(|(target, taken)| Some((target, (*taken)?)));
    let variants: Vec<Value> = taken().map(|(target, _)| json!({"id": variant_of(target)})).collect();
    let rules = taken().map(|(target, (host, path))| {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        // A policy has hosts without their ports.
        let name = host.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(':');
        let mut all = vec![json!({"host": {"exact": name}}), json!({"path": {"exact": path}})];
        if let Some((name, value)) = query.and_then(|query| query.split_once('=')) {
            all.push(json!({"query": {"name": name, "exact": value}}));
        }
        json!({"when": {"all": all}, "variant": variant_of(target)})
    });
    let rules: Vec<Value> = rules.collect();
    json!({
        "version": 1,
        "units": {"user": [{"header": "x-user-id"}]},
        "layers": [{"id": "targets", "unit": "user", "experiments": [
            {"id": "asked", "slots": "all", "rules": rules, "variants": variants},
        ]}],
    })
}

fn variant_of(target: &str) -> String {
    format!("t{}", TARGETS.iter().position(|(known, _)| *known == target).unwrap())
}

/// `weir explain` with a policy and an attachment in files.
struct Tool {
    folder: tempfile::TempDir,
}

impl Tool {
    fn new(policy: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.json"), policy.to_string()).unwrap();
        let attachment = json!({"weir": 1, "name": "shop", "role": "edge", "trace": "all"});
        fs::write(folder.path().join("attach.json"), attachment.to_string()).unwrap();
        Self { folder }
    }

    /// What it prints, or its exit code.
    fn explain(&self, words: &[&str]) -> Result<Value, i32> {
        let mut command = Command::new(weir());
        command.args(["explain", "--policy", "policy.json", "--attach", "attach.json", "--json"]).args(words);
        let output = command.current_dir(self.folder.path()).output().unwrap();
        match output.status.code() {
            Some(0) => Ok(serde_json::from_slice(&output.stdout).unwrap()),
            code => Err(code.unwrap()),
        }
    }
}
