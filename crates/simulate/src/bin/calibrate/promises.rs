//! What is promised of good releases, tried: alone with requests that are independent, then with users as they are.

use weir_simulate::{Control, Counted, Deviation, Guardrails, Harm, Population, Tally};

use crate::page::{Promise, minutes, part_of_runs, percent, table, thousands};
use crate::settings::{self, ALPHA, FEW_USERS, HOUR, MARGIN, Runs, USERS};
use crate::trial::{NewJudge, SEED, Trial, judge};

/// Guardrails by their names in documents.
const KINDS: [(&str, Counted); 7] = [
    ("`errors`", Counted::Errors),
    ("`unanswered`", Counted::Unanswered),
    ("`slow` over 250 ms", Counted::Slow(0)),
    ("`slow` over 500 ms", Counted::Slow(1)),
    ("`slow` over 1000 ms", Counted::Slow(2)),
    ("`slow` over 2500 ms", Counted::Slow(3)),
    ("`counts`", Counted::Counts),
];

/// Every guardrail, where requests are independent: its table.
pub fn independent(runs: &Runs, promises: &mut Vec<Promise>) -> String {
    let judges: Vec<NewJudge> = KINDS.map(|(_, kind)| judge(settings::guardrail(kind, MARGIN))).into();
    let r0 = 1.0 + MARGIN;
    let harms = [Harm::NONE, Harm { errors: r0, unanswered: r0, slow: r0, ..Harm::NONE }];
    let [good, at_margin] = harms.map(|harm| {
        let plan = settings::release(Control::Equal, &[0.05, 0.1, 0.5, 0.95], 250);
        let plan = settings::with(harm, &plan);
        let name = if harm == Harm::NONE { "independent, as good" } else { "independent, at the margin" };
        let population = Population::alike(USERS);
        Trial { name, population, plan, runs: runs.independent, seed: SEED }.beside(&judges)
    });
    let all: Vec<&Tally> = good.iter().chain(&at_margin).collect();
    promises.push(Promise::of_stopped(
        "A guardrail rolls back a release that is no worse than its margin, requests being independent",
        ALPHA,
        &all,
    ));
    promises.push(Promise::of_suspected("It suspects one, at whatever of 1,000 looks", ALPHA, &all));
    let rows = KINDS.iter().zip(good.iter().zip(&at_margin)).map(|((name, _), (good, at_margin))| {
        let numbers = [good.stopped(), good.halted(), at_margin.stopped(), at_margin.halted()];
        [name.to_string()].into_iter().chain(numbers.map(percent)).collect()
    });
    let head = ["guardrail", "as good: rolled back", "suspected", "a fifth worse: rolled back", "suspected"];
    table(&head, rows)
}

/// Good releases with heavy users: the table.
pub fn heavy(runs: &Runs, promises: &mut Vec<Promise>) -> String {
    let judges = [
        judge(settings::guardrail(Counted::Errors, MARGIN)),
        judge(settings::guardrail(Counted::Errors, 0.0)),
        judge(settings::guardrail(Counted::Slow(1), MARGIN)),
        judge(Guardrails::default_of_release()),
        judge(Deviation::default()),
    ];
    let releases = [
        (USERS, "an hour each at 5, 10, 50%", settings::hours(Control::Equal)),
        (USERS, "the same beside all others", settings::hours(Control::Rest)),
        (USERS, "the default plan", settings::default_plan()),
        (FEW_USERS, "an hour each at 5, 10, 50%", settings::hours(Control::Equal)),
        (FEW_USERS, "the default plan", settings::default_plan()),
    ];
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for (users, plan_name, plan) in releases {
        let name = format!("{users} heavy users, {plan_name}");
        let trial = Trial { name: &name, population: Population::heavy(users), plan, runs: runs.heavy, seed: SEED };
        let tallies = trial.beside(&judges);
        let [errors, strict, slow, default, deviation] = &tallies[..] else { return String::new() };
        let both = |tally: &Tally| format!("{} / {}", percent(tally.stopped()), percent(tally.halted()));
        let waits = [percent(default.noticed()), percent(deviation.stopped())];
        let first = vec![thousands(users as f64), plan_name.to_owned()];
        rows.push([first, [errors, strict, slow, default].map(both).into(), waits.into()].concat());
        if users == USERS {
            all.push(tallies);
        }
    }
    let of = |judge: usize| all.iter().map(|tallies| &tallies[judge]).collect::<Vec<&Tally>>();
    let says = "`errors` rolls back a good release with 20,000 heavy users";
    promises.push(Promise::of_stopped(says, ALPHA, &of(0)));
    promises.push(Promise::of_stopped("The three default guardrails together do", ALPHA, &of(3)));
    promises.push(Promise::of_stopped("Such a release deviates", 0.005, &of(4)));
    let head = [
        "users",
        "release",
        "`errors`, 20%",
        "`errors`, 0%",
        "`slow` over 500 ms, 20%",
        "the three defaults",
        "rolled back by them, or waits at a step's end",
        "deviate",
    ];
    table(&head, rows)
}

/// Releases whose canary loses requests: the table.
pub fn lost(runs: &Runs) -> String {
    let half = settings::release(Control::Equal, &[0.5], HOUR);
    let plans = [("an hour at 50%", half), ("the default plan", settings::default_plan())];
    let mut rows = Vec::new();
    for (name, population) in settings::populations() {
        for (plan_name, plan) in &plans {
            let cells = [0.1, 0.3, 0.5].map(|lost| {
                let plan = settings::with(Harm { lost, ..Harm::NONE }, plan);
                let name = format!("{name}, {plan_name}, {lost} lost");
                let tally = Trial { name: &name, population, plan, runs: runs.others, seed: SEED }
                    .beside(&[judge(Deviation::default())])
                    .remove(0);
                format!("{}, {}", part_of_runs(tally.stopped()), minutes(tally.median_stopped()))
            });
            rows.push([vec![format!("{name}, {plan_name}")], cells.into()].concat());
        }
    }
    table(&["release", "a tenth lost", "three tenths", "half"], rows)
}
