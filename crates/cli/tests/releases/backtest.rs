//! `weir release backtest`: what guardrails would have said to evidence that is there.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Folder, begun, running};

/// Polls each ten seconds from 01:03 on: 1,600 requests of each arm, of which so many of a part of canary fail.
fn evidence(bad: impl Fn(usize) -> u64, polls: usize, more: &Value) -> String {
    let counts = |bad: u64| json!({"all": vec![100; 16], "error": vec![bad; 16]});
    let line = |number: usize| {
        let second = 180 + number * 10;
        let at = format!("2026-12-01T01:{:02}:{:02}Z", second / 60, second % 60);
        let mut line = json!({"at": at, "counts": {"canary": counts(bad(number)), "control": counts(1)}});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string()
    };
    (0..polls).map(line).collect::<Vec<_>>().join("\n")
}

const DOCUMENT: &str = "{release: 1, id: cat, unit: user, services: {cat.shop: v2}, warmup: 60s}";

fn folder() -> Folder {
    let folder = Folder::of(running("owl").into_iter().chain([begun("owl", 1, 3), begun("owl", 2, 4)]));
    fs::write(folder.path().join("cat.yaml"), DOCUMENT).unwrap();
    folder
}

#[test]
fn it_tells_when_and_by_what_a_release_would_have_been_rolled_back() {
    let folder = folder();
    let written = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    written("bad.jsonl", evidence(|number| if number < 30 { 1 } else { 5 }, 90, &json!({})));
    written("good.jsonl", evidence(|_| 1, 90, &json!({})));

    let said = folder.say("backtest cat.yaml --evidence good.jsonl");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.starts_with("cat: neither rolled back nor suspected\n90 polls from 2026-12-01T01:03:00Z"),
        "{said:?}"
    );

    let said = folder.say("backtest cat.yaml --evidence bad.jsonl --json -o page.html");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["rolled_back"]["by"], json!([{"guardrail": "errors", "arm": "canary"}]), "{report}");
    let after = report["rolled_back"]["after_ms"].as_u64().unwrap();
    assert!((300_000..600_000).contains(&after), "{report}");
    assert!(report["suspected_after_ms"].as_u64() <= Some(after), "{report}");
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.contains("Backtest of cat") && page.contains("rolled back after") && page.contains("<svg"));
}

/// Evidence of a step's warm-up is for suspicion only, and the journal says when steps began.
#[test]
fn steps_are_those_of_the_journal_or_of_the_file() {
    let folder = folder();
    let all_bad = |more: &Value| evidence(|_| 5, 60, more);
    let after = |name: &str, text: String, words: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        let said = folder.say(&format!("backtest {words} --evidence {name} --json"));
        let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
        report["rolled_back"]["step"].as_u64()
    };
    assert_eq!(after("a.jsonl", all_bad(&json!({})), "cat.yaml"), Some(0));
    assert_eq!(after("b.jsonl", all_bad(&json!({"step": 3})), "cat.yaml"), Some(2));
    // The step that began at 01:03 and the one at 01:04.
    assert!(after("c.jsonl", all_bad(&json!({})), "owl") >= Some(1));
}

#[test]
fn what_cannot_be_looked_through_is_said() {
    let folder = folder();
    let line = |text: &str| fs::write(folder.path().join("e.jsonl"), text).unwrap();
    let of_file = "backtest cat.yaml --evidence e.jsonl";
    for (text, part) in [
        ("", "there is no evidence of cat"),
        ("x", "e.jsonl, line 1: "),
        ("\n{\"at\": \"2026-12-01T01:03:00Z\"}", "line 2: missing field `counts`"),
        (r#"{"at": "2026-12-01T01:03:00Z", "counts": {"red": {}}}"#, "cat has no arm \"red\", but canary, control"),
        (r#"{"at": "2026-12-01T01:03:00Z", "counts": {"canary": {"bad": []}}}"#, "line 1: "),
        (r#"{"at": "2026-12-01T01:03:00Z", "step": 6, "counts": {}}"#, "step 6; cat has 5, counted from 1"),
        (r#"{"at": "2026-12-01T01:03:00Z", "step": 0, "counts": {}}"#, "step 0; cat has 5"),
        (
            "{\"at\": \"2026-12-01T01:03:00Z\", \"counts\": {}}\n{\"at\": \"2026-12-01T01:03:00Z\", \"counts\": {}}",
            "line 2: 2026-12-01T01:03:00Z is not after the line before",
        ),
    ] {
        line(text);
        let said = folder.say(of_file);
        assert!(said.code == Some(1) && said.err.contains(part), "{text}: {said:?}");
    }
    line(&evidence(|_| 1, 1, &json!({})));
    for (words, code, part) in [
        ("backtest cat.yaml", 2, "--evidence"),
        ("backtest dog --evidence e.jsonl", 1, "no release is called"),
        ("backtest cat.yaml --evidence no.jsonl", 2, "no.jsonl: cannot be read"),
        ("backtest cat.yaml --evidence e.jsonl --every 1ms", 2, "a second or more"),
        ("backtest cat.yaml --from-prometheus 127.0.0.1:1", 2, "--from"),
        (
            "backtest cat.yaml --from-prometheus 127.0.0.1:1 --from 2026-12-01T01:00:00Z --to 2026-12-01T00:00:00Z",
            2,
            "a time after --from",
        ),
        (
            "backtest cat.yaml --from-prometheus 127.0.0.1:1 --from 2020-12-01T01:00:00Z --to 2026-12-01T00:00:00Z",
            2,
            "at most 100000",
        ),
        (
            "backtest cat.yaml --from-prometheus 127.0.0.1:1 --from 2026-12-01T01:00:00Z --to 2026-12-01T02:00:00Z",
            2,
            "127.0.0.1:1",
        ),
    ] {
        let said = folder.say(words);
        assert!(said.code == Some(code) && said.err.contains(part), "{words}: {said:?}");
    }
}
