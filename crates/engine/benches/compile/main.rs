//! How long the largest policies take from text to plan, and in how much memory: each in a process of its own, because
//! only a process knows its peak.

use std::process::Command;
use std::time::Instant;

use weir_engine::{Attachment, Plan, Revision, Role, Source};

#[path = "../scale/mod.rs"]
mod scale;

use scale::{LARGEST, Listed, Rules, Shape, plain};

fn shapes() -> Vec<(&'static str, Shape)> {
    let largest = |listed| Shape { listed, ..LARGEST };
    let one_layer = |listed, rules| Shape { layers: 1, experiments: 10_000, listed, rules };
    vec![
        ("1 layer, 1 experiment", plain(1, 1)),
        ("200 layers of 50", plain(200, 50)),
        ("and 250,000 units in 200 lists", largest(Listed::ByLayer(250_000))),
        ("and 500,000 units in 200 lists", largest(Listed::ByLayer(500_000))),
        ("and 1,000,000 units in 200 lists", LARGEST),
        ("and 1,000,000 units in one list for all layers", largest(Listed::ByAll(1_000_000))),
        ("and 1,000,000 units in 10,000 lists", largest(Listed::ByExperiment(1_000_000))),
        ("and 1,000,000 units written into overrides", largest(Listed::Inline(1_000_000))),
        ("1 layer of 10,000", plain(1, 10_000)),
        ("and a rule each", one_layer(Listed::Nowhere, Rules::OwnValue)),
        ("and 1,000,000 units in 10,000 lists", one_layer(Listed::ByExperiment(1_000_000), Rules::OwnValue)),
        ("and 1,000,000 units written into overrides", one_layer(Listed::Inline(1_000_000), Rules::OwnValue)),
    ]
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    if let Some(index) = arguments.next().and_then(|argument| argument.strip_prefix("shape=")?.parse::<usize>().ok()) {
        let way = arguments.next().expect("a way follows the shape");
        return measure(shapes()[index].1, &way);
    }
    println!("| policy | text, MB | filter, s | filter, MB | tools, s | tools, MB |\n|---|---|---|---|---|---|");
    for (index, (name, shape)) in shapes().into_iter().enumerate() {
        let [filter, tools] = ["filter", "tools"].map(|way| {
            let child = Command::new(std::env::current_exe().unwrap()).args([&format!("shape={index}"), way]).output();
            let child = child.unwrap();
            assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
            String::from_utf8(child.stdout).unwrap()
        });
        println!("| {name} | {:.1} | {filter} | {tools} |", mega(scale::policy(shape).len()));
    }
}

/// Prints the time, and by how much the peak of memory rose above what the text itself takes.
fn measure(shape: Shape, way: &str) {
    let text = scale::policy(shape);
    let before = peak_bytes();
    let start = Instant::now();
    let plan = match way {
        "filter" => filter(text),
        _ => tools(text),
    };
    let seconds = start.elapsed().as_secs_f64();
    let memory = peak_bytes() - before;
    drop(plan);
    print!("{seconds:.3} | {:.0}", mega(memory));
}

fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// The envelope says the revision, so nothing is made canonical.
fn filter(policy: String) -> Plan {
    let envelope = format!(r#"{{"weir":1,"revision":"0123456789ab","policy":{policy}}}"#);
    drop(policy);
    weir_engine::configure_json(envelope.as_bytes()).unwrap()
}

fn tools(policy: String) -> Plan {
    let model = weir_engine::read_policy(&[Source::json("policy.json", policy)], Role::Edge).unwrap();
    Plan::compile(&model, &Attachment::default(), Some(Revision::of(&model.canonical())))
}

fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells the peak in /proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
