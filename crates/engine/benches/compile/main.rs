//! How long the largest policies take from text to plan, and in how much memory: each in a process of its own, because
//! only a process knows its peak.

use std::process::Command;
use std::time::Instant;

use weir_engine::Plan;
use weir_policy::{Attachment, Revision, Role, Source, Sources};

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

/// Where units are listed makes no difference to what the mesh is sent.
fn for_the_mesh() -> [(&'static str, Shape); 3] {
    let one_layer = Shape { listed: Listed::ByExperiment(1_000_000), rules: Rules::OwnValue, ..plain(1, 10_000) };
    [
        ("200 layers of 50", plain(200, 50)),
        ("and 1,000,000 units in 200 lists", LARGEST),
        ("1 layer of 10,000, a rule each, 1,000,000 units in 10,000 lists", one_layer),
    ]
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, way, file] = arguments.as_slice() {
        return measure(way, file);
    }
    println!("| policy | text, MB | filter, s | filter, MB | tools, s | tools, MB |\n|---|---|---|---|---|---|");
    for (name, shape) in shapes() {
        let text = scale::policy(shape);
        let [filter, tools] = ["edge", "tools"].map(|way| in_own_process(way, &text));
        println!("| {name} | {:.1} | {filter} | {tools} |", mega(text.len()));
    }
    println!(
        "\n| policy | whole, MB | filter, s | filter, MB | projection, MB | filter, s | filter, MB | projecting, s |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, shape) in for_the_mesh() {
        let whole = scale::policy(shape);
        let (projection, seconds) = projected(&whole);
        let [of_whole, of_projection] = [&whole, &projection].map(|text| in_own_process("mesh", text));
        let [whole, projection] = [whole, projection].map(|text| mega(text.len()));
        println!("| {name} | {whole:.1} | {of_whole} | {projection:.1} | {of_projection} | {seconds:.3} |");
    }
}

/// What the mesh is sent of a policy, and how long it takes to cut that out and write it.
fn projected(whole: &str) -> (String, f64) {
    let model = weir_policy::read_policy(&Sources::of([Source::json("policy.json", whole)]), Role::Edge).unwrap();
    let start = Instant::now();
    let projection = model.project(&Attachment { role: Role::Mesh, ..Attachment::default() }).canonical();
    (projection, start.elapsed().as_secs_f64())
}

fn in_own_process(way: &str, text: &str) -> String {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled-policy.json");
    std::fs::write(file, text).unwrap();
    let child = Command::new(std::env::current_exe().unwrap()).args([way, file]).output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    String::from_utf8(child.stdout).unwrap()
}

/// Prints the time, and by how much the peak of memory rose above what the text itself takes.
fn measure(way: &str, file: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    let before = peak_bytes();
    let start = Instant::now();
    let plan = match way {
        "tools" => tools(text),
        role => filter(role, text),
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
fn filter(role: &str, policy: String) -> Plan {
    let envelope = format!(r#"{{"weir":1,"role":"{role}","revision":"0123456789ab","policy":{policy}}}"#);
    drop(policy);
    weir_engine::configure_json(envelope.as_bytes()).unwrap()
}

fn tools(policy: String) -> Plan {
    let model = weir_policy::read_policy(&Sources::of([Source::json("policy.json", policy)]), Role::Edge).unwrap();
    Plan::compile(&model, &Attachment::default(), Some(Revision::of(&model.canonical())))
}

fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells the peak in /proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
