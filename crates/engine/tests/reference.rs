//! Random policies and requests, decided here and by `tests/reference`, which somebody wrote who had `docs/` and not this
//! code. `scripts/reference` runs the long form.

use std::borrow::Cow;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use weir_engine::{Counted, Plan, Series};

#[test]
fn an_implementation_from_the_text_alone_agrees() {
    let number = |name: &str, usual: u32| {
        std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text} is no number")))
    };
    let policies = number("WEIR_REFERENCE_POLICIES", 200);
    let seed = number("WEIR_REFERENCE_SEED", 1);
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/judge.py");
    let mut judge = Command::new("python3")
        .arg(judge)
        .args(["--policies", &policies.to_string(), "--requests", "25", "--seed", &seed.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("needs python3; run: apt-get install -y python3");
    let (mut requests, mut differences) = (0, Vec::new());
    for line in BufReader::new(judge.stdout.take().unwrap()).lines() {
        let case: Value = serde_json::from_str(&line.unwrap()).unwrap();
        requests += case["requests"].as_array().unwrap().len();
        differences.extend(compared(&case));
    }
    assert!(judge.wait().unwrap().success());
    assert_eq!(requests, usize::try_from(policies * 25).unwrap());
    assert!(differences.is_empty(), "{} of {requests}, the first:\n{}", differences.len(), differences[0]);
}

/// What is decided otherwise here.
fn compared(case: &Value) -> Vec<String> {
    let (attachment, policy) = (&case["attachment"], &case["policy"]);
    let mut envelope = attachment.as_object().unwrap().clone();
    envelope.insert("weir".to_owned(), json!(1));
    envelope.insert("policy".to_owned(), policy.clone());
    let plan = match weir_engine::configure_json(Value::from(envelope).to_string().as_bytes()) {
        Ok(plan) => plan,
        Err(refused) => {
            return vec![format!("refused: {:?}\nattachment: {attachment}\npolicy: {policy}", refused.problems)];
        }
    };
    let mut differences = Vec::new();
    let mut compare = |name: &str, here: &Value, there: &Value, request: &Value| {
        if here != there {
            differences.push(format!(
                "{name}\n  here:      {here}\n  reference: {there}\nrequest: {request}\nattachment: {attachment}\npolicy: {policy}"
            ));
        }
    };
    compare("revision", &json!(plan.revision().unwrap().to_string()), &case["revision"], &Value::Null);
    for request in case["requests"].as_array().unwrap() {
        let here = decided(&plan, request);
        for (name, here) in here.as_object().unwrap() {
            compare(name, here, &request["expect"][name], request);
        }
    }
    differences
}

fn decided(plan: &Plan, request: &Value) -> Value {
    let headers: Vec<(&str, &str)> = request["headers"].as_array().unwrap().iter().map(pair).collect();
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let mut random = request["random"].as_array().unwrap().iter().map(|hex| {
        let bytes: Vec<u8> = hex.as_str().unwrap().as_bytes().chunks(2).map(byte).collect();
        <[u8; 16]>::try_from(bytes).unwrap()
    });
    let destination = || request["destination"].as_str().map(|cluster| Cow::Borrowed(cluster.as_bytes()));
    let exchange = plan.exchange(headers, || random.next(), |_| None, destination);
    let layers = exchange.decision().layers().map(|layer| {
        json!([
            layer.layer,
            layer.slot,
            layer.experiment,
            layer.experiment_slot,
            layer.variant.unwrap_or("stable"),
            layer.reason.name(),
            layer.part
        ])
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let edits = exchange
        .edits()
        .into_iter()
        .map(|edit| json!([text(&edit.name), edit.lines.iter().map(|line| text(line)).collect::<Vec<_>>()]));
    let counted = exchange.counted().filter_map(|counted| labels(plan, counted));
    json!({
        "layers": layers.collect::<Vec<_>>(),
        "edits": edits.collect::<Vec<_>>(),
        "set_cookies": exchange.set_cookies(),
        "state": exchange.filter_state(),
        "counted": counted.collect::<Vec<_>>(),
    })
}

fn pair(header: &Value) -> (&str, &str) {
    (header[0].as_str().unwrap(), header[1].as_str().unwrap())
}

fn byte(hex: &[u8]) -> u8 {
    u8::from_str_radix(str::from_utf8(hex).unwrap(), 16).unwrap()
}

/// The labels `experiment`, `variant` and `reason` of `weir_requests_total`.
fn labels(plan: &Plan, counted: Counted) -> Option<Value> {
    let Series::Named(place) = counted.variant? else { panic!("so many variants are not generated") };
    let (experiment, variant) = plan.series().nth(usize::try_from(place).unwrap()).unwrap();
    Some(json!([experiment, variant, counted.reason.name()]))
}
