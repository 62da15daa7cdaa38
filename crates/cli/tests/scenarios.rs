//! The scenario corpus against `weir check` and `weir explain`, as processes: what they print and how they exit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

#[path = "../../../tests/scenarios/mod.rs"]
mod corpus;

use corpus::{Outcome, Problem, Request, Scenario, Subject};

#[test]
fn every_request_is_explained_as_written() {
    let mut explained = 0;
    for scenario in corpus::read(&corpus::files()) {
        let (Subject::Policy(files), Outcome::Requests(requests)) = (&scenario.subject, &scenario.outcome) else {
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let policy = written(&folder, files);
        let attachment = folder.path().join("attachment");
        fs::write(&attachment, scenario.attachment.file("scenario")).unwrap();
        let checked = check(&policy, &scenario);
        let revision = checked["revision"].as_str().unwrap_or_else(|| panic!("{}: {checked}", scenario.name));
        for request in requests {
            let output = explain(&policy, &attachment, request);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{}: {said}", request.name);
            let line = std::str::from_utf8(&output.stdout).unwrap();
            assert_eq!(line.lines().count(), 1, "{}", request.name);
            let mut seen: Json = serde_json::from_str(line).unwrap();
            let why = seen.as_object_mut().unwrap().remove("why").unwrap();
            assert_ends_as_decided(&why, &seen["layers"], &request.name);
            assert_eq!(seen, request.report(&scenario.attachment, revision), "{}", request.name);
            explained += 1;
        }
    }
    assert!(explained > 250, "only {explained} requests");
}

/// The corpus as a document of requests, and the same with other reasons than those that come out.
#[test]
fn every_request_in_a_document_comes_out_as_written() {
    let mut tested = 0;
    for scenario in corpus::read(&corpus::files()) {
        let (Subject::Policy(files), Outcome::Requests(requests)) = (&scenario.subject, &scenario.outcome) else {
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let policy = written(&folder, files);
        fs::write(folder.path().join("attachment"), scenario.attachment.file("scenario")).unwrap();
        for (is_true, result) in [(true, "ok"), (false, "failed")] {
            let texts = requests
                .iter()
                .filter_map(|request| document(request, &scenario.attachment.role, is_true))
                .collect::<Vec<_>>();
            if texts.is_empty() {
                continue;
            }
            let path = folder.path().join("requests.json");
            fs::write(&path, json!({"attachment": "attachment", "requests": texts}).to_string()).unwrap();
            let output = weir().args(["test", "--json", "--policy"]).arg(&policy).arg(&path).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let seen: Json =
                serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}: {said}", scenario.name));
            let results = seen["requests"].as_array().unwrap();
            assert_eq!(results.len(), texts.len(), "{}: {seen:#}", scenario.name);
            for one in results {
                assert_eq!(one["result"], result, "{}: {one:#}", scenario.name);
                tested += 1;
            }
        }
    }
    assert!(tested > 500, "only {tested} requests");
}

/// A request with what comes out, or with a reason for each layer that is not the one; `None` where JSON cannot have it, or
/// there is no layer.
fn document(request: &Request, role: &str, is_true: bool) -> Option<Json> {
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).ok();
    let headers = request.headers.iter().map(|(name, value)| Some(json!([name, text(value)?])));
    let headers = headers.collect::<Option<Vec<_>>>()?;
    let layers = request.expected.layers.iter().map(|layer| {
        let (experiment, variant) = (layer.experiment.as_deref().unwrap_or("-"), &layer.variant);
        let other = match (role, layer.reason.as_str()) {
            ("mesh", "no_tag") => "tag",
            ("mesh", _) => "no_tag",
            (_, "assigned") => "holdout",
            _ => "assigned",
        };
        let audience = layer.audience.iter().map(|audience| format!("/{audience}")).collect::<String>();
        let written = format!("{experiment}/{variant}/{}{audience}", layer.reason);
        (layer.id.clone(), if is_true { json!(written) } else { json!({"reason": other}) })
    });
    let layers: serde_json::Map<_, _> = layers.collect();
    let mut document = json!({
        "name": request.name,
        "method": text(&request.method)?,
        "path": text(&request.path)?,
        "headers": headers,
        "random": request.random,
        "joined": request.joined,
        "expect": {"layers": layers},
    });
    for (field, value) in
        [("host", request.host.as_ref().map(text)), ("destination", request.destination.clone().map(Some))]
    {
        if let Some(value) = value {
            document[field] = json!(value?);
        }
    }
    (!request.expected.layers.is_empty()).then_some(document)
}

#[test]
fn every_problem_is_reported_as_written() {
    let mut checked = 0;
    for scenario in corpus::read(&corpus::files()) {
        let (Subject::Policy(files), Outcome::Problems(problems)) = (&scenario.subject, &scenario.outcome) else {
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let policy = written(&folder, files);
        let mut expected = problems.clone();
        expected.sort();
        checked += 1;
        // What weir check takes for what it is: here it is given as a policy.
        if problems.iter().any(|problem| problem.code == "other_document") {
            let mut explain = weir();
            let output = explain.args(["explain", "--policy"]).arg(policy).output().unwrap();
            let mut seen: Vec<Problem> = told(&String::from_utf8(output.stderr).unwrap(), files.len() > 1).collect();
            seen.sort();
            assert_eq!((output.status.code(), seen), (Some(1), expected), "{}", scenario.name);
            continue;
        }
        let seen = check(&policy, &scenario);
        assert_eq!(seen["good"], json!(problems.is_empty()), "{}", scenario.name);
        assert_eq!(seen["revision"].is_null(), !problems.is_empty(), "{}", scenario.name);
        if let Some(revision) = &scenario.revision {
            assert_eq!(seen["revision"], json!(revision), "{}", scenario.name);
        }
        let mut seen: Vec<Problem> =
            seen["problems"].as_array().unwrap().iter().map(|one| problem(one, files)).collect();
        seen.sort();
        assert_eq!(seen, expected, "{}", scenario.name);
    }
    assert!(checked > 80, "only {checked} scenarios");
}

#[test]
fn every_problem_of_an_attachment_is_reported_as_written() {
    let mut read = 0;
    for scenario in corpus::read(&corpus::files()) {
        let (Subject::Attachment(text, policy_text), Outcome::Problems(problems)) =
            (&scenario.subject, &scenario.outcome)
        else {
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let (policy, attachment) = (folder.path().join("policy.yaml"), folder.path().join("attachment.yaml"));
        fs::write(&policy, policy_text).unwrap();
        fs::write(&attachment, text).unwrap();
        for verb in ["explain", "serve"] {
            // An attachment without problems is one to serve for ever.
            if verb == "serve" && problems.is_empty() {
                continue;
            }
            let mut command = weir();
            command.args([verb, "--policy"]).arg(&policy).arg("--attach").arg(&attachment);
            if verb == "serve" {
                command.args(["--listen", "127.0.0.1:0"]);
            }
            let output = command.output().unwrap();
            let code = if problems.is_empty() { 0 } else { 1 };
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{verb}: {}\n{said}", scenario.name);
            assert_eq!(output.stdout.is_empty(), !problems.is_empty(), "{verb}: {}", scenario.name);
            let mut seen: Vec<Problem> = told(&said, false).collect();
            let mut expected = problems.clone();
            seen.sort();
            expected.sort();
            assert_eq!(seen, expected, "{verb}: {}\n{said}", scenario.name);
            read += 1;
        }
    }
    assert!(read > 12, "only {read} readings");
}

/// The last step of each layer is one that its reason can come from, and what stands in a file says where.
fn assert_ends_as_decided(why: &Json, layers: &Json, name: &str) {
    let (why, layers) = (why.as_array().unwrap(), layers.as_array().unwrap());
    assert_eq!(why.len(), layers.len(), "{name}");
    for (told, layer) in why.iter().zip(layers) {
        assert_eq!(told["layer"], layer["layer"], "{name}");
        let steps = told["steps"].as_array().unwrap();
        let last = steps.last().unwrap()["step"].as_str().unwrap();
        let expected = match layer["reason"].as_str().unwrap() {
            "disabled" | "experiment_disabled" => &["off"][..],
            "tag" | "no_tag" => &["tag"],
            "no_unit" => &["unit", "rule"],
            "not_owned" => &["slot"],
            "not_targeted" => &["targeting"],
            "assigned" | "no_variant" => &["share"],
            "route_conflict" => &["conflict"],
            reason @ ("override" | "rule" | "holdout") => &[reason],
            other => panic!("{name}: {other}"),
        };
        assert!(expected.contains(&last), "{name}: {last} for {layer}");
        for step in steps {
            let kind = step["step"].as_str().unwrap();
            let stands_in_a_file = match kind {
                // Of overrides that all name others, none is the one.
                "override" => !step["forces"].is_null(),
                _ => ["targeting", "rule", "audience"].contains(&kind),
            };
            assert_eq!(step["line"].is_u64() && step["file"].is_string(), stands_in_a_file, "{name}: {step}");
        }
    }
}

/// The policy's file, or the folder of its files.
fn written(folder: &TempDir, files: &[(String, String)]) -> PathBuf {
    let policies = folder.path().join("policies");
    fs::create_dir(&policies).unwrap();
    for (name, text) in files {
        fs::write(policies.join(name), text).unwrap();
    }
    match files {
        [(name, _)] => policies.join(name),
        _ => policies,
    }
}

/// The exit code says the same as the object that is printed.
fn check(policy: &Path, scenario: &Scenario) -> Json {
    let mut check = weir();
    let output = check.args(["check", "--json", "--role", &scenario.attachment.role]).arg(policy).output().unwrap();
    let seen: Json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}: {}", scenario.name, String::from_utf8_lossy(&output.stderr)));
    let fields: Vec<&String> = seen.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["attachments", "good", "over", "problems", "releases", "resources", "revision", "warnings"],
        "{}",
        scenario.name
    );
    let code = if seen["good"] == json!(true) { 0 } else { 1 };
    assert_eq!(output.status.code(), Some(code), "{}", scenario.name);
    seen
}

fn explain(policy: &Path, attachment: &Path, request: &Request) -> Output {
    let mut explain = weir();
    explain.args(["explain", "--json", "--policy"]).arg(policy).arg("--attach").arg(attachment);
    explain.args(request.arguments(&request.random)).output().unwrap()
}

fn problem(seen: &Json, files: &[(String, String)]) -> Problem {
    let fields: Vec<&String> = seen.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["code", "column", "file", "line", "message", "path"]);
    let text = |field: &str| seen[field].as_str().unwrap_or_else(|| panic!("{field} of {seen}")).to_owned();
    let number = |field: &str| seen[field].as_u64().and_then(|number| u32::try_from(number).ok());
    assert!(!text("message").is_empty() && !text("message").ends_with('.'), "{seen}");
    let file = Path::new(&text("file")).file_name().unwrap().to_string_lossy().into_owned();
    assert!(files.iter().any(|(name, _)| *name == file), "{seen}");
    Problem {
        file: (files.len() > 1).then_some(file),
        code: text("code"),
        path: text("path"),
        position: number("line").zip(number("column")),
    }
}

/// The problems in a text for people: `CODE: MESSAGE`, then `--> FILE:LINE:COLUMN, at PATH`.
fn told(said: &str, with_files: bool) -> impl Iterator<Item = Problem> {
    said.lines().zip(said.lines().skip(1)).filter_map(move |(first, second)| {
        let (place, path) = second.trim_start().strip_prefix("--> ")?.split_once(", at ")?;
        let mut place = place.rsplitn(3, ':');
        let (column, line) = (place.next()?.parse().ok()?, place.next()?.parse().ok()?);
        let file = Path::new(place.next()?).file_name()?.to_string_lossy().into_owned();
        let code = first.split(':').next()?.to_owned();
        Some(Problem { file: with_files.then_some(file), code, path: path.to_owned(), position: Some((line, column)) })
    })
}

fn weir() -> Command {
    Command::new(env!("CARGO_BIN_EXE_weir"))
}

#[test]
fn a_file_that_is_not_utf_8_is_a_problem_among_others() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), b"version: 1\nfoo: \xff\n").unwrap();
    fs::write(folder.path().join("b.yaml"), "version: 2\n").unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_weir")).arg("check").arg(folder.path()).arg("--json").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let problems = report["problems"].as_array().unwrap().iter();
    let found: Vec<_> = problems.map(|problem| (&problem["code"], &problem["line"], &problem["column"])).collect();
    assert_eq!(found, [(&json!("syntax"), &json!(2), &json!(6)), (&json!("bad_value"), &json!(1), &json!(10))]);
}
