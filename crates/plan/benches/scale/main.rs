//! What a plan costs where there is much: 1,000 releases that have the same steps and guardrails, and 1,000 of which no two are alike,
//! each with three guardrails, at 2,000 requests a second, on all processors. Each line of standard output is a JSON object.

use std::hint::black_box;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;
use weir_plan::schedule::{Found, schedule, seen};
use weir_plan::sight::Eyes;
use weir_plan::times;
use weir_plan::traffic::{Effects, Traffic};
use weir_release::journal::{Format, Text};
use weir_release::state::State;
use weir_release::{Release, Step};
use weir_simulate::many;

const RELEASES: u64 = 1_000;
/// The fastest counts.
const TIMES: usize = 3;

fn main() {
    // `cargo test --benches` only wants to know that it is there.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for (name, unlike) in [("alike", false), ("unlike", true)] {
        let documents: Vec<String> = (0..RELEASES).map(|number| document(number, unlike)).collect();
        let found = documents.iter().enumerate().map(|(number, text)| Found {
            id: format!("r{number}"),
            file: format!("r{number}.yaml"),
            document: Text { format: Format::Yaml, text: text.clone() },
        });
        let state = seen(&State::default(), Timestamp::UNIX_EPOCH, found).unwrap();
        let (mut placed, mut looked) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..TIMES {
            placed = placed.min(seconds(|| black_box(place(&state))));
            looked = looked.min(seconds(|| look(&state)));
        }
        println!("{}", json!({"case": name, "releases": RELEASES, "queue_seconds": placed, "sight_seconds": looked}));
    }
}

fn place(state: &State) -> usize {
    let takes = |release: &Release, step: &Step| times::least(release, step, None);
    schedule(state, &[], Timestamp::UNIX_EPOCH, &takes).unwrap().len()
}

fn look(state: &State) {
    let traffic = Traffic {
        requests: Some(2_000.0),
        errors: Some(0.005),
        unanswered: Some(0.001),
        slow: Some(0.02),
        ..Traffic::default()
    };
    let releases: Vec<&Release> = state.entries().values().map(|entry| &entry.document.release).collect();
    let (mut eyes, effects) = (Eyes::default(), Effects::default());
    let open = eyes.open(releases.iter().copied(), &traffic, &effects);
    let answers = many(open.len(), |at| open[at].answer(), |_| {});
    eyes.remember(open, answers);
    black_box(releases.iter().map(|release| eyes.look(release, &traffic, &effects)).collect::<Vec<_>>());
}

/// A release of one service of its own, with the default guardrails.
fn document(number: u64, unlike: bool) -> String {
    let mut dice = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut roll = |low: u64, high: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        low + dice % (high - low)
    };
    let mut steps = String::new();
    let (mut margins, mut share) = ([20, 20, 20], 0);
    if unlike {
        margins = margins.map(|_| roll(5, 60));
        for _ in 0..roll(2, 6) {
            share = (share + roll(1, 19)).min(99);
            steps += &format!("- {{share: {share}%, hold: {}m}}\n", roll(5, 360));
        }
    } else {
        for share in [5, 10, 50, 95] {
            steps += &format!("- {{share: {share}%, hold: 10m}}\n");
        }
    }
    let [errors, none, slow] = margins;
    format!(
        "release: 1\nid: r{number}\nunit: user\nservices: {{s{number}.shop.svc.cluster.local: v2}}\nguardrails:\n\
         - {{name: errors, errors: {{margin: {errors}%}}}}\n- {{name: unanswered, unanswered: {{margin: {none}%}}}}\n\
         - {{name: slow, slow: {{over_ms: 500, margin: {slow}%}}}}\nsteps:\n{steps}- {{share: 100%}}\n"
    )
}

fn seconds<T>(act: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(act());
    start.elapsed().as_secs_f64()
}
