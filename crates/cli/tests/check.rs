//! `weir check` of policies, attachments and Envoy resources together, as a process.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

const POLICY: &str = "
version: 1
units: {user: [{header: x-user-id}]}
layers:
- id: checkout
  unit: user
  experiments:
  - id: owl-v21
    slots: all
    variants: [{id: canary, share: 5%, env_tag: owl-v21, routes: {owl.shop: {service: lynx.shop}}}]
";

/// These files in a folder, and what `weir check` says of the arguments there.
fn check(files: &[(&str, &str)], arguments: &[&str]) -> (Output, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut weir = Command::new(env!("CARGO_BIN_EXE_weir"));
    (weir.arg("check").args(arguments).current_dir(folder.path()).output().unwrap(), folder)
}

fn cluster(name: &str) -> String {
    format!(
        "resources: [{{\"@type\": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: \"{name}\", \
         connect_timeout: 1s}}]"
    )
}

/// Exit code, problems as `FILE CODE`, and the revision.
fn judged(output: &Output) -> (Option<i32>, Vec<String>, Option<String>) {
    let seen: Json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let problems = seen["problems"].as_array().unwrap().iter().map(|problem| {
        let file = Path::new(problem["file"].as_str().unwrap()).display();
        format!("{file} {}", problem["code"].as_str().unwrap())
    });
    (output.status.code(), problems.collect(), seen["revision"].as_str().map(str::to_owned))
}

#[test]
fn documents_of_all_kinds_are_judged_together() {
    let (steered, named) = ("{weir: 1, name: a, steer: cluster}", "{weir: 1, name: a, role: mesh}");
    let (lynx, fox) = (cluster("outbound|80||lynx.shop"), cluster("outbound|80||fox.shop"));
    let (lynx, fox) = (lynx.as_str(), fox.as_str());
    let of_units = "{version: 1, units: {user: [{header: u}]}}";
    let other_half = "{version: 1, layers: [{id: l, unit: user}]}";
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str]);
    let table: [Row<'_>; 14] = [
        (&[("p.yaml", POLICY)], &["p.yaml"], &[]),
        (&[("p.yaml", POLICY), ("a.yaml", steered)], &["p.yaml", "a.yaml"], &[]),
        (&[("p.yaml", POLICY), ("a.yaml", steered), ("r.yaml", lynx)], &["."], &[]),
        (&[("p.yaml", POLICY), ("a.yaml", steered), ("r.yaml", fox)], &["."], &["./a.yaml unknown_target"]),
        (&[("p.yaml", POLICY), ("r.yaml", fox)], &["."], &[]),
        (&[("p/u.yaml", of_units), ("q/l.yaml", other_half)], &["p", "q/l.yaml"], &[]),
        (&[("p/u.yaml", of_units), ("q/l.yaml", other_half)], &["p", "q", "p/u.yaml", "./q/l.yaml"], &[]),
        (&[("l.yaml", other_half)], &["l.yaml"], &["l.yaml unknown_unit"]),
        (&[("a.yaml", steered), ("b.yaml", named)], &["a.yaml", "b.yaml"], &["b.yaml conflict"]),
        (&[("a.yaml", "{weir: 1, log_unit: x}")], &["a.yaml"], &[]),
        (&[("a.yaml", "{weir: 1, log_unit: x}"), ("p.yaml", POLICY)], &["."], &["./a.yaml unknown_unit"]),
        (&[("r.json", "{\"resources\": [1]}")], &["r.json"], &["r.json missing_field"]),
        (
            &[("a.yaml", "{weir: 2}"), ("b.yaml", "{version: 2}"), ("c.yaml", "{resources: 1}"), ("d.yaml", "x: 1")],
            &["."],
            &[
                "./a.yaml bad_value",
                "./b.yaml bad_value",
                "./c.yaml wrong_type",
                "./d.yaml unknown_field",
                "./d.yaml missing_field",
            ],
        ),
        (
            &[("k.yaml", "{apiVersion: v1, kind: Secret}"), ("t.yaml", "requests: []")],
            &["."],
            &["./k.yaml other_document", "./t.yaml other_document"],
        ),
    ];
    for (files, arguments, expected) in table {
        let (output, _folder) = check(files, &[arguments, &["--json"]].concat());
        let (code, mut problems, revision) = judged(&output);
        let mut expected: Vec<String> = expected.iter().map(|problem| (*problem).to_owned()).collect();
        problems.sort();
        expected.sort();
        assert_eq!(problems, expected, "{files:?}");
        assert_eq!(code, Some(if expected.is_empty() { 0 } else { 1 }), "{files:?}");
        assert!(revision.is_none() || expected.is_empty(), "{files:?}");
    }
}

#[test]
fn a_policy_is_checked_for_the_role_of_its_attachments() {
    // An edge would want slots and a unit.
    let policy = "{version: 1, layers: [{id: l, experiments: [{id: e, variants: [{id: v}]}]}]}";
    let files = [("p.yaml", policy), ("a.yaml", "{weir: 1, role: mesh}")];
    let codes = |arguments: &[&str]| judged(&check(&files, &[arguments, &["--json"]].concat()).0).0;
    assert_eq!(codes(&["p.yaml", "a.yaml"]), Some(0));
    assert_eq!(codes(&["p.yaml"]), Some(1));
    assert_eq!(codes(&["p.yaml", "--role", "mesh"]), Some(0));
    assert_eq!(codes(&["p.yaml", "a.yaml", "--role", "edge"]), Some(1));
}

#[test]
fn what_is_good_is_a_line_for_each() {
    let resources = cluster("outbound|80||lynx.shop");
    let files =
        [("p.yaml", POLICY), ("a.yaml", "{weir: 1, name: shop, steer: subset}"), ("r.yaml", resources.as_str())];
    let (output, _folder) = check(&files, &["p.yaml", "a.yaml", "r.yaml"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let [policy, attachment, resources] = lines.as_slice() else { panic!("{said}") };
    assert!(policy.starts_with("good: revision ") && policy.ends_with(", 1 layer, 1 experiment"), "{policy}");
    let (attachment, offer) = attachment.rsplit_once(' ').unwrap();
    assert_eq!(attachment, "good: attachment shop in a.yaml: role edge, steer subset, offer");
    assert_eq!(*resources, "good: 1 Envoy resource");
    let (other, _folder) = check(&files, &["p.yaml", "a.yaml"]);
    assert!(!String::from_utf8(other.stdout).unwrap().contains(offer), "an offer tells of the resources beside it");
}
