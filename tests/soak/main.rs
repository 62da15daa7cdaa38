//! Hours in minutes: each second another policy is pushed, good, bad or huge, or the module is replaced, while requests flow.
//! No request may fail, all who count must agree to the request, and nobody may grow.
//!
//! `cargo test --test soak -- SECONDS`; scripts/soak runs it for half an hour.

mod load;
mod memory;
mod pushes;
// The bench of the end-to-end tests, of which this needs the general half.
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;

use std::time::Duration;

use weir_policy::Gauge;

use load::{Counted, Load};
use memory::Memory;
use pushes::{Pushes, policy};
use support::{Ads, Served, attachment, eventually};

const SECONDS: u64 = 120;
/// In fewer there is nothing that could be called warm.
const SECONDS_MIN: u64 = 60;
const CONNECTIONS: usize = 4;
const SOON: Duration = Duration::from_secs(60);
/// Layers of every policy that is pushed: as many reasons are counted for each request.
const LAYERS: u64 = 2;

fn main() {
    let seconds = seconds();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    assert!(
        seconds >= SECONDS_MIN,
        "{seconds} seconds are too few to see whether memory grows; {SECONDS_MIN} would do"
    );
    runtime.block_on(soak(Duration::from_secs(seconds)));
}

/// From the command line, past what cargo puts there.
fn seconds() -> u64 {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    match words.as_slice() {
        [] => SECONDS,
        [one] => one.parse().unwrap_or_else(|_| panic!("found {one:?}; a number of seconds would do")),
        more => panic!("found {more:?}; one number of seconds would do"),
    }
}

async fn soak(duration: Duration) {
    let served = Served::attached(&attachment(), &policy(0), Ads::Delta).await;
    eventually(SOON, "the first policy is active", async || {
        let seen = served.bench.envoy.gauge(Gauge::Revision).await;
        seen.filter(|revision| *revision > 0).ok_or_else(|| format!("{seen:?}"))
    })
    .await;
    let connecting = Counted::of(&served).await;

    let load = Load::start(served.bench.address, CONNECTIONS);
    let mut pushes = Pushes::new();
    let mut memory = Memory::default();
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    for second in 1..=duration.as_secs() {
        seconds.tick().await;
        pushes.push(&served, second);
        memory.look();
        if second % 30 == 0 {
            println!("{second} s: {pushes}; {memory}");
        }
    }
    let sent = load.stop().await;
    println!("{sent}; {pushes}; {memory}");
    sent.none_failed();
    eventually(SOON, "all who count agree", async || sent.agrees_with(&Counted::of(&served).await.since(&connecting)))
        .await;
    memory.is_flat();
}
