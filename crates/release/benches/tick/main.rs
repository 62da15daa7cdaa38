//! What releases cost `weir serve`: ticks of a fleet, and the journal of many lives. Each line of standard output is a JSON object;
//! `scripts/bench-releases` makes tables of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_policy::{Checked, Role};
use weir_release::journal::{Event, Line};

mod world;

use world::World;

const ENVOYS: usize = 1_000;
/// How often each part of a tick is timed; the fastest counts, since the machine may have other work.
const TIMES: usize = 20;
const DAY_TICKS: usize = 8_640;
/// Ticks after which a story that does not end is given up.
const TICKS_MAX: usize = 30 * DAY_TICKS;

fn main() {
    // `cargo test --benches` only wants to know that it is there.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    one_tick("36, each with control", documents(36, 36, 36, ""));
    one_tick("50, 23 of them with control", documents(50, 50, 23, ""));
    one_tick("36 and 164 that wait", documents(200, 200, 200, ""));
    lives("200 at once, until all have finished", documents(200, 200, 200, r#""promote":"auto""#), TICKS_MAX);
    let held = r#""steps":[{"share":"50%","hold":"7d"},{"share":"100%"}]"#;
    lives("200 at once, a day in which those that run hold", documents(200, 200, 200, held), DAY_TICKS);
}

/// Releases of so many services. Those beyond the first few have no control, which leaves room for more of them.
fn documents(count: usize, services: usize, with_control: usize, fields: &str) -> Vec<Value> {
    let document = |number: usize| {
        let mut document = json!({
            "release": 1, "id": format!("release-{number:03}"), "kind": "release", "unit": "user",
            "services": { format!("service-{:03}.shop.svc.cluster.local", number % services): "v2" },
        });
        if number >= with_control {
            document["control"] = json!("none");
        }
        let more: Value = serde_json::from_str(&format!("{{{fields}}}")).unwrap();
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document
    };
    (0..count).map(document).collect()
}

/// Three ticks: the first that sees all documents, one in which nothing changes, and one in which all that run take a step.
fn one_tick(releases: &str, documents: Vec<Value>) {
    let mut world = World::new(ENVOYS, documents);
    row(releases, "the first: all are seen, and start", &mut world);
    let step = |lines: &[Line]| lines.iter().filter(|line| matches!(line.event, Event::Begun { step: 1, .. })).count();
    let mut quiet = None;
    for _ in 0..DAY_TICKS {
        let before = world.clone();
        let decided = world.tick();
        if decided.lines.is_empty() && quiet.is_none() {
            quiet = Some(before);
        } else if step(&decided.lines) * 2 > world.running() {
            row(releases, "nothing changes", &mut quiet.unwrap());
            row(releases, "all that run take a step", &mut before.clone());
            return;
        }
    }
    panic!("no step of {releases} ever began");
}

fn row(releases: &str, what: &str, world: &mut World) {
    let tick = world.next_tick();
    let mut after = world.clone();
    let observe = fastest(|| {
        let mut state = world.state.clone();
        let started = Instant::now();
        state.observe(&tick);
        let took = started.elapsed();
        after.state = state;
        took
    });
    let decide = fastest(|| timed(|| after.decide(&after.state, &tick)));
    let decided = after.decide(&after.state, &tick);
    let mut journal = tempfile();
    let write = fastest(|| timed(|| append(&mut journal, &decided.lines)));
    let bytes: usize = decided.lines.iter().map(|line| text(line).len() + 1).sum();
    after.take(&decided);
    let changes = after.state.push() != world.state.push();
    let push = fastest(|| timed(|| envelope(&after)));
    let record = fastest(|| timed(|| serde_json::to_vec(after.state.memory()).unwrap()));
    println!(
        "{}",
        json!({
            "table": "ticks", "releases": releases, "what": what, "running": after.running(),
            "observe_ms": ms(observe), "decide_ms": ms(decide), "lines": decided.lines.len(), "journal_kb": bytes as f64 / 1e3,
            "write_ms": (bytes > 0).then(|| ms(write)),
            "push_ms": changes.then(|| ms(push)), "policy_kb": envelope(&after).len() as f64 / 1e3,
            "record_ms": ms(record), "record_mb": serde_json::to_vec(after.state.memory()).unwrap().len() as f64 / 1e6,
        })
    );
}

/// The policy as an edge is sent it.
fn envelope(world: &World) -> String {
    Checked::from(world.effective()).envelope(&weir_policy::Attachment { role: Role::Edge, ..Default::default() })
}

/// Releases live; what their journal comes to.
fn lives(releases: &str, documents: Vec<Value>, ticks_max: usize) {
    let mut world = World::new(1, documents);
    let (mut bytes, mut lines) = (BTreeMap::<String, usize>::new(), 0);
    let (mut times, mut most) = (Vec::new(), 0);
    while times.len() < ticks_max && (times.is_empty() || !world.state.entries().is_empty()) {
        let tick = world.next_tick();
        let started = Instant::now();
        world.state.observe(&tick);
        let decided = world.decide(&world.state, &tick);
        world.take(&decided);
        times.push(started.elapsed());
        most = most.max(world.running());
        lines += decided.lines.len();
        for line in &decided.lines {
            let said = serde_json::to_value(line).unwrap();
            *bytes.entry(said["event"].as_str().unwrap().to_owned()).or_default() += text(line).len() + 1;
        }
    }
    let longest = times.iter().max().copied().unwrap_or_default();
    let fold = world.state.kept(jiff::Timestamp::default()).unwrap().len();
    println!(
        "{}",
        json!({
            "table": "lives", "releases": releases, "most": most, "hours": times.len() as f64 / 360.0, "lines": lines,
            "ended": world.state.over().len(), "longest_ms": ms(longest),
            "journal_mb": bytes.values().sum::<usize>() as f64 / 1e6,
            "verdicts_mb": bytes.get("verdict").copied().unwrap_or(0) as f64 / 1e6, "fold_mb": fold as f64 / 1e6,
        })
    );
}

/// As the server does: the lines of a tick at once, on disk before they take effect.
fn append(journal: &mut File, lines: &[Line]) {
    let texts: String = lines.iter().map(|line| text(line) + "\n").collect();
    journal.write_all(texts.as_bytes()).unwrap();
    journal.sync_data().unwrap();
}

fn tempfile() -> File {
    let path = std::env::temp_dir().join(format!("weir-bench-{}.jsonl", std::process::id()));
    let file = File::create(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file
}

fn text(line: &Line) -> String {
    serde_json::to_string(line).unwrap()
}

fn timed<T>(what: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    black_box(what());
    started.elapsed()
}

fn fastest(mut time: impl FnMut() -> Duration) -> Duration {
    (0..TIMES).map(|_| time()).min().unwrap_or_default()
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
