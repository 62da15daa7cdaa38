//! Releases that are not good: each is stopped, and how long that takes is told.

use std::time::Duration;

use super::shop::{DEFAULT, OWL, Shop, release, tell};
use super::traffic::{Met, Traffic};
use super::version::{Fault, Version};
use crate::support::eventually;

/// As long as a person waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest that anybody meets a bad canary, on a machine that has more to do: a few ticks of a second.
const STOPPED_WITHIN: Duration = Duration::from_secs(45);

pub async fn errors_stop_a_release() {
    stopped("errors in 50%", "errors", 1, async |new| new.set(Fault::Errors(50))).await;
}

pub async fn slow_answers_stop_a_release() {
    stopped("slow by 600 ms", "slow", 1, async |new| new.set(Fault::Slow(Duration::from_millis(600)))).await;
}

pub async fn a_canary_that_nobody_can_reach_stops_its_release() {
    stopped("a closed port", "errors", 1, async |new| new.close()).await;
}

pub async fn a_canary_that_never_answers_stops_its_release() {
    stopped("silence", "", 1, async |new| new.set(Fault::Silent)).await;
}

/// At 5 and 10% it is as good as the old version.
pub async fn a_canary_that_fails_under_the_load_of_half_is_stopped_there() {
    let fault = async |new: &mut Version| new.set(Fault::Overloaded(30));
    let step = stopped("overloaded at 50%", "errors", 0, fault).await;
    assert_eq!(step, 2, "the step at 50%");
}

/// Switches a fault on once this step has begun: the release must be rolled back by this guardrail, and soon. The step that it
/// came to.
async fn stopped(what: &str, guardrail: &str, step: usize, fault: impl AsyncFnOnce(&mut Version)) -> u64 {
    let mut shop = Shop::open().await;
    let gateway = shop.gateway("edge-1").await;
    let traffic = Traffic::of(&[gateway.address().await], 1_000, 100, PATIENCE);
    shop.start(&release(OWL, "3s", &DEFAULT)).await;
    shop.until_step(OWL, step).await;
    fault(&mut shop.new).await;
    shop.until("rolled_back", OWL).await;
    let verdict = shop.lines("verdict", OWL).pop().unwrap();
    let reasons = verdict["verdict"]["reasons"].as_array().unwrap();
    let is_why = |reason: &serde_json::Value| {
        reason["code"] == "harm"
            && reason["arm"] == "canary"
            && (guardrail.is_empty() || reason["guardrail"] == guardrail)
    };
    assert!(reasons.iter().any(is_why), "{reasons:?}");

    // Everybody meets the old version, for as long as a few requests of each take.
    let canary = |one: &Met| one.version.as_deref() != Some("v20");
    eventually(STOPPED_WITHIN, "nobody meets the canary", async || {
        let met = traffic.met();
        let last: Vec<_> = met.iter().rev().take(150).filter(|one| canary(one)).collect();
        last.is_empty().then_some(()).ok_or_else(|| format!("{last:?}\n{}", shop.told()))
    })
    .await;
    let met = traffic.stop().await;
    let is_bad = |one: &&Met| canary(one) && one.is_bad();
    let first = met.iter().find(is_bad).unwrap().done;
    let last = met.iter().filter(|one| canary(one)).map(|one| one.sent).max().unwrap();
    let (took, bad) = (last.saturating_duration_since(first), met.iter().filter(is_bad).count());
    assert!(took < STOPPED_WITHIN, "{took:?}");
    let others = met.iter().filter(|one| !canary(one) && one.status != Some(200)).count();
    assert_eq!(others, 0, "answers of the old version");
    let steps = shop.steps(OWL);
    tell(&format!(
        "{what}: {took:.1?} from the first bad answer to the last request of the canary, {bad} bad of {} requests, at step {steps:?}",
        met.len()
    ));
    *steps.last().unwrap()
}
