//! Only what does the same work is compared: each one deals by the hash of the id, and looks at the location.

use std::collections::BTreeSet;

use weir_evaluators::{
    Eppo, Evaluator, Flagsmith, GrowthBook, LaunchDarkly, Rollout, Weir, Yggdrasil, YggdrasilVariant, ids,
};

const IDS: u32 = 20_000;

#[test]
fn weir() {
    decides_the_rollout::<Weir>();
}

#[test]
fn yggdrasil() {
    decides_the_rollout::<Yggdrasil>();
    decides_the_rollout::<YggdrasilVariant>();
}

#[test]
fn eppo() {
    decides_the_rollout::<Eppo>();
}

#[test]
fn launchdarkly() {
    decides_the_rollout::<LaunchDarkly>();
}

#[test]
fn growthbook() {
    decides_the_rollout::<GrowthBook>();
}

#[test]
fn flagsmith() {
    decides_the_rollout::<Flagsmith>();
}

#[test]
fn no_id_comes_twice() {
    let ids = ids(IDS);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

fn decides_the_rollout<E: Evaluator>() {
    let everybody = canaries(&E::new(Rollout::All, "beijing"));
    is_half(&everybody);
    assert_eq!(everybody, canaries(&E::new(Rollout::All, "beijing")), "another one decides the same");

    let inside = E::new(Rollout::Shenzhen, "shenzhen");
    is_half(&canaries(&inside));
    assert_eq!(canaries(&E::new(Rollout::Shenzhen, "beijing")), Vec::<String>::new(), "who is elsewhere is stable");

    let id = everybody.first().expect("half of them");
    let all = E::new(Rollout::All, "beijing");
    let question = all.question(id);
    assert!(all.is_canary(&question) && all.is_canary(&question), "asking again changes nothing");
}

fn canaries(evaluator: &impl Evaluator) -> Vec<String> {
    ids(IDS).into_iter().filter(|id| evaluator.is_canary(&evaluator.question(id))).collect()
}

/// Within five standard deviations of 20,000 fair coins: 354.
fn is_half(canaries: &[String]) {
    let distance = (canaries.len() as i64 - i64::from(IDS / 2)).abs();
    assert!(distance <= 354, "{} of {IDS} are canaries", canaries.len());
}
