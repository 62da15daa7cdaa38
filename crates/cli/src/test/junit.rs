//! JUnit XML, as CI servers read it: a suite for each file, a case for each request.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path};
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use weir_policy::{Problem, Sources};

use super::trial::{Trial, Verdict};
use crate::problems::Failure;

/// A suite.
pub struct Suite {
    name: String,
    cases: Vec<TestCase>,
}

struct TestCase {
    name: String,
    line: u32,
    took: Duration,
    outcome: Outcome,
}

enum Outcome {
    Ok,
    Skipped(&'static str),
    Failure { message: String, text: String },
    Error { kind: &'static str, message: String },
}

/// Results as suites, by file. Requests of one name in one file are told apart by their numbers, since CI servers know a case
/// by its name.
pub fn results(trials: &[Trial<'_>]) -> Vec<Suite> {
    let by_file = trials.chunk_by(|one, other| std::ptr::eq(one.file, other.file));
    let suite = |trials: &[Trial<'_>]| {
        let titles: Vec<String> = trials.iter().map(|trial| trial.case.title()).collect();
        let case = |trial: &Trial<'_>| {
            let title = trial.case.title();
            let is_alone = titles.iter().filter(|other| **other == title).count() == 1;
            TestCase {
                name: if is_alone { title } else { format!("{title} ({})", trial.case.index + 1) },
                line: trial.case.line,
                took: trial.took,
                outcome: outcome(trial),
            }
        };
        let name = trials.first().map(|trial| trial.file.path.display().to_string()).unwrap_or_default();
        Suite { name, cases: trials.iter().map(case).collect() }
    };
    by_file.map(suite).collect()
}

fn outcome(trial: &Trial<'_>) -> Outcome {
    match trial.verdict() {
        Verdict::Ok => Outcome::Ok,
        Verdict::Skipped => Outcome::Skipped("nothing is expected of it"),
        Verdict::Failed => {
            let file = trial.file.path.display();
            let told = trial.unmet.iter().map(|unmet| {
                let problem = &unmet.problem;
                let line = problem.position.map_or(trial.case.line, |position| position.line);
                format!("{file}:{line}, at {}: {}\n", problem.path, problem.message)
            });
            let text: String = told.collect();
            let message = trial.unmet.first().map(|unmet| unmet.problem.message.clone()).unwrap_or_default();
            Outcome::Failure { message, text: format!("{text}{}", trial.steps) }
        }
    }
}

/// Problems as suites: each is an error in the file that has it.
pub fn problems(sources: &Sources, problems: &[Problem]) -> Vec<Suite> {
    let suite = |(id, source): (_, &weir_policy::Source)| {
        let own = problems.iter().filter(|problem| problem.source == id);
        let cases = own.map(|problem| TestCase {
            name: format!("{} at {}", problem.code.name(), problem.path),
            line: problem.position.map_or(1, |position| position.line),
            took: Duration::ZERO,
            outcome: Outcome::Error { kind: problem.code.name(), message: problem.message.clone() },
        });
        Suite { name: source.name.clone(), cases: cases.collect() }
    };
    sources.iter().map(suite).filter(|suite| !suite.cases.is_empty()).collect()
}

/// Writes suites into a file as a whole or not at all.
pub fn write(path: &Path, suites: &[Suite]) -> Result<(), Failure> {
    let write = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // As any new file: whoever runs the tests may not be who reads the results.
        let mode = Permissions::from_mode(0o666);
        let mut file = tempfile::Builder::new().prefix(".weir-junit-").permissions(mode).tempfile_in(folder)?;
        file.write_all(xml(suites)?.as_bytes())?;
        file.persist(path)?;
        io::Result::Ok(())
    };
    write().map_err(|error| Failure::Usage(format!("--junit {}: cannot be written: {error}", path.display())))
}

fn xml(suites: &[Suite]) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let mut root = BytesStart::new("testsuites");
    root.push_attribute(("name", "weir test"));
    counts(&mut root, all().collect());
    writer.write_event(Event::Start(root))?;
    for suite in suites {
        let mut start = BytesStart::new("testsuite");
        start.push_attribute(("name", said(&suite.name).as_str()));
        counts(&mut start, suite.cases.iter().collect());
        writer.write_event(Event::Start(start))?;
        for case in &suite.cases {
            write_case(&mut writer, &suite.name, case)?;
        }
        writer.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    writer.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut text = writer.into_inner();
    text.push(b'\n');
    String::from_utf8(text).map_err(io::Error::other)
}

fn counts(element: &mut BytesStart<'_>, cases: Vec<&TestCase>) {
    let count = |is: fn(&Outcome) -> bool| cases.iter().filter(|case| is(&case.outcome)).count().to_string();
    element.push_attribute(("tests", cases.len().to_string().as_str()));
    element.push_attribute(("failures", count(|outcome| matches!(outcome, Outcome::Failure { .. })).as_str()));
    element.push_attribute(("errors", count(|outcome| matches!(outcome, Outcome::Error { .. })).as_str()));
    element.push_attribute(("skipped", count(|outcome| matches!(outcome, Outcome::Skipped(_))).as_str()));
    element.push_attribute(("time", seconds(cases.iter().map(|case| case.took).sum()).as_str()));
}

fn write_case(writer: &mut Writer<Vec<u8>>, file: &str, case: &TestCase) -> io::Result<()> {
    let mut start = BytesStart::new("testcase");
    for (name, value) in [
        ("classname", said(&class_name(file))),
        ("name", said(&case.name)),
        ("file", said(file)),
        ("line", case.line.to_string()),
        ("time", seconds(case.took)),
    ] {
        start.push_attribute((name, value.as_str()));
    }
    let (element, attributes, text) = match &case.outcome {
        Outcome::Ok => return writer.write_event(Event::Empty(start)),
        Outcome::Skipped(why) => ("skipped", vec![("message", (*why).to_owned())], String::new()),
        Outcome::Failure { message, text } => {
            ("failure", vec![("message", said(message)), ("type", "unmet".to_owned())], said(text))
        }
        Outcome::Error { kind, message } => (
            "error",
            vec![("message", said(message)), ("type", (*kind).to_owned())],
            said(&format!("{file}:{}: {message}", case.line)),
        ),
    };
    writer.write_event(Event::Start(start))?;
    let mut inner = BytesStart::new(element);
    for (name, value) in &attributes {
        inner.push_attribute((*name, value.as_str()));
    }
    writer.write_event(Event::Start(inner))?;
    writer.write_event(Event::Text(BytesText::new(&text)))?;
    writer.write_event(Event::End(BytesEnd::new(element)))?;
    writer.write_event(Event::End(BytesEnd::new("testcase")))
}

/// The file as CI servers have names of classes: they make a tree of what stands between dots.
fn class_name(file: &str) -> String {
    let path = Path::new(file).with_extension("");
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().replace('.', "_")),
        _ => None,
    });
    names.collect::<Vec<_>>().join(".")
}

fn seconds(took: Duration) -> String {
    format!("{:.6}", took.as_secs_f64())
}

/// Text as XML 1.0 can have it: what it cannot even escape is replaced.
fn said(text: &str) -> String {
    let can_be = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if can_be(c) { c } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::class_name;

    #[test]
    fn files_are_classes_of_their_folders() {
        for (file, expected) in [
            ("requests.yaml", "requests"),
            ("./tests/staff.yaml", "tests.staff"),
            ("/srv/../tests/staff.v2.json", "srv.tests.staff_v2"),
            ("tests", "tests"),
        ] {
            assert_eq!(class_name(file), expected, "{file}");
        }
    }
}
