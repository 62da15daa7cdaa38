//! Decisions to be counted by the instruction. `scripts/budget` runs this under callgrind and compares with the budgets.
//!
//! `instructions CASE COUNT` makes so many decisions of a case; without arguments it names the cases. What a run costs
//! before its first decision is no part of a decision: take the difference of two runs.

use std::hint::black_box;
use std::process::ExitCode;

use serde_json::{Value, json};

#[path = "../filter/mod.rs"]
mod filter;

/// A case: its name, the envelope, and what a request of it sends.
type Case = (&'static str, fn() -> Value, fn(user: usize) -> Headers);
type Headers = Vec<(String, String)>;

const CASES: [Case; 6] = [
    ("one experiment", || edge(vec![dealing_layer(0, 1, 0)]), small),
    ("one experiment on the line of a pool", || edge(vec![on_a_pool(dealing_layer(0, 1, 0))]), small),
    ("10 layers, 100 experiments, 50 rules", || edge((0..10).map(|l| dealing_layer(l, 10, 5)).collect()), small),
    ("nothing to write", || edge(vec![idle_layer()]), small),
    ("40 headers, 1 kB of cookies", || edge(vec![dealing_layer(0, 1, 0)]), large),
    ("a mesh that follows a tag", || envelope("mesh", vec![dealing_layer(0, 1, 0)]), tagged),
];

/// Users that take turns, so that no count hangs on the slot of one.
const USERS: usize = 100;

fn main() -> ExitCode {
    // `cargo bench` adds an argument of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            CASES.iter().for_each(|(name, ..)| println!("{name}"));
            ExitCode::SUCCESS
        }
        [name, count] => {
            let case = CASES.iter().find(|case| case.0 == *name);
            let (Some((_, envelope, headers)), Ok(count)) = (case, count.parse()) else { return misused() };
            run(&envelope(), *headers, count);
            ExitCode::SUCCESS
        }
        _ => misused(),
    }
}

fn misused() -> ExitCode {
    eprintln!("instructions: takes a case and a count; without arguments it names the cases");
    ExitCode::from(2)
}

fn run(envelope: &Value, headers: fn(usize) -> Headers, count: usize) {
    let plan = weir_engine::configure_json(envelope.to_string().as_bytes()).unwrap();
    let requests: Vec<Headers> = (0..USERS).map(headers).collect();
    for request in requests.iter().cycle().take(count) {
        black_box(filter::decide(&plan, black_box(request)));
    }
}

fn edge(layers: Vec<Value>) -> Value {
    envelope("edge", layers)
}

fn envelope(role: &str, layers: Vec<Value>) -> Value {
    json!({"weir": 1, "name": "shop", "role": role, "revision": "0123456789ab", "policy": {
        "version": 1,
        "units": {"user": [{"cookie": "uid"}]},
        "layers": layers,
    }})
}

/// Every user gets the canary or the control of one of its experiments; the first of them have a rule each.
fn dealing_layer(l: usize, experiments: usize, rules: usize) -> Value {
    let experiments: Vec<Value> = (0..experiments)
        .map(|e| {
            json!({
                "id": format!("e{l}-{e}"),
                "slots": [[1_000_000 * e / experiments, 1_000_000 * (e + 1) / experiments]],
                "rules": if e < rules { vec![json!({"when": condition(l, e), "variant": "canary"})] } else { vec![] },
                "variants": [
                    {"id": "canary", "share": "50%", "routes": {format!("s{l}.shop.svc.cluster.local"): "v2"}},
                    {"id": "control", "share": "50%"},
                ],
            })
        })
        .collect();
    json!({"id": format!("layer{l}"), "unit": "user", "experiments": experiments})
}

/// The layer, counted as evidence too.
fn on_a_pool(mut layer: Value) -> Value {
    layer["line"] = json!("pool.user");
    layer
}

/// A condition of each kind that people write. None holds for our requests, so that all of them are tried.
fn condition(l: usize, e: usize) -> Value {
    match e {
        0 => json!({"header": {"name": "x-lane", "exact": format!("lane{l}")}}),
        1 => json!({"cookie": {"name": "lane", "exact": format!("lane{l}")}}),
        2 => json!({"path": {"prefix": format!("/lane{l}/")}}),
        3 => json!({"header": {"name": "user-agent", "contains": format!("Lane{l}")}}),
        _ => json!({"query": {"name": "lane", "in": [format!("lane{l}"), "none"]}}),
    }
}

/// Nobody has a share yet, so every user is stable.
fn idle_layer() -> Value {
    let variant = json!({"id": "canary", "routes": {"s0.shop.svc.cluster.local": "v2"}});
    json!({"id": "layer0", "unit": "user", "experiments": [{"id": "e0-0", "slots": "all", "variants": [variant]}]})
}

/// 12 headers with a cookie of 93 bytes.
fn small(user: usize) -> Headers {
    let cookie =
        format!("session=8f4e1c0a9b7d4e6f8a1b2c3d; theme=dark; uid=7829{user:05}; consent=necessary.statistics.ads");
    [
        (":authority", "shop.example.org"),
        (":path", "/checkout/cart?item=17&color=blue"),
        (":method", "GET"),
        (":scheme", "https"),
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("accept-language", "zh-CN,zh;q=0.9,en;q=0.7"),
        ("cookie", &cookie),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-request-id", "0c6f8f0e-4b1a-4f5e-8d2c-7a9b3e1f5d60"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// 40 headers, 1 kB of cookies, the user's the last of them.
fn large(user: usize) -> Headers {
    let mut headers = small(user);
    for (name, value) in &mut headers {
        if name == "cookie" {
            let before: String =
                (0..20).map(|number| format!("tracker{number:02}=8f4e1c0a9b7d4e6f8a1b2c3d4e5f6a7b; ")).collect();
            value.insert_str(0, &before);
        }
    }
    headers.extend(
        (headers.len()..40).map(|number| (format!("x-client-hint-{number}"), "a value of 24 characters".into())),
    );
    headers
}

/// What the next hop gets from an edge.
fn tagged(user: usize) -> Headers {
    let mut headers = small(user);
    headers.push(("x-env-tag".to_owned(), "e0-0.canary".to_owned()));
    headers
}
