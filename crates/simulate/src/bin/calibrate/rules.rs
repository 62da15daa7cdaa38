//! The rules that look at the same requests: Weir's, the usual test, and other tools' as they are documented and as well set as
//! they can be.

use weir_release::evidence::TICK;
use weir_simulate::peers::{Argo, Flagger, Naive};
use weir_simulate::{Harm, Population, Weir};

use crate::settings::{self, MINUTE, Runs, Steps};
use crate::trial::{NewJudge, Trial, judge};

/// Seeds of the runs by which settings are chosen: other users than those they are tried on.
const TUNING_SEED: u64 = 1_000_000;
/// How many good releases a chosen setting may stop.
const TUNED_TO: f64 = 0.01;

/// The rules of one table. Weir first.
pub fn all(title: &str, population: &Population, steps: Steps, runs: &Runs) -> Vec<(String, NewJudge)> {
    let mut rules: Vec<(String, NewJudge)> = vec![
        ("Weir rolls back".into(), judge(Weir::new(&steps.release(""), TICK))),
        ("\"significant at 99%\", each minute".into(), judge(Naive::new(MINUTE))),
        ("Argo Rollouts, as its docs write it: 95%".into(), judge(argo_of_docs())),
        ("Argo Rollouts, 99%".into(), judge(Argo::new(MINUTE, 5 * MINUTE, 0.99, 3))),
        ("Flagger, as its docs write it: 99%, 500 ms, threshold 10".into(), judge(flagger_of_docs())),
    ];
    rules.extend(tuned(title, population, steps, runs));
    rules
}

pub fn argo_of_docs() -> Argo {
    // `irate` takes the last two samples, 30 s from each other where Prometheus is left as it is installed with its operator.
    Argo::new(5 * MINUTE, MINUTE / 2, 0.95, 3)
}

pub fn flagger_of_docs() -> Flagger {
    Flagger::new(MINUTE, 0.99, 1, 10)
}

/// Each tool as well set as it can be for this very traffic.
fn tuned(title: &str, population: &Population, steps: Steps, runs: &Runs) -> Vec<(String, NewJudge)> {
    let argo = settings_of(|success, limit| {
        let name = format!("Argo Rollouts, tuned: {}%, failureLimit {limit}", success * 100.0);
        (name, judge(Argo::new(MINUTE, 5 * MINUTE, success, limit)))
    });
    let flagger = settings_of(|success, limit| {
        let name = format!("Flagger, tuned: {}%, 500 ms, threshold {}", success * 100.0, limit + 1);
        (name, judge(Flagger::new(MINUTE, success, 1, limit + 1)))
    });
    [argo, flagger].into_iter().filter_map(|settings| best(settings, title, population, steps, runs)).collect()
}

/// Some for every taste: limits of success, and how many failed checks are let pass.
fn settings_of(setting: impl Fn(f64, usize) -> (String, NewJudge)) -> Vec<(String, NewJudge)> {
    let successes = [0.97, 0.975, 0.98, 0.985, 0.9875, 0.99, 0.991, 0.992, 0.993, 0.994];
    let limits = [0, 1, 2, 3, 5, 8, 12, 20, 30, 45, 60, 90];
    successes.iter().flat_map(|success| limits.map(|limit| setting(*success, limit))).collect()
}

/// The one that finds most releases with twice as many errors, and finds them soonest, of those that stop one good release in a
/// hundred at most.
fn best(
    mut settings: Vec<(String, NewJudge)>,
    title: &str,
    population: &Population,
    steps: Steps,
    runs: &Runs,
) -> Option<(String, NewJudge)> {
    let judges: Vec<&NewJudge> = settings.iter().map(|(_, judge)| judge).collect();
    let name = format!("{title}, choosing a setting");
    let trial = Trial { name: &name, population: *population, runs: runs.others, seed: TUNING_SEED };
    let twice = settings::canary(Harm { errors: 2.0, ..Harm::NONE });
    let lives = [vec![], vec![twice]].map(|troubles| settings::life(&steps.release(""), &troubles));
    let tallies = trial.beside(&lives, &judges);
    let [good, bad] = &tallies[..] else { return None };
    let allowed = good.iter().zip(bad).enumerate().filter(|(_, (good, _))| good.stopped() <= TUNED_TO);
    let (place, _) = allowed.max_by(|(_, (_, one)), (_, (_, other))| {
        let more = one.stopped().total_cmp(&other.stopped());
        more.then(other.exposed().total_cmp(&one.exposed()))
    })?;
    Some(settings.swap_remove(place))
}
