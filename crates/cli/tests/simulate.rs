//! `weir simulate`, as it is called.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const POLICY: &str = "version: 1
units: {user: [{header: x-user-id}]}
layers:
- {id: a, unit: user, experiments: [{id: ax, slots: all, variants: [{id: v, share: 20%}, {id: control, share: 20%}]}]}
- {id: b, unit: user, experiments: [{id: bx, slots: all, targeting: {header: {name: x-c, exact: ch}}, variants: [{id: v, share: 50%}]}]}
";
const RELEASE: &str = "release: 1
id: owl
kind: release
unit: user
services: {owl.shop: v2}
max_hold: 10m
steps: [{share: 5%, hold: 5m}, {share: 50%, hold: 5m}, {share: 100%, hold: 5m}]
";

/// What `weir simulate` says to these words beside the policy's.
fn simulate(words: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.yaml"), POLICY).unwrap();
    fs::write(folder.path().join("owl.yaml"), RELEASE).unwrap();
    weir(folder.path(), &[&["simulate", "--policy", "policy.yaml"], words].concat())
}

fn weir(folder: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_weir")).args(words).current_dir(folder).output().unwrap();
    let [said, wrong] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code(), said, wrong)
}

fn json(words: &[&str]) -> Value {
    let (code, said, wrong) = simulate(&[words, &["--json"]].concat());
    assert_eq!((code, wrong.as_str()), (Some(0), ""), "{said}");
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_seed_is_told_alike_whatever_the_machine_has_to_do() {
    let words = ["--releases", "owl.yaml", "--runs", "8", "--units", "1000", "--fault", "canary:errors=5%"];
    let [one, other] = [json(&words), json(&words)];
    assert_eq!(one, other);
    assert_ne!(one, json(&[&words[..], &["--seed", "2"]].concat()));
}

#[test]
fn a_fault_shows_in_what_becomes_of_a_release() {
    let words = ["--releases", "owl.yaml", "--runs", "10", "--units", "0", "--rate", "100/s"];
    let good = json(&words);
    assert_eq!(good["dealt"], Value::Null);
    assert_eq!(good["releases"][0]["ends"]["finished"]["lives"], 10, "{good}");
    let bad = json(&[&words[..], &["--fault", "canary:errors=10%@50%"]].concat());
    let release = &bad["releases"][0];
    assert_eq!(release["ends"]["rolled_back"]["lives"], 10, "{bad}");
    assert_eq!(release["rolled_back_by"]["errors"], 10, "{bad}");
    assert_eq!(release["steps"][1]["rolled_back_in_it"], 10, "{bad}");
    assert!(release["met_trouble"]["requests"].as_f64() < release["met"]["requests"].as_f64());
    let all = json(&[&words[..], &["--fault", "all:errors=10%"]].concat());
    assert_eq!(all["releases"][0]["ends"]["finished"]["lives"], 10, "{all}");
}

#[test]
fn units_are_dealt_as_planned_and_who_is_not_targeted_is_told() {
    let dealt = &json(&["--units", "20000"])["dealt"];
    assert_eq!(dealt["layers"][1]["others"]["not_targeted"], 20_000, "{dealt}");
    let dealt = &json(&["--units", "20000", "--header", "x-c: ch"])["dealt"];
    assert_eq!(dealt["layers"][1]["others"], serde_json::json!({}), "{dealt}");
    let share = &dealt["layers"][0]["shares"][1];
    assert!((share["dealt"].as_f64().unwrap() - 0.2).abs() < 5.0 * share["spread"].as_f64().unwrap(), "{dealt}");
    assert!(dealt["least_p"].as_f64() > Some(1e-4), "{dealt}");
}

#[test]
fn a_page_has_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let [policy, owl] = ["policy.yaml", "owl.yaml"].map(|name| folder.path().join(name));
    fs::write(&policy, POLICY).unwrap();
    fs::write(&owl, RELEASE).unwrap();
    let words = "simulate --policy policy.yaml --releases owl.yaml --runs 4 --units 1000 --fault canary:errors=20% -o page.html";
    let (code, said, wrong) = weir(folder.path(), &words.split(' ').collect::<Vec<_>>());
    assert_eq!((code, wrong.as_str()), (Some(0), ""), "{said}");
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    for part in
        ["How owl ends", "The steps of owl", "One life of owl", "Shares as they are dealt", "<svg", "rolled back"]
    {
        assert!(page.contains(part), "{part}");
    }
    let (code, _, wrong) =
        weir(folder.path(), &["simulate", "--policy", "policy.yaml", "--units", "10", "-o", "no/page.html"]);
    assert!(code == Some(2) && wrong.contains("no/page.html"), "{wrong}");
}

#[test]
fn what_cannot_be_simulated_is_said() {
    for (words, part) in [
        (&["owl"][..], "no release owl that is not over: there is none; give --releases"),
        (&["--releases", "owl.yaml", "cat"], "no release cat that is not over: there are owl"),
        (
            &["--releases", "owl.yaml", "--fault", "red:hang"],
            "owl has no such arm, but canary, control; all would do too",
        ),
        (
            &["--releases", "owl.yaml", "--fault", "canary:hang@2h"],
            "owl is over by then; it takes 45m at most, however long its steps wait",
        ),
        (&["--fault", "canary:hang"], "there is no release that it could meet"),
        (&["--fault", "canary"], "ARM:WHAT[@SINCE]"),
        (&["--rate", "5"], "2000/m"),
        (&["--runs", "0"], "1..=100000"),
    ] {
        let (code, said, wrong) = simulate(words);
        assert!(code == Some(2) && said.is_empty() && wrong.contains(part), "{words:?}: {wrong}");
    }
    let (code, _, wrong) = simulate(&["--releases", "policy.yaml"]);
    assert_eq!(code, Some(1), "{wrong}");
}
