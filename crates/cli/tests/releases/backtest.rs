//! `weir release backtest`: what guardrails would have said to evidence that is there.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::thread;

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
            "line 2: 2026-12-01T01:03:00Z is not after the line before; lines in the order of time would do",
        ),
        (
            "{\"at\": \"2026-12-01T01:03:10Z\", \"counts\": {}}\n{\"at\": \"2026-12-01T01:03:00Z\", \"counts\": {}}",
            "line 2: 2026-12-01T01:03:00Z is not after",
        ),
        ("{\"at\": \"2026-12-01T01:03:00Z\", \"counts\": {}}\n{\"at\": \"2026-12", "line 2: it is cut off"),
        (r#"{"at": "2026-12-01T01:03:00", "counts": {}}"#, "line 1: "),
        (r#"{"at": "2026-12-01T01:03:00Z", "counts": {"canary": {"all": [1, 2]}}}"#, "invalid length 2"),
        (r#"{"at": "2026-12-01T01:03:00Z", "counts": {"canary": {"all": [-1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}}"#, "-1"),
        (
            r#"{"at": "2026-12-01T01:03:00Z", "counts": {"canary": {"all": [1.5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}}"#,
            "1.5",
        ),
        (
            r#"{"at": "2026-12-01T01:03:00Z", "counts": {"canary": {"all": [0,0,0,9007199254740993,0,0,0,0,0,0,0,0,0,0,0,0]}}}"#,
            "9007199254740993 requests of canary; at most 9007199254740992",
        ),
        (
            r#"{"at": "2026-12-01T01:03:00Z", "counts": {"canary": {"all": [1e999,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}}"#,
            "line 1: ",
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

/// As editors and other systems write it, and as it comes through a pipe.
#[test]
fn a_file_is_read_as_others_write_it() {
    let folder = folder();
    let plain = evidence(|number| if number < 30 { 1 } else { 5 }, 90, &json!({}));
    let written = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    written("plain.jsonl", plain.as_bytes());
    let said = folder.say("backtest cat.yaml --evidence plain.jsonl");
    assert!(said.out.starts_with("cat: rolled back after 5m 30s, in step 1 of 5%, by errors\n"), "{said:?}");
    for (name, bytes) in [
        ("marked.jsonl", [b"\xef\xbb\xbf", plain.as_bytes()].concat()),
        ("crlf.jsonl", (plain.replace('\n', "\r\n") + "\r\n").into_bytes()),
        ("blank.jsonl", format!("\n\n{}\n\n", plain.replace('\n', "\n\n")).into_bytes()),
    ] {
        written(name, &bytes);
        assert_eq!(folder.say(&format!("backtest cat.yaml --evidence {name}")).out, said.out, "{name}");
    }
    for (name, start, tool) in
        [("a.gz", &b"\x1f\x8b\x08"[..], "zcat FILE |"), ("a.zst", b"\x28\xb5\x2f\xfd", "zstdcat")]
    {
        written(name, start);
        let said = folder.say(&format!("backtest cat.yaml --evidence {name}"));
        assert!(said.code == Some(1) && said.err.contains(tool) && said.err.contains("--evidence -"), "{said:?}");
    }
    let mut weir = Command::new(env!("CARGO_BIN_EXE_weir"));
    weir.args(["release", "backtest", "cat.yaml", "--evidence", "-"]).current_dir(folder.path());
    let mut weir = weir.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    weir.stdin.take().unwrap().write_all(plain.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(weir.wait_with_output().unwrap().stdout).unwrap(), said.out);
}

/// What has only one side of it shows nothing, and that is not good.
#[test]
fn that_nothing_was_compared_is_said() {
    let folder = folder();
    let one = |arm: &str| evidence(|_| 1, 30, &json!({"counts": {arm: {"all": vec![100; 16]}}}));
    for arm in ["canary", "control"] {
        fs::write(folder.path().join("one.jsonl"), one(arm)).unwrap();
        let said = folder.say("backtest cat.yaml --evidence one.jsonl --json");
        let report: Value = serde_json::from_str(&said.out).unwrap();
        let note = report["notes"][0].as_str().unwrap();
        assert!(
            note.starts_with("errors of canary, unanswered of canary, slow of canary: nothing was compared"),
            "{note}"
        );
    }
    fs::write(folder.path().join("none.yaml"), DOCUMENT.replace("warmup: 60s", "guardrails: []")).unwrap();
    let said = folder.say("backtest none.yaml --evidence one.jsonl");
    assert!(said.out.contains("note: cat has no guardrail that looks at evidence"), "{said:?}");
    let document = "{release: 1, id: many, kind: test, unit: user, traffic: 50%, arms: {a: {}, b: {}, c: {}, d: {}, e: {}, \
                    f: {}, g: {}, h: {}, i: {}, j: {}, k: {}, l: {}, m: {}, n: {}, o: {}}}";
    fs::write(folder.path().join("many.yaml"), document).unwrap();
    let arms = ('a'..='o').map(|arm| arm.to_string()).chain(["control".to_owned()]);
    let counts: HashMap<String, Value> = arms.map(|arm| (arm, json!({"all": vec![100; 16]}))).collect();
    fs::write(folder.path().join("many.jsonl"), evidence(|_| 1, 30, &json!({"counts": counts}))).unwrap();
    let said = folder.say("backtest many.yaml --evidence many.jsonl --json");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((report["guardrails"].as_array().unwrap().len(), &report["notes"]), (45, &json!([])), "{said:?}");
}

/// Answers questions about ranges as these are, and as a server of others answers.
fn answers(answer: impl Fn(usize, &HashMap<String, String>) -> (u16, String) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            let mut reader = BufReader::new(&stream);
            reader.read_line(&mut line).unwrap();
            let mut rest = String::new();
            while reader.read_line(&mut rest).unwrap() > 2 {}
            let query = line.split(['?', ' ']).nth(2).unwrap();
            let asked = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let (status, body) = answer(number, &asked);
            let length = body.len();
            let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

fn success(result: &Value) -> (u16, String) {
    (200, json!({"status": "success", "data": {"resultType": "matrix", "result": result}}).to_string())
}

fn refused(status: u16, kind: &str, error: &str) -> (u16, String) {
    (status, json!({"status": "error", "errorType": kind, "error": error}).to_string())
}

/// thanos-io/thanos#622: whoever does not see that a part is missing is misled, by a plan as well.
#[test]
fn a_plan_says_what_a_server_says_of_its_own_answers() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.yaml"), "version: 1\nunits: {user: [{header: x-user-id}]}\n").unwrap();
    let address = answers(|number, asked| {
        let count = |name: &str, a_second: f64| {
            let values: Vec<Value> = [asked["start"].parse::<f64>().unwrap(), asked["end"].parse::<f64>().unwrap()]
                .map(|at| json!([at, format!("{}", at * a_second)]))
                .into();
            json!({"metric": {"__name__": format!("envoy_http_downstream_rq_{name}"), "envoy_http_conn_manager_prefix": "edge"},
                "values": values})
        };
        let (status, body) =
            success(&if number == 0 { json!([count("total", 50.0), count("completed", 50.0)]) } else { json!([]) });
        (status, body.replacen('{', r#"{"warnings":["store-2: connection refused"],"#, 1))
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    fs::write(folder.path().join("cat.yaml"), "release: 1\nid: cat-v2\nunit: user\nservices: {cat.shop: v2}\n")
        .unwrap();
    let asked =
        ["plan", "--policy", "policy.yaml", "--releases", "cat.yaml", "--prometheus", &format!("http://{address}")];
    let output = command.args(asked).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("50/s") && said.contains("it warns: store-2: connection refused"), "{said}{output:?}");
}

/// A counter of each arm that grows by 10 a second.
fn growing(asked: &HashMap<String, String>) -> Value {
    let [start, end, step] = ["start", "end", "step"].map(|name| asked[name].parse::<f64>().unwrap());
    let count = ((end - start) / step) as usize + 1;
    let values =
        (0..count).map(|place| start + place as f64 * step).map(|at| json!([at, format!("{}", at * 10.0 - 1.7e10)]));
    let values: Vec<Value> = values.collect();
    let arm = |arm: &str| json!({"metric": {"experiment": "cat", "variant": arm, "part": "0", "outcome": "all"}, "values": values});
    json!([arm("canary"), arm("control")])
}

const HOUR: &str = "--from 2026-11-01T01:00:00+01:00 --to 2026-11-01T01:00:00Z";

#[test]
fn what_a_prometheus_answers_is_looked_through_or_told() {
    let folder = folder();
    let say = |address: SocketAddr, words: &str| {
        folder.say(format!("backtest cat.yaml --from-prometheus {address} {HOUR} {words}").trim())
    };
    let whole = answers(|_, asked| success(&growing(asked)));
    let said = say(whole, "");
    assert!(said.out.contains("360 polls from 2026-11-01T00:00:10Z to 2026-11-01T01:00:00Z"), "{said:?}");
    assert!(!said.out.contains("note"), "{said:?}");

    // Too many samples at once.
    let small = answers(|_, asked| {
        let span = asked["end"].parse::<f64>().unwrap() - asked["start"].parse::<f64>().unwrap();
        match span > 600.0 {
            true => refused(422, "execution", "query processing would load too many samples into memory"),
            false => success(&growing(asked)),
        }
    });
    assert_eq!(say(small, "").out, said.out);
    let busy = answers(|number, asked| match number {
        0 | 2 => refused(429, "too_many_requests", "slow down"),
        4 => (503, "<html>upstream</html>".to_owned()),
        _ => success(&growing(asked)),
    });
    assert_eq!(say(busy, "").out, said.out);

    // thanos-io/thanos#622: whoever does not see that a part is missing is misled.
    let partial = answers(|_, asked| {
        let (status, body) = success(&growing(asked));
        (status, body.replacen('{', r#"{"warnings":["receive series from store-2: connection refused"],"#, 1))
    });
    let warned = say(partial, "");
    assert!(warned.out.contains("note: http://") && warned.out.contains("store-2: connection refused"), "{warned:?}");

    let of = |result: Value| answers(move |number, _| success(&if number > 2 { result.clone() } else { json!([]) }));
    for (address, code, parts) in [
        (answers(|_, _| refused(503, "unavailable", "no")), 2, ["answered 503: unavailable: no", "larger --every"]),
        (
            answers(|_, _| refused(400, "bad_data", "1:2: parse error")),
            2,
            ["answered 400: bad_data: 1:2: parse error", ""],
        ),
        (answers(|_, _| (200, "<html>".to_owned())), 2, ["answered what is not of its API", "path"]),
        (of(json!([])), 1, ["there is no evidence of cat at http://", "did not scrape the Envoys, or has not kept"]),
        (of(json!([{"metric": {"experiment": "dog"}, "values": []}])), 1, ["it has those of dog", "--experiment ID"]),
        (of(json!([{"metric": {"experiment": "cat"}, "values": []}])), 1, ["with other labels only", "--label"]),
    ] {
        let said = say(address, "");
        assert!(said.code == Some(code) && parts.iter().all(|part| said.err.contains(part)), "{parts:?}: {said:?}");
    }
    let red = answers(|_, asked| (200, success(&growing(asked)).1.replace("canary", "red")));
    let said = say(red, "");
    assert!(said.code == Some(1) && said.err.contains("cat has the variants red, control"), "{said:?}");

    let asked = answers(|_, asked| refused(400, "bad_data", &asked["query"]));
    let said = say(asked, "--experiment owl --label namespace=shop --label a=\"\\");
    let query = r#"weir_assigned_total{experiment="owl",namespace="shop",a="\"\\"}"#;
    assert!(said.err.contains(query), "{said:?}");
    for (words, part) in [
        ("--label shop", "namespace=shop"),
        ("--every 2h", "--every: a time that is shorter"),
        ("--from 2026-11-01T01:00:00", "with its offset would do"),
    ] {
        let words = format!("backtest cat.yaml --from-prometheus 127.0.0.1:1 {HOUR} {words}");
        let words =
            if words.ends_with("01:00:00") { words.replacen(HOUR, "--to 2026-11-01T01:00:00Z", 1) } else { words };
        let said = folder.say(&words);
        assert!(said.code == Some(2) && said.err.contains(part), "{words}: {said:?}");
    }
}
