//! `weir plan` as a process.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const FROM: &str = "2026-12-01T09:00:00Z";

/// A release of a service with these fields.
fn release(folder: &Path, id: &str, service: &str, more: &str) {
    let text = format!("release: 1\nid: {id}\nunit: user\nservices: {{{service}: v2}}\n{more}\n");
    fs::write(folder.join(format!("releases/{id}.yaml")), text).unwrap();
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("releases")).unwrap();
    fs::write(folder.path().join("policy.yaml"), "version: 1\nunits: {user: [{header: x-user-id}]}\n").unwrap();
    folder
}

fn plan(folder: &Path, words: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.args(["plan", "--policy", "policy.yaml", "--releases", "releases", "--from", FROM]);
    let output = command.args(words.split_whitespace()).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn json(folder: &Path, words: &str) -> (Option<i32>, Value) {
    let (code, out, err) = plan(folder, &format!("{words} --json"));
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}")))
}

fn codes(found: &Value) -> Vec<&str> {
    found.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

#[test]
fn releases_have_masks_and_slots_and_wait_for_each_other() {
    let folder = folder();
    release(folder.path(), "a-owl", "owl", "");
    release(folder.path(), "b-owl", "owl", "touches: [tiger]");
    release(folder.path(), "c-dragon", "dragon", "traffic: 50%");
    let (code, plan) = json(folder.path(), "");
    assert_eq!((code, &plan["good"]), (Some(0), &Value::Bool(true)));
    let services: Vec<(&str, u64)> = plan["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["service"].as_str().unwrap(), one["bit"].as_u64().unwrap()))
        .collect();
    assert_eq!(services, [("dragon", 0), ("owl", 1), ("tiger", 2)]);
    let all: Vec<(&str, &str, &str)> = plan["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["mask"].as_str().unwrap(), one["starts"].as_str().unwrap()))
        .collect();
    assert_eq!(all, [("a-owl", "2", FROM), ("c-dragon", "1", FROM), ("b-owl", "6", "2026-12-01T09:51:10Z")]);
    assert_eq!(plan["releases"][2]["waits"][0]["ids"][0], "a-owl");
    assert_eq!(plan["releases"][0]["slots"], serde_json::json!([[0, 1_000_000]]));
    assert_eq!(codes(&plan["notes"]), ["no_rate"]);
}

#[test]
fn a_page_has_slots_times_and_what_is_found() {
    let folder = folder();
    release(folder.path(), "a-owl", "owl", "");
    release(folder.path(), "b-owl", "owl", "");
    let (code, _, err) = plan(folder.path(), "--rate 2000/s --errors 0.5% -o plan.html");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let page = fs::read_to_string(folder.path().join("plan.html")).unwrap();
    for part in [
        "<svg",
        "Who owns which slots",
        "pool.user",
        "When each is dealt to how many",
        "Smallest ratio that a-owl finds",
        "b-owl",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(plan(folder.path(), "-o no/plan.html").0, Some(2));
}

#[test]
fn a_guardrail_that_can_never_fire_is_a_problem_with_what_would_do() {
    let folder = folder();
    release(
        folder.path(),
        "owl",
        "owl",
        "guardrails: [{name: errors, errors: {margin: 20%}}]\nsteps: [{share: 1%, hold: 2m}, {share: 100%}]",
    );
    let (code, out, _) = plan(folder.path(), "--rate 20/s --errors 0.5%");
    assert_eq!(code, Some(1), "{out}");
    let line = out.lines().find(|line| line.starts_with("problem: ")).unwrap();
    assert!(line.starts_with("problem: owl, step 1, errors: can never fire in this step"), "{line}");
    let hold = line.split("a hold of ").nth(1).and_then(|text| text.split(" would do").next()).unwrap();
    let hold = hold.replace(' ', "");
    let (minutes, share) = (hold.trim_end_matches('m'), line.rsplit_once("a share of ").unwrap().1.to_owned());
    // What would do does.
    for step in [format!("{{share: 1%, hold: {minutes}m}}"), format!("{{share: {share}, hold: 2m}}")] {
        let more = format!("guardrails: [{{name: errors, errors: {{margin: 20%}}}}]\nsteps: [{step}, {{share: 100%}}]");
        release(folder.path(), "owl", "owl", &more);
        let (code, out, _) = plan(folder.path(), "--rate 20/s --errors 0.5%");
        assert_eq!(code, Some(0), "{step}: {out}");
    }
    release(folder.path(), "owl", "owl", "control: none");
    let (code, plan) = json(folder.path(), "--rate 20/s --errors 0.5%");
    assert_eq!((code, codes(&plan["problems"])), (Some(1), vec!["never_compared"; 3]));
}

#[test]
fn what_is_given_of_requests_decides_what_is_known() {
    let folder = folder();
    let counts = "{name: carts, counts: {bad: 'sum(a{v=\"$variant\"})', all: 'sum(b{v=\"$variant\"})', margin: 10%}}";
    let value = "{name: memory, value: {query: 'max(c)', above: 2000, for: 3m}}";
    let guardrails = format!("guardrails: [{{name: errors, errors: {{margin: 20%}}}}, {counts}, {value}]");
    release(folder.path(), "owl", "owl", &guardrails);
    let sees = |words: &str| {
        let (_, plan) = json(folder.path(), words);
        let guardrails = plan["releases"][0]["steps"][2]["guardrails"].as_array().unwrap().clone();
        let sees: Vec<String> = guardrails.iter().map(|one| one["sees"].as_str().unwrap().to_owned()).collect();
        (sees.join(" "), codes(&plan["notes"]).join(" "))
    };
    for (words, seen, notes) in [
        ("", "unknown unknown bound", "no_rate"),
        ("--rate 100/s", "unknown unknown bound", "unknown_rate unknown_rate"),
        ("--rate 3000/s --errors 0.5%", "finds unknown bound", "unknown_rate"),
        ("--rate 3000/s --errors 0.5% --bad carts=3%", "finds finds bound", ""),
        (
            "--rate 3000/s --errors 0.5% --bad carts=3% --bad dogs=3% --part fox=5%",
            "finds finds bound",
            "unknown_guardrail unknown_service",
        ),
        ("--rate 3000/s --errors 0.5% --bad carts=3% --part owl=5%", "finds finds bound", "diluted"),
        ("--rate 3000/s --errors 0.5% --bad carts=3% --part owl=100%", "finds finds bound", ""),
        ("--rate 30/s --errors 0.5% --bad carts=3%", "finds finds bound", "twice_missed"),
    ] {
        assert_eq!(sees(words), (seen.to_owned(), notes.to_owned()), "{words}");
    }
    let smallest = |words: &str| {
        let (_, plan) = json(folder.path(), words);
        plan["releases"][0]["steps"][2]["guardrails"][0]["finds"]["smallest_ratio"].as_f64().unwrap()
    };
    let (three, one) =
        (smallest("--rate 100/s --errors 0.5%"), smallest("--rate 100/s --errors 0.5% --design-effect 1"));
    assert!(one < three, "{one} {three}");
}

/// With all arms in force, tags that follow each other are longer than a header may be.
#[test]
fn a_release_that_makes_the_policy_too_large_is_a_problem() {
    let folder = folder();
    let experiment = |number: usize| {
        let tag = format!("t{number}-{}", "x".repeat(120));
        format!(
            "- {{id: l{number}, unit: user, experiments: [{{id: e{number}, slots: all, variants: [{{id: a, share: 5%, env_tag: {tag}}}]}}]}}\n"
        )
    };
    let layers: String = (0..32).map(experiment).collect();
    let policy = format!("version: 1\nunits: {{user: [{{header: x-user-id}}]}}\nlayers:\n{layers}");
    fs::write(folder.path().join("policy.yaml"), policy).unwrap();
    release(folder.path(), "owl", "owl", "");
    release(folder.path(), "large", "tiger", &format!("env_tag: {}", "y".repeat(128)));
    let (code, plan) = json(folder.path(), "");
    assert_eq!(code, Some(1), "{plan}");
    let problems = plan["problems"].as_array().unwrap();
    assert!(problems.iter().all(|one| one["code"] == "never_starts" && one["release"] == "large"), "{problems:#?}");
    assert!(!problems.is_empty());
    let text = problems[0]["text"].as_str().unwrap();
    assert!(text.starts_with("it could never start with this policy: "), "{text}");
}

#[test]
fn who_is_held_out_makes_no_requests_of_an_arm() {
    let folder = folder();
    let policy = "version: 1\nunits: {user: [{header: x-user-id}]}\nholdouts: [{id: year, unit: user, share: 20%, layers: []}]\n";
    fs::write(folder.path().join("policy.yaml"), policy).unwrap();
    let requests = |more: &str| {
        release(folder.path(), "owl", "owl", more);
        let (_, plan) = json(folder.path(), "--rate 1000/s");
        plan["releases"][0]["steps"][0]["requests"]["canary"].as_f64().unwrap()
    };
    let (all, some) = (requests(""), requests("holdouts: [year]"));
    assert!((some / all - 0.8).abs() < 1e-9, "{all} {some}");
}

#[test]
fn what_cannot_be_planned_is_told() {
    let folder = folder();
    release(folder.path(), "owl", "owl", "colour: red");
    let (code, _, err) = plan(folder.path(), "");
    assert!(code == Some(1) && err.contains("unknown_field"), "{err}");
    for words in ["--rate 100", "--errors 5", "--part owl", "--design-effect 0", "--state nowhere"] {
        let (code, _, err) = plan(folder.path(), words);
        assert_eq!(code, Some(2), "{words}: {err}");
    }
}

#[test]
fn a_release_that_nothing_can_stop_is_told() {
    let folder = folder();
    release(folder.path(), "a-owl", "owl", "guardrails: []");
    release(folder.path(), "b-cat", "cat", "");
    let (code, plan) = json(folder.path(), "--rate 33/s --errors 1%");
    let told: Vec<&Value> =
        plan["notes"].as_array().unwrap().iter().filter(|note| note["code"] == "unjudged").collect();
    assert_eq!(code, Some(0), "{plan}");
    assert!(matches!(told.as_slice(), [one] if one["release"] == "a-owl"), "{plan}");
}
