//! What is promised of good releases, tried: alone with requests that are independent, then with users as they are.

use std::time::Duration;

use weir_release::evidence::TICK;
use weir_simulate::{Harm, Life, Population, Tally, Weir};

use crate::page::{Promise, minutes, part_of_runs, percent, table, thousands};
use crate::settings::{self, ALPHA, DEFAULT, FEW_USERS, HOURS, Runs, Steps, USERS};
use crate::trial::{SEED, Trial};

/// Guardrails by their names on the page, as documents have them.
const KINDS: [(&str, &str); 7] = [
    ("`errors`", "errors: {margin: 20%}"),
    ("`unanswered`", "unanswered: {margin: 20%}"),
    ("`slow` over 250 ms", "slow: {over_ms: 250, margin: 20%}"),
    ("`slow` over 500 ms", "slow: {over_ms: 500, margin: 20%}"),
    ("`slow` over 1000 ms", "slow: {over_ms: 1000, margin: 20%}"),
    ("`slow` over 2500 ms", "slow: {over_ms: 2500, margin: 20%}"),
    ("`counts`", "counts: {bad: 'sum(bad{v=\"$variant\"})', all: 'sum(all{v=\"$variant\"})', margin: 20%}"),
];
/// By how much the margin of all of them accepts that a release is worse.
const AT_MARGIN: f64 = 1.2;

/// A guardrail with an alpha of 1% of its own.
fn alone(name: &str, measure: &str) -> String {
    format!("{{name: {name}, alpha: 1%, {measure}}}")
}

/// Every guardrail, where requests are independent: its table.
pub fn independent(runs: &Runs, promises: &mut Vec<Promise>) -> String {
    let steps = Steps(&[5, 10, 50, 95], Duration::from_secs(2_500));
    let guardrails = KINDS.iter().zip('a'..).map(|((_, measure), name)| alone(&name.to_string(), measure));
    let release = steps.release(&guardrails.collect::<Vec<_>>().join(", "));
    let at_margin = Harm { errors: AT_MARGIN, unanswered: AT_MARGIN, slow: AT_MARGIN, ..Harm::NONE };
    let lives = [settings::life(&release, &[]), settings::life(&release, &[settings::canary(at_margin)])];
    let trial = Trial { name: "independent", population: Population::alike(USERS), runs: runs.independent, seed: SEED };
    let tallies = trial.by_each(&lives, &Weir::new(&release, TICK));
    let [good, at_margin] = &tallies[..] else { return String::new() };
    let all: Vec<&Tally> = good.iter().chain(at_margin).collect();
    let says = "A guardrail rolls back a release that is no worse than its margin, requests being independent";
    promises.push(Promise::of(says, ALPHA, Tally::stopped, &all));
    promises.push(Promise::of("It suspects one, at whatever of 1,000 looks", ALPHA, Tally::halted, &all));
    let rows = KINDS.iter().zip(good.iter().zip(at_margin)).map(|((name, _), (good, at_margin))| {
        let numbers = [good.stopped(), good.halted(), at_margin.stopped(), at_margin.halted()];
        [name.to_string()].into_iter().chain(numbers.map(percent)).collect()
    });
    let head = ["guardrail", "as good: rolled back", "suspected", "a fifth worse: rolled back", "suspected"];
    table(&head, rows)
}

/// Good releases with heavy users, lived through: the table.
pub fn heavy(runs: &Runs, promises: &mut Vec<Promise>) -> String {
    let guardrails = [
        ("`errors`, 20%", alone("errors", "errors: {margin: 20%}")),
        ("`errors`, 0%", alone("errors", "errors: {margin: 0%}")),
        ("`slow` over 500 ms, 20%", alone("slow", "slow: {over_ms: 500, margin: 20%}")),
        ("the three defaults", String::new()),
    ];
    let plans = [("an hour each at 5, 10, 50%", HOURS), ("the default plan", DEFAULT)];
    let life = |steps: Steps, guardrails: &str| settings::life(&steps.release(guardrails), &[]);
    let lives: Vec<Life> =
        plans.iter().flat_map(|(_, steps)| guardrails.iter().map(|(_, of)| life(*steps, of))).collect();
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for users in [USERS, FEW_USERS] {
        let name = format!("{users} heavy users");
        let tallies =
            Trial { name: &name, population: Population::heavy(users), runs: runs.heavy, seed: SEED }.lived(&lives);
        for ((plan_name, _), tallies) in plans.iter().zip(tallies.chunks(guardrails.len())) {
            let Some(default) = tallies.last() else { continue };
            let both = |tally: &Tally| format!("{} / {}", percent(tally.stopped()), percent(tally.halted()));
            let waits = vec![percent(default.noticed()), percent(default.deviated())];
            let first = vec![thousands(users as f64), plan_name.to_string()];
            rows.push([first, tallies.iter().map(both).collect(), waits].concat());
            if users == USERS {
                all.push(tallies.to_vec());
            }
        }
    }
    let of = |place: usize| all.iter().map(|tallies| &tallies[place]).collect::<Vec<&Tally>>();
    let says = "`errors` rolls back a good release with 20,000 heavy users";
    promises.push(Promise::of(says, ALPHA, Tally::stopped, &of(0)));
    promises.push(Promise::of("The three default guardrails together do", ALPHA, Tally::stopped, &of(3)));
    promises.push(Promise::of("Such a release deviates", 0.005, Tally::deviated, &of(3)));
    let columns = guardrails.iter().map(|(name, _)| *name);
    let head =
        ["users", "release"].into_iter().chain(columns).chain(["rolled back by them, or a person is asked", "deviate"]);
    table(&head.collect::<Vec<_>>(), rows)
}

/// Releases whose canary loses requests, lived through: the table.
pub fn lost(runs: &Runs) -> String {
    let half = Steps(&[50], HOURS.1);
    let mut rows = Vec::new();
    let plans = [("an hour at 50%", half), ("the default plan", DEFAULT)];
    let parts = [0.1, 0.3, 0.5];
    let life =
        |steps: Steps, lost| settings::life(&steps.release(""), &[settings::canary(Harm { lost, ..Harm::NONE })]);
    let lives: Vec<Life> = plans.iter().flat_map(|(_, steps)| parts.map(|lost| life(*steps, lost))).collect();
    for (name, population) in settings::populations() {
        let trial = format!("{name}, lost");
        let tallies = Trial { name: &trial, population, runs: runs.others, seed: SEED }.lived(&lives);
        for ((plan_name, _), tallies) in plans.iter().zip(tallies.chunks(parts.len())) {
            let cell =
                |tally: &Tally| format!("{}, {}", part_of_runs(tally.deviated()), minutes(tally.median_deviated()));
            rows.push([format!("{name}, {plan_name}")].into_iter().chain(tallies.iter().map(cell)).collect());
        }
    }
    table(&["release", "a tenth lost", "three tenths", "half"], rows)
}
