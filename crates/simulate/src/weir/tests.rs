//! The judge of releases among others, against itself.

use weir_policy::Source;
use weir_release::evidence::TICK;
use weir_release::{Release, read_alone};

use super::*;
use crate::crowd::Population;
use crate::harm::Harm;
use crate::judge::Fate;
use crate::life::{End, Life, Trouble};
use crate::traffic::Traffic;

const COUNTS: &str = "counts: {bad: 'sum(b{v=\"$variant\"})', all: 'sum(a{v=\"$variant\"})', margin: 20%}";

fn release(guardrails: &[(&str, &str)]) -> Release {
    let guardrails: Vec<String> =
        guardrails.iter().map(|(name, measure)| format!("{{name: {name}, alpha: 1%, {measure}}}")).collect();
    let text = format!(
        "release: 1\nid: owl\nunit: user\nservices: {{owl.shop: v2}}\nguardrails: [{}]\nsteps: [{{share: 20%, hold: 20m}}, {{share: 100%, hold: 1m}}]\n",
        guardrails.join(", ")
    );
    read_alone(Source::yaml("release.yaml", text)).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn life(release: &Release, errors: f64) -> Life {
    Life::new(release, TICK, 333.0, vec![Trouble::of("canary", Harm { errors, slow: 3.0, ..Harm::NONE })])
}

fn traffic(seed: u64) -> Traffic {
    Traffic::new(&Population::alike(5_000), seed)
}

/// A query counts the same errors, its first look is where it begins, and a request of it counts for a third.
#[test]
fn each_guardrail_says_what_it_would_alone() {
    let all = [("errors", "errors: {margin: 20%}"), ("slow", "slow: {over_ms: 500, margin: 20%}"), ("counts", COUNTS)];
    let together = release(&all);
    for seed in 0..6 {
        let life = life(&together, 4.0);
        let fates = life.run_by_each(&mut traffic(seed), &mut Weir::new(&together, TICK));
        let alone = all.map(|guardrail| {
            let mut weir = Weir::new(&release(&[guardrail]), TICK);
            life.run_beside(&mut traffic(seed), &mut [&mut weir])[0]
        });
        assert_eq!(fates, alone, "seed {seed}");
        let [errors, _, counts] = alone.map(|fate| fate.stopped);
        assert!(errors.is_some() && counts.is_none_or(|counts| Some(counts) > errors), "seed {seed}: {alone:?}");
    }
}

/// Where nothing is suspected before there is harm, a life ends as it does beside others.
#[test]
fn as_one_of_several_it_says_what_it_says_of_a_life() {
    let release = release(&[("errors", "errors: {margin: 20%}")]);
    let mut ends = [0; 2];
    for seed in 0..8 {
        let life = life(&release, if seed < 4 { 6.0 } else { 1.0 });
        let lived = life.run(&mut traffic(seed));
        let beside = life.run_beside(&mut traffic(seed), &mut [&mut Weir::new(&release, TICK)])[0];
        let fate = Fate::from(&lived);
        assert_eq!((fate.stopped, fate.halted), (beside.stopped, beside.halted), "seed {seed}: {lived:?}");
        ends[usize::from(lived.end == End::Finished)] += 1;
    }
    assert_eq!(ends, [4, 4]);
}
