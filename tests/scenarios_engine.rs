//! The scenario corpus against the engine, in this process; and that the corpus leaves nothing out.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value as Json;
use weir_engine::{Plan, Reason, TraceCell, configure_json};
use weir_policy::written::Operator;
use weir_policy::{AttachmentFile, Model, Revision, Source, SourceId, Sources, codes, limits, read_policy};

#[path = "scenarios/mod.rs"]
mod corpus;

use corpus::{Outcome, Problem, Scenario, Side, Subject};

#[test]
fn every_scenario_comes_out_as_written() {
    let scenarios = corpus::read(&corpus::files());
    let wrong: Vec<String> = scenarios.iter().flat_map(wrongs).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let requests = scenarios.iter().map(|scenario| requests(scenario).len()).sum::<usize>();
    println!("{} scenarios, {requests} requests", scenarios.len());
}

fn wrongs(scenario: &Scenario) -> Vec<String> {
    match &scenario.subject {
        Subject::Policy(files) => policy_wrongs(scenario, files),
        Subject::Attachment(text, policy) => {
            let sources = Sources::of([Source::yaml("attachment.yaml", text.as_str())]);
            problem_wrongs(scenario, &attachment_problems(&sources, policy), &sources)
        }
        Subject::Envelope(text) => {
            let problems = configure_json(text.as_bytes()).err().map(|refused| refused.problems).unwrap_or_default();
            problem_wrongs(scenario, &problems, &Sources::default())
        }
    }
}

/// Those of the file, or what it asks for and the policy does not have.
fn attachment_problems(sources: &Sources, policy: &str) -> Vec<weir_policy::Problem> {
    let attachment = match AttachmentFile::read(sources, SourceId::FIRST) {
        Ok(file) => file.attachment,
        Err(problems) => return problems,
    };
    let model =
        read_policy(&Sources::of([Source::yaml("policy.yaml", policy)]), attachment.role).expect("the policy is good");
    let mut problems = attachment.problems_with(&model, SourceId::FIRST);
    sources.locate(&mut problems);
    problems
}

fn policy_wrongs(scenario: &Scenario, files: &[(String, String)]) -> Vec<String> {
    let sources = Scenario::sources(files);
    let model = match read_policy(&sources, scenario.role()) {
        Ok(model) => model,
        Err(problems) => return problem_wrongs(scenario, &problems, &sources),
    };
    let mut wrong = problem_wrongs(scenario, &[], &sources);
    let canonical = model.canonical();
    let revision = Revision::of(&canonical).to_string();
    if scenario.canonical.as_ref().is_some_and(|expected| *expected != canonical) {
        wrong.push(format!("{}: canonical form\n  {canonical}", scenario.name));
    }
    if scenario.revision.as_ref().is_some_and(|expected| *expected != revision) {
        wrong.push(format!("{}: revision {revision}", scenario.name));
    }
    wrong.extend(request_wrongs(scenario, &model, &revision));
    wrong
}

/// By way of the envelope, as the filter is configured, and not by way of the model alone.
fn request_wrongs(scenario: &Scenario, model: &Model, revision: &str) -> Vec<String> {
    if requests(scenario).is_empty() {
        return Vec::new();
    }
    let envelope = scenario.attachment.envelope("scenario", &model.canonical());
    let plan = match configure_json(envelope.as_bytes()) {
        Ok(plan) => plan,
        Err(refused) => {
            return vec![format!("{}: its canonical form is refused: {:?}", scenario.name, refused.problems)];
        }
    };
    let direct = Plan::compile(model, plan.attachment(), plan.revision());
    let mut wrong = Vec::new();
    for request in requests(scenario) {
        let expected = request.report(&scenario.attachment, revision);
        for plan in [&plan, &direct] {
            let trace_tags = |trace| TraceCell::together(trace, request.joined.iter().map(String::as_bytes));
            let destination = || request.destination.as_ref().map(|cluster| Cow::Borrowed(cluster.as_bytes()));
            let exchange = plan.exchange(request.lines(), request.dice(), trace_tags, destination);
            let seen: Json = serde_json::from_str(&exchange.json()).unwrap();
            if seen != expected {
                wrong.push(format!("{}{}", request.name, difference(&seen, &expected)));
            }
        }
    }
    wrong
}

fn difference(seen: &Json, expected: &Json) -> String {
    let fields = seen.as_object().into_iter().flatten().filter(|(name, value)| expected.get(name) != Some(value));
    fields.map(|(name, value)| format!("\n  {name} is {value}\n  instead of {}", expected[name])).collect()
}

fn problem_wrongs(scenario: &Scenario, found: &[weir_policy::Problem], sources: &Sources) -> Vec<String> {
    let mut found: Vec<Problem> = found.iter().map(|problem| seen(problem, sources)).collect();
    let mut expected = match &scenario.outcome {
        Outcome::Problems(problems) => problems.clone(),
        Outcome::Requests(_) => Vec::new(),
    };
    found.sort();
    expected.sort();
    if found == expected {
        return Vec::new();
    }
    let show =
        |problems: Vec<&Problem>| problems.iter().map(|problem| format!("\n    {problem:?}")).collect::<String>();
    let only_found = show(without(&found, &expected));
    let only_expected = show(without(&expected, &found));
    vec![format!("{}\n  found{only_found}\n  instead of{only_expected}", scenario.name)]
}

/// What is in `these` more often than in `those`.
fn without<'a>(these: &'a [Problem], those: &[Problem]) -> Vec<&'a Problem> {
    let count = |all: &[Problem], one: &Problem| all.iter().filter(|other| *other == one).count();
    these.iter().filter(|one| count(these, one) > count(those, one)).collect()
}

fn seen(problem: &weir_policy::Problem, sources: &Sources) -> Problem {
    Problem {
        file: sources.get(problem.source).filter(|_| sources.iter().count() > 1).map(|source| source.name.clone()),
        code: problem.code.name().to_owned(),
        path: problem.path.to_string(),
        position: problem.position.map(|position| (position.line, position.column)),
    }
}

#[test]
fn every_reason_operator_problem_and_side_of_a_limit_has_a_scenario() {
    let scenarios = corpus::read(&corpus::files());
    let mut missing = Vec::new();
    let mut want = |what: &str, wanted: BTreeSet<String>, there: BTreeSet<String>| {
        missing.extend(wanted.difference(&there).map(|name| format!("no scenario for the {what} {name}")));
        missing
            .extend(there.difference(&wanted).map(|name| format!("a scenario for the {what} {name}, which is none")));
    };
    let all = || scenarios.iter().flat_map(requests);
    want(
        "reason",
        Reason::ALL.iter().map(|reason| reason.name().to_owned()).collect(),
        all().flat_map(|request| &request.expected.layers).map(|layer| layer.reason.clone()).collect(),
    );
    want(
        "problem",
        codes::ALL.iter().map(|code| code.name().to_owned()).collect(),
        scenarios.iter().flat_map(problems).map(|problem| problem.code.clone()).collect(),
    );
    want("operator", both_of(Operator::NAMES.iter(), ["matching", "not matching"]), operators(&scenarios));
    want("limit", both_of(limits::ALL.iter().map(|(name, _, _)| name), ["at", "over"]), sides(&scenarios));
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

fn both_of<'a>(names: impl Iterator<Item = &'a &'a str>, sides: [&str; 2]) -> BTreeSet<String> {
    names.flat_map(|name| sides.map(|side| format!("{name} {side}"))).collect()
}

/// A request shows its operator matching by coming out by a rule, and not matching by not doing so.
fn operators(scenarios: &[Scenario]) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    for scenario in scenarios {
        let (Some(operator), Subject::Policy(files)) = (&scenario.operator, &scenario.subject) else { continue };
        let written = files.iter().all(|(_, text)| text.contains(&format!("{operator}: ")));
        assert!(written, "{}: does not use {operator}", scenario.name);
        for request in requests(scenario) {
            let matched = request.expected.layers.iter().any(|layer| layer.reason == "rule");
            shown.insert(format!("{operator} {}", if matched { "matching" } else { "not matching" }));
        }
    }
    shown
}

/// Only a scenario over a limit has a problem that names it, or refuses what the limit bounds.
fn sides(scenarios: &[Scenario]) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    for scenario in scenarios {
        let Some((limit, side)) = &scenario.limit else { continue };
        let codes = ["limit", "too_deep", "bad_value", "bad_id", "bad_unit", "bad_env_tag"];
        let refused = problems(scenario).iter().any(|problem| codes.contains(&problem.code.as_str()));
        assert_eq!(refused, *side == Side::Over, "{}", scenario.name);
        shown.insert(format!("{limit} {}", if refused { "over" } else { "at" }));
    }
    shown
}

fn requests(scenario: &Scenario) -> &[corpus::Request] {
    match &scenario.outcome {
        Outcome::Requests(requests) => requests,
        Outcome::Problems(_) => &[],
    }
}

fn problems(scenario: &Scenario) -> &[Problem] {
    match &scenario.outcome {
        Outcome::Problems(problems) => problems,
        Outcome::Requests(_) => &[],
    }
}
