//! Documents of requests as `weir test` and `weir explain --requests` read them: what holds, what does not, and what is wrong
//! with a document.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};
use tempfile::TempDir;

mod explain;
mod shaping;

const POLICY: &str = r#"
version: 1
units: {user: [{header: x-user-id}], device: [{cookie: weir_id, issue: {max_age_seconds: 60}}]}
layers:
- id: checkout
  unit: user
  experiments:
  - id: owl
    slots: all
    rules:
    - {when: {header: {name: location, exact: shenzhen}}, variant: canary}
    - {when: {host: {exact: shop.example}}, variant: canary}
    variants: [{id: canary, share: 5%, routes: {owl.shop: v21}}]
  - {id: spare, slots: none, variants: [{id: other}]}
- id: theme
  unit: device
  experiments:
  - id: hue
    slots: all
    audiences: [{id: cn, when: {header: {name: x-country, exact: cn}}, shares: {dark: 100%}}]
    variants: [{id: dark, share: 0%}]
"#;

/// A folder with the policy, attachments and `requests.yaml`.
fn folder(requests: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("policy.yaml", POLICY);
    write("mesh.yaml", "{weir: 1, name: mesh, role: mesh}");
    write("odd.yaml", "{weir: 1, name: odd, log_unit: nobody}");
    write("requests.yaml", requests);
    folder
}

fn weir(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir")).args(words).current_dir(folder).output().unwrap()
}

/// The exit code and the object that `weir test --json` prints.
fn tested(requests: &str) -> (i32, Value) {
    let folder = folder(requests);
    let output = weir(folder.path(), &["test", "--policy", "policy.yaml", "requests.yaml", "--json"]);
    let said = String::from_utf8_lossy(&output.stderr);
    let object = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{requests}\n{said}"));
    (output.status.code().unwrap(), object)
}

/// `CODE PATH LINE:COLUMN` of each.
fn places(problems: &Value) -> Vec<String> {
    let place = |one: &Value| {
        let word = |field: &str| one[field].as_str().unwrap().to_owned();
        format!("{} {} {}:{}", word("code"), word("path"), one["line"], one["column"])
    };
    problems.as_array().unwrap().iter().map(place).collect()
}

const SHENZHEN: &str = "headers: {location: shenzhen}, destination: outbound|80||owl.shop";

#[test]
fn what_holds_is_ok_and_what_does_not_is_told_where_it_stands() {
    for (request, expect, unmet) in [
        (SHENZHEN, "layers: {checkout: canary}", None),
        (SHENZHEN, "layers: {checkout: owl/canary}", None),
        (SHENZHEN, "layers: {checkout: owl/canary/rule, theme: hue/stable/no_variant/-}", None),
        (SHENZHEN, "layers: {checkout: {reason: rule}, theme: {audience: '-'}}", None),
        (SHENZHEN, "layers: {checkout: stable}", Some(".layers.checkout")),
        (SHENZHEN, "layers: {checkout: {reason: assigned}}", Some(".layers.checkout")),
        (SHENZHEN, "layers: {checkout: {experiment: spare}}", Some(".layers.checkout")),
        (SHENZHEN, "layers: {theme: hue/stable/no_variant/cn}", Some(".layers.theme")),
        (SHENZHEN, "tag: owl.canary", None),
        (SHENZHEN, "tag: owl", Some(".tag")),
        (SHENZHEN, "tag: null", Some(".tag")),
        (SHENZHEN, "{tag: owl.canary, subset: null, cluster: null}", None),
        ("path: /", "tag: null", None),
        ("path: /", "tag: owl.canary", Some(".tag")),
        ("path: 'http://shop.example:8080'", "layers: {checkout: canary}", None),
        ("host: SHOP.example", "layers: {checkout: canary}", None),
        ("headers: [[Host, shop.example]]", "layers: {checkout: canary}", None),
        ("headers: {location: shenzhen, connection: location}", "layers: {checkout: stable}", None),
        ("headers: {location: [beijing, shenzhen]}", "layers: {checkout: canary}", None),
        ("headers: {x-country: cn}", "{layers: {theme: hue/dark/assigned/cn}, tag: hue.dark}", None),
        ("headers: [[location, shenzhen], [x-country, cn]]", "tag: 'owl.canary,hue.dark'", None),
        (&format!("attachment: {{steer: subset}}, {SHENZHEN}"), "{subset: v21, cluster: null}", None),
        (&format!("attachment: {{steer: subset}}, {SHENZHEN}"), "subset: v22", Some(".subset")),
        (&format!("attachment: {{steer: cluster}}, {SHENZHEN}"), "cluster: 'outbound|80|v21|owl.shop'", None),
        (&format!("attachment: {{steer: cluster}}, {SHENZHEN}"), "cluster: null", Some(".cluster")),
        (
            "attachment: mesh.yaml, headers: {x-env-tag: owl.canary}",
            "{layers: {checkout: {reason: tag}}, tag: owl.canary}",
            None,
        ),
        ("attachment: {role: inbound}, headers: {x-env-tag: any}", "tag: any", None),
        ("attachment: {role: inbound}, headers: {x-env-tag: [any, other]}", "tag: 'any,other'", None),
        ("path: /", "cookies: {weir_id: true, other: false, another: null}", None),
        ("path: /", "cookies: [weir_id]", None),
        ("path: /", "cookies: []", Some(".cookies")),
        ("path: /", "cookies: {weir_id: false}", Some(".cookies.weir_id")),
        // The bytes of a unit that is made are the same each time, or those that are given.
        ("path: /", "cookies: {weir_id: AAAAAAAAAAAAAAAAAAAAAA}", None),
        ("random: 000102030405060708090a0b0c0d0e0f", "cookies: {weir_id: AAECAwQFBgcICQoLDA0ODw}", None),
        (
            "random: [000102030405060708090a0b0c0d0e0f]",
            "cookies: {weir_id: AAAAAAAAAAAAAAAAAAAAAA}",
            Some(".cookies.weir_id"),
        ),
    ] {
        let expect = if expect.starts_with('{') { expect.to_owned() } else { format!("{{{expect}}}") };
        let (code, said) = tested(&format!("requests:\n- {{{request}, expect: {expect}}}\n"));
        assert_eq!(said["problems"], json!([]), "{request}: {expect}");
        let found: Vec<&str> =
            said["requests"][0]["unmet"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
        let expected: Vec<String> = unmet.iter().map(|path| format!("requests[0].expect{path}")).collect();
        assert_eq!(found, expected, "{request}: {expect}\n{said}");
        assert_eq!(said["requests"][0]["result"], if unmet.is_some() { "failed" } else { "ok" });
        assert_eq!((code, &said["good"]), (i32::from(unmet.is_some()), &json!(unmet.is_none())), "{request}: {expect}");
    }
}

#[test]
fn a_request_has_an_attachment_of_its_own_of_its_file_or_of_the_command() {
    let folder = folder(
        "requests:\n- {headers: {x-env-tag: owl.canary}, expect: {tag: owl.canary}}\n- {attachment: {role: edge}, headers: {x-env-tag: owl.canary}, expect: {tag: null}}\n",
    );
    let test = |more: &[&str]| {
        weir(folder.path(), &[&["test", "--policy", "policy.yaml", "requests.yaml"], more].concat()).status.code()
    };
    assert_eq!(test(&[]), Some(1));
    assert_eq!(test(&["--role", "mesh"]), Some(0));
    assert_eq!(test(&["--attach", "mesh.yaml"]), Some(0));
    assert_eq!(test(&["--attach", "mesh.yaml", "--role", "edge"]), Some(1));
    let (_, said) =
        tested("attachment: mesh.yaml\nrequests:\n- {headers: {x-env-tag: owl.canary}, expect: {tag: owl.canary}}\n");
    assert_eq!(said["good"], json!(true));
}

#[test]
fn every_problem_is_told_at_once_where_it_stands() {
    for (document, expected) in [
        ("requests: 5", &["wrong_type requests 1:11"][..]),
        ("{}", &["missing_field (root) 1:1"]),
        ("{requests: [], colour: red}", &["unknown_field colour 1:16"]),
        ("weir: 1\nname: shop", &["other_document weir 1:1"]),
        ("requests: [5]", &["wrong_type requests[0] 1:12"]),
        (
            "requests:\n- {path: checkout, method: get it, host: a b, colour: red, expect: {tag: a}}\n- {path: '/a#b', name: 7}",
            &[
                "bad_value requests[0].path 2:10",
                "bad_value requests[0].method 2:28",
                "bad_value requests[0].host 2:42",
                "unknown_field requests[0].colour 2:47",
                "bad_value requests[1].path 3:10",
                "unquoted_number requests[1].name 3:24",
            ],
        ),
        (
            "requests:\n- headers: {':path': /x, 'a b': c, d: \"e\\nf\", g: 7, h: [i, 8]}\n- headers: [[a], [b, c, d], [e, f], g, ['', h]]",
            &[
                "bad_value requests[0].headers.:path 2:22",
                "bad_value requests[0].headers.a b 2:33",
                "bad_value requests[0].headers.d 2:39",
                "unquoted_number requests[0].headers.g 2:50",
                "unquoted_number requests[0].headers.h[1] 2:60",
                "bad_value requests[1].headers[0] 3:13",
                "bad_value requests[1].headers[1] 3:18",
                "wrong_type requests[1].headers[3] 3:37",
                "bad_value requests[1].headers[4][1] 3:45",
            ],
        ),
        ("requests:\n- {path: 'http://a/', host: b}", &["conflict requests[0].host 2:29"]),
        ("requests:\n- {host: a, headers: {host: b}}", &["conflict requests[0].host 2:10"]),
        ("requests:\n- {path: '*'}", &["bad_value requests[0].path 2:10"]),
        (
            "requests:\n- {method: CONNECT, headers: {content-length: abc}}\n- {headers: {transfer-encoding: foo, connection: 'a, :path'}}\n- {headers: {connection: host}}\n- {headers: {content-length: ['1', '1']}}",
            &[
                "bad_value requests[0].method 2:12",
                "bad_value requests[0].headers.content-length 2:47",
                "bad_value requests[1].headers.transfer-encoding 3:33",
                "bad_value requests[1].headers.connection 3:50",
                "conflict requests[2].headers 4:13",
                "conflict requests[3].headers 5:13",
            ],
        ),
        ("requests:\n- {name: ''}", &["bad_value requests[0].name 2:10"]),
        (
            "requests:\n- {random: 00}\n- {random: ['00']}",
            &["unquoted_number requests[0].random 2:12", "bad_value requests[1].random[0] 3:13"],
        ),
        ("requests:\n- {joined: a}", &["conflict requests[0].joined 2:12"]),
        (
            "attachment: nowhere.yaml\nrequests: [{attachment: 5}]",
            &["bad_value attachment 1:13", "wrong_type requests[0].attachment 2:25"],
        ),
        (
            "attachment: {role: edge, colour: red}\nrequests:\n- {attachment: {weir: 1}}",
            &["unknown_field attachment.colour 1:26", "unknown_field requests[0].attachment.weir 3:17"],
        ),
        (
            "attachment: {log_unit: a}\nrequests:\n- {attachment: {log_unit: b}}\n- {attachment: odd.yaml}",
            &[
                "unknown_unit attachment.log_unit 1:24",
                "unknown_unit requests[0].attachment.log_unit 3:27",
                "unknown_unit log_unit 1:32",
            ],
        ),
        (
            "requests:\n- {expect: {}}\n- {expect: {layers: {}}}",
            &["missing_field requests[0].expect 2:12", "missing_field requests[1].expect.layers 3:21"],
        ),
        (
            "requests:\n- {expect: {cookies: {}}}\n- {expect: {cookies: 5}}",
            &["missing_field requests[0].expect.cookies 2:22", "wrong_type requests[1].expect.cookies 3:22"],
        ),
        ("requests:\n- {expect: {layers: {checkout: {}}}}", &["missing_field requests[0].expect.layers.checkout 2:32"]),
        (
            "requests:\n- {expect: {tags: a, tag: 5}}",
            &["unknown_field requests[0].expect.tags 2:13", "unquoted_number requests[0].expect.tag 2:27"],
        ),
        (
            "requests:\n- {expect: {layers: {nobody: canary, checkout: canari, theme: hue/canary}}}",
            &[
                "unknown_layer requests[0].expect.layers.nobody 2:30",
                "unknown_variant requests[0].expect.layers.checkout 2:48",
                "unknown_variant requests[0].expect.layers.theme 2:63",
            ],
        ),
        (
            "requests:\n- {expect: {layers: {checkout: owl/other, theme: hue/dark/dealt}}}\n- {expect: {layers: {checkout: nobody/canary, theme: a/b/c/d/e}}}",
            &[
                "unknown_variant requests[0].expect.layers.checkout 2:32",
                "bad_value requests[0].expect.layers.theme 2:50",
                "unknown_experiment requests[1].expect.layers.checkout 3:32",
                "bad_value requests[1].expect.layers.theme 3:54",
            ],
        ),
        (
            "requests:\n- {expect: {layers: {checkout: {audience: cn}, theme: {audience: de}}}}\n- {expect: {layers: {checkout: -/canary, theme: ''}}}\n- {expect: {layers: {checkout: {reason: none, colour: red}}}}",
            &[
                "bad_value requests[0].expect.layers.checkout 2:32",
                "bad_value requests[0].expect.layers.theme 2:55",
                "conflict requests[1].expect.layers.checkout 3:32",
                "bad_value requests[1].expect.layers.theme 3:49",
                "bad_value requests[2].expect.layers.checkout.reason 4:41",
                "unknown_field requests[2].expect.layers.checkout.colour 4:47",
            ],
        ),
        (
            "requests:\n- {attachment: {role: inbound}, expect: {layers: {checkout: canary}}}",
            &["conflict requests[0].expect.layers 2:50"],
        ),
        (
            "requests:\n- {expect: {tag: null, subset: v21, cluster: c}}\n- {attachment: {steer: subset}, expect: {subset: v21, cluster: c}}\n- {attachment: {steer: cluster}, expect: {subset: v21, cluster: c}}",
            &[
                "conflict requests[0].expect.subset 2:32",
                "conflict requests[0].expect.cluster 2:46",
                "conflict requests[1].expect.cluster 3:64",
                "conflict requests[2].expect.subset 4:51",
            ],
        ),
        (
            "requests:\n- {expect: {cookies: [weir_id, other]}}\n- {expect: {cookies: {other: true, weir_id: true, third: a, fourth: false}}}\n- {attachment: {role: mesh}, expect: {tag: a, cookies: {weir_id: true}}}",
            &[
                "bad_value requests[0].expect.cookies[1] 2:32",
                "bad_value requests[1].expect.cookies.other 3:30",
                "bad_value requests[1].expect.cookies.third 3:58",
                "bad_value requests[2].expect.cookies.weir_id 4:66",
            ],
        ),
        // What always holds compares nothing.
        (
            "requests:\n- {expect: {subset: null}}\n- {expect: {cluster: null, cookies: {other: false}}}\n- {attachment: {role: mesh, steer: subset}, expect: {cookies: []}}",
            &[
                "conflict requests[0].expect 2:12",
                "conflict requests[1].expect 3:12",
                "conflict requests[2].expect 4:53",
            ],
        ),
        (
            "requests:\n- {expect: {layers: {checkout: owl/canary/tag, theme: {reason: no_tag}}}}\n- {attachment: mesh.yaml, expect: {layers: {checkout: {reason: assigned}}}}",
            &[
                "conflict requests[0].expect.layers.checkout 2:32",
                "conflict requests[0].expect.layers.theme 2:55",
                "conflict requests[1].expect.layers.checkout 3:55",
            ],
        ),
    ] {
        let (code, said) = tested(document);
        assert_eq!(places(&said["problems"]), expected, "{document}\n{said:#}");
        assert_eq!((code, &said["good"], &said["requests"]), (1, &json!(false), &json!([])), "{document}");
    }
}

#[test]
fn what_may_hold_otherwise_is_compared_though_other_parts_always_hold() {
    for (attachment, expect) in [
        ("{}", "{subset: null, tag: null}"),
        ("{steer: subset}", "{subset: null}"),
        ("{steer: cluster}", "{subset: null, cluster: null}"),
        ("{}", "{cookies: {weir_id: true, other: null}}"),
        ("{role: inbound}", "{tag: null, cookies: []}"),
        ("{role: mesh}", "{layers: {checkout: {reason: no_tag}}}"),
    ] {
        let (code, said) = tested(&format!("requests:\n- {{attachment: {attachment}, expect: {expect}}}\n"));
        assert_eq!((code, &said["problems"]), (0, &json!([])), "{attachment} {expect}");
    }
}

#[test]
fn json_is_read_as_yaml_is() {
    let folder = folder("");
    let text = r#"{"requests": [{"name": "a", "headers": {"location": "shenzhen"},
        "expect": {"layers": {"checkout": "stable"}}}]}"#;
    fs::write(folder.path().join("requests.json"), text).unwrap();
    let output = weir(folder.path(), &["test", "--policy", "policy.yaml", "requests.json"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("FAILED   requests.json:1  a\n") && said.contains("requests.json:2:43"), "{said}");
}

#[test]
fn a_policy_with_problems_is_told_with_those_of_the_requests() {
    let folder = folder("requests:\n- {path: checkout}\n");
    fs::write(folder.path().join("policy.yaml"), "version: 2\n").unwrap();
    let words = ["test", "--policy", "policy.yaml", "requests.yaml", "--json", "--junit", "results.xml"];
    let output = weir(folder.path(), &words);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let files: Vec<_> = said["problems"].as_array().unwrap().iter().map(|one| one["file"].as_str().unwrap()).collect();
    assert_eq!((output.status.code(), files), (Some(1), vec!["requests.yaml", "policy.yaml"]));
    let (cases, errors) = junit(&folder.path().join("results.xml"), "error");
    assert_eq!((cases.len(), errors.len()), (2, 2));
}

#[test]
fn bytes_that_lost_their_quotes_are_proposed_as_they_were_typed() {
    let digits = "00010203040506070809101112131415";
    let (_, said) = tested(&format!("requests:\n- {{random: {digits}, expect: {{tag: null}}}}\n"));
    let message = format!("a string is meant here; write \"{digits}\" in quotes");
    assert_eq!(said["problems"][0]["message"], json!(message), "{said}");
}

#[test]
fn what_cannot_fail_is_wrong_use() {
    let folder = folder("requests:\n- {path: /}\n");
    fs::write(folder.path().join("none.yaml"), "requests: []\n").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::create_dir(folder.path().join("others")).unwrap();
    fs::write(folder.path().join("others/mesh.yaml"), "weir: 1\n").unwrap();
    for words in [
        &["test", "--policy", "policy.yaml"][..],
        &["test", "requests.yaml"],
        &["test", "--policy", "policy.yaml", "requests.yaml"],
        &["test", "--policy", "policy.yaml", "none.yaml"],
        &["test", "--policy", "policy.yaml", "nowhere.yaml"],
        &["test", "--policy", "nowhere.yaml", "requests.yaml"],
        &["test", "--policy", "policy.yaml", "empty"],
        &["test", "--policy", "policy.yaml", "others"],
        &["explain", "--policy", "policy.yaml", "--requests", "requests.yaml", "--path", "/"],
        &["explain", "--policy", "policy.yaml", "--requests", "requests.yaml", "--header", "a: b"],
    ] {
        let output = weir(folder.path(), words);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{words:?}");
    }
}

#[test]
fn of_a_folder_the_files_of_requests_are_tested() {
    let folder = folder("requests:\n- {name: one, expect: {tag: null}}\n");
    let output = weir(folder.path(), &["test", "--policy", "policy.yaml", "."]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "ok       ./requests.yaml:2  one\n1 request: 1 ok, 0 failed\n");
    // A word that is mistyped is nothing else that is known.
    fs::write(folder.path().join("typo.yaml"), "request: []\n").unwrap();
    let output = weir(folder.path(), &["test", "--policy", "policy.yaml", "."]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn limits_hold_on_both_sides() {
    let requests = |count: usize| format!("requests:\n{}", "- {expect: {tag: null}}\n".repeat(count));
    let headers = |count: usize| {
        let lines = "[a, b], ".repeat(count);
        format!("requests:\n- {{headers: [{lines}], expect: {{tag: null}}}}\n")
    };
    let bytes = |count: usize| {
        let text = requests(1) + "#";
        let filled = "x".repeat(count - text.len());
        text + &filled
    };
    for (at, over) in
        [(requests(10_000), requests(10_001)), (headers(1_000), headers(1_001)), (bytes(8 << 20), bytes((8 << 20) + 1))]
    {
        let (code, said) = tested(&at);
        assert_eq!((code, &said["problems"]), (0, &json!([])));
        let (code, said) = tested(&over);
        assert_eq!((code, &said["problems"][0]["code"]), (1, &json!("limit")));
    }
}

/// The names of all cases, and the attributes `message` with the texts of all elements of this name; the file is well-formed.
fn junit(path: &Path, element: &str) -> (Vec<String>, Vec<String>) {
    let text = fs::read_to_string(path).unwrap();
    let is_of_xml =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(is_of_xml) && !text.contains("&#"), "{text:?}");
    let mut reader = Reader::from_str(&text);
    let (mut cases, mut found) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return (cases, found),
            Event::Start(start) | Event::Empty(start) => {
                let attribute = |name: &str| {
                    let value = start.try_get_attribute(name).unwrap().unwrap_or_else(|| panic!("no {name}: {text}"));
                    quick_xml::escape::unescape(&value.value).unwrap().into_owned()
                };
                if start.name().as_ref() == "testcase" {
                    assert!(attribute("line").parse::<u32>().is_ok() && attribute("time").parse::<f64>().is_ok());
                    assert_eq!(attribute("file"), format!("{}.yaml", attribute("classname")));
                    cases.push(attribute("name"));
                }
                if start.name().as_ref() == element {
                    found.push(attribute("message"));
                }
            }
            _ => {}
        }
    }
}

#[test]
fn junit_is_whole_and_can_be_read_whatever_is_in_it() {
    let folder = folder(
        "requests:\n- {name: \"<a> & 'b' \\\"c\\\" \\u001b[2J \\uFFFE ]]>\", expect: {tag: \"<>&\\u0007]]>\"}}\n\
         - {name: twice, expect: {tag: null}}\n- {name: twice, expect: {tag: null}}\n- {path: /}\n",
    );
    let results = folder.path().join("results.xml");
    fs::write(&results, "of another run, which was a longer one\n".repeat(1_000)).unwrap();
    let output = weir(folder.path(), &["test", "--policy", "policy.yaml", "requests.yaml", "--junit", "results.xml"]);
    assert_eq!(output.status.code(), Some(1));
    let (cases, failures) = junit(&results, "failure");
    assert_eq!(cases, ["<a> & 'b' \"c\" \u{fffd}[2J \u{fffd} ]]>", "twice (2)", "twice (3)", "request 4"]);
    assert_eq!(failures.len(), 1);
    let (_, skipped) = junit(&results, "skipped");
    assert_eq!(skipped, ["nothing is expected of it"]);
    let text = fs::read_to_string(&results).unwrap();
    assert_eq!(text.matches("tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\"").count(), 2, "{text}");
    // Nothing is left of what was written on the way.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
    let output =
        weir(folder.path(), &["test", "--policy", "policy.yaml", "requests.yaml", "--junit", "none/results.xml"]);
    assert_eq!(output.status.code(), Some(2));
}
