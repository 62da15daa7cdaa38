//! What a difference costs where there is much: 10,000 experiments in 100 layers, 100 of them in each of which something changed,
//! and one layer of 10,000 that is dealt afresh. Each line of standard output is a JSON object.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_diff::{Asked, diff};
use weir_policy::{Model, Role, Source, Sources, read_policy};

const EXPERIMENTS: u32 = 10_000;
/// The fastest counts, since the machine may have other work.
const TIMES: usize = 5;

fn main() {
    // `cargo test --benches` only wants to know that it is there.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let units: Vec<Asked> = (0..100_000).map(|unit| Asked::of(["user"], format!("user-{unit}").as_bytes())).collect();
    for (name, layers, old, new, units) in [
        ("shares of all experiments", 100, change(50_000, 0), change(60_000, 0), &[][..]),
        ("one layer, dealt afresh", 1, change(50_000, 0), change(50_000, 1), &[]),
        ("rules of all experiments, with 100,000 units", 100, change(50_000, 0), rules(), &units),
    ] {
        let (old, new) = (policy(layers, &old), policy(layers, &new));
        let time = fastest(|| black_box(diff(&old, &new, units)).changes.len());
        println!(
            "{}",
            json!({"case": name, "experiments": EXPERIMENTS, "layers": layers, "seconds": time.as_secs_f64()})
        );
    }
}

/// Every experiment with this share, in layers of this epoch.
fn change(share: u32, epoch: u32) -> Value {
    json!({"epoch": epoch, "ranges": [[0, share]], "rules": []})
}

/// The same with a rule that nobody meets.
fn rules() -> Value {
    let never = json!({"when": {"header": {"name": "x-never", "present": true}}, "variant": "canary"});
    json!({"epoch": 0, "ranges": [[0, 50_000]], "rules": [never]})
}

fn policy(layers: u32, change: &Value) -> Model {
    let each = EXPERIMENTS / layers;
    let slots = 1_000_000 / each;
    let layer = |layer: u32| {
        let experiment = |number: u32| {
            json!({
                "id": format!("e{layer}-{number}"), "slots": [[number * slots, (number + 1) * slots]], "rules": change["rules"],
                "variants": [{"id": "canary", "ranges": change["ranges"]}, {"id": "control", "ranges": [[900_000, 950_000]]}],
            })
        };
        let experiments: Vec<Value> = (0..each).map(experiment).collect();
        json!({"id": format!("l{layer}"), "unit": "user", "epoch": change["epoch"], "experiments": experiments})
    };
    let layers: Vec<Value> = (0..layers).map(layer).collect();
    let text = json!({"version": 1, "units": {"user": [{"header": "x-user"}]}, "layers": layers}).to_string();
    let sources = Sources::of([Source::json("policy.json", text)]);
    read_policy(&sources, Role::Edge)
        .unwrap_or_else(|problems| panic!("{} problems, first {:?}", problems.len(), problems[0]))
}

fn fastest<T>(mut act: impl FnMut() -> T) -> Duration {
    let time = || {
        let start = Instant::now();
        black_box(act());
        start.elapsed()
    };
    std::iter::repeat_with(time).take(TIMES).min().unwrap_or_default()
}
