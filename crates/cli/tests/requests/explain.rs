//! Documents of requests, and problems, as `weir explain` shows them.

use std::fs;

use serde_json::{Value, json};

use super::{SHENZHEN, folder, places, weir};

#[test]
fn explain_tells_problems_as_an_object_too() {
    let folder = folder("requests:\n- {path: checkout}\n");
    fs::write(folder.path().join("bad.yaml"), "version: 2\n").unwrap();
    let good = ["explain", "--json", "--policy", "policy.yaml"];
    for (words, expected) in [
        (&["explain", "--json", "--policy", "bad.yaml"][..], &["bad_value version 1:10"][..]),
        (&[&good[..], &["--attach", "odd.yaml"]].concat(), &["unknown_unit log_unit 1:32"]),
        (&[&good[..], &["--requests", "requests.yaml"]].concat(), &["bad_value requests[0].path 2:10"]),
    ] {
        let output = weir(folder.path(), words);
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), &b""[..]), "{words:?}");
        assert_eq!(
            (&said["good"], places(&said["problems"])),
            (&json!(false), expected.iter().map(|one| (*one).to_owned()).collect())
        );
        let fields: Vec<&String> = said.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["good", "problems"]);
    }
}

#[test]
fn explain_shows_requests_in_a_table_or_an_object_a_line() {
    let folder = folder(&format!(
        "requests:\n- {{name: \"ring\\u0007\", {SHENZHEN}, expect: {{tag: other}}}}\n\n- {{attachment: mesh.yaml, path: /x}}\n"
    ));
    let words = ["explain", "--policy", "policy.yaml", "--requests", "requests.yaml"];
    let output = weir(folder.path(), &words);
    let expected = "REQUEST    CHECKOUT         THEME              TAG\n\
                    ring\\u{7}  owl/canary rule  stable no_variant  owl.canary\n\
                    request 2  stable no_tag    stable no_tag      -\n";
    assert_eq!((String::from_utf8(output.stdout).unwrap(), output.status.code()), (expected.to_owned(), Some(0)));
    let output = weir(folder.path(), &[&words[..], &["--json"]].concat());
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let alone = ["explain", "--policy", "policy.yaml", "--role", "mesh", "--path", "/x", "--json"];
    let mut alone: Value = serde_json::from_slice(&weir(folder.path(), &alone).stdout).unwrap();
    for (field, value) in [("name", Value::Null), ("file", json!("requests.yaml")), ("line", json!(4))] {
        alone[field] = value;
    }
    assert_eq!((lines.len(), &lines[0]["name"], &lines[0]["line"]), (2, &json!("ring\u{7}"), &json!(2)));
    assert_eq!(lines[1], alone);
}
