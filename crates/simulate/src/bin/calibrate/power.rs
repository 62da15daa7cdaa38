//! What is found of bad releases, how soon, and what it costs, beside other tools' rules on the same requests.

use std::time::Duration;

use weir_simulate::{Harm, Life, Population, Tally, Trouble};

use crate::page::{minutes, part_of_runs, table, thousands};
use crate::rules;
use crate::settings::{self, DEFAULT, HOURS, Runs, Steps};
use crate::trial::{NewJudge, SEED, Trial, judge};

/// What may be wrong.
fn troubles() -> Vec<(&'static str, Vec<Trouble>)> {
    let errors = |times| vec![settings::canary(Harm { errors: times, ..Harm::NONE })];
    vec![
        ("good", vec![]),
        ("good, a bad ten minutes", vec![settings::bad_day()]),
        ("errors x1.5", errors(1.5)),
        ("errors x2", errors(2.0)),
        ("errors x4", errors(4.0)),
        ("slow x2", vec![settings::canary(Harm { slow: 2.0, ..Harm::NONE })]),
    ]
}

/// A release with these steps, for each of them.
fn lives_of(steps: Steps) -> Vec<Life> {
    troubles().into_iter().map(|(_, troubles)| settings::life(&steps.release(""), &troubles)).collect()
}

fn head(first: &'static str) -> Vec<&'static str> {
    [first].into_iter().chain(troubles().into_iter().map(|(wrong, _)| wrong)).collect()
}

fn row(name: String, tallies: &[Tally], cell: fn(&Tally) -> String) -> Vec<String> {
    [name].into_iter().chain(tallies.iter().map(cell)).collect()
}

/// Weir's releases, lived through: the table.
pub fn lives(runs: &Runs) -> String {
    let plans = [("the default plan", DEFAULT), ("an hour each at 5, 10, 50%", HOURS)];
    let lives: Vec<Life> = plans.iter().flat_map(|(_, steps)| lives_of(*steps)).collect();
    let mut rows = Vec::new();
    for (name, population) in settings::populations() {
        let trial = format!("{name}, lives");
        let tallies = Trial { name: &trial, population, runs: runs.others, seed: SEED }.lived(&lives);
        for ((plan_name, _), tallies) in plans.iter().zip(tallies.chunks(troubles().len())) {
            rows.push(row(format!("{name}, {plan_name}: rolled back"), tallies, stopped));
            rows.push(row(format!("{name}, {plan_name}: rolled back, or a person is asked"), tallies, noticed));
        }
    }
    table(&head("release"), rows)
}

/// All rules beside each other, for each population and plan: titles and tables.
pub fn beside(runs: &Runs) -> Vec<(String, String)> {
    let mut tables = Vec::new();
    for (plan_name, steps) in [("an hour each at 5, 10 and 50%", HOURS), ("the default plan", DEFAULT)] {
        for (name, population) in settings::populations() {
            let title = format!("{name}, {plan_name}");
            let judges = rules::all(&title, &population, steps, runs);
            tables.push((title.clone(), rows(&title, &population, steps, &judges, runs)));
        }
    }
    tables
}

fn rows(title: &str, population: &Population, steps: Steps, judges: &[(String, NewJudge)], runs: &Runs) -> String {
    let (names, judges): (Vec<&String>, Vec<&NewJudge>) = judges.iter().map(|(name, judge)| (name, judge)).unzip();
    let trial = Trial { name: title, population: *population, runs: runs.others, seed: SEED };
    let columns = trial.beside(&lives_of(steps), &judges);
    let of_rule = |place: usize| columns.iter().filter_map(|column| column.get(place).cloned()).collect::<Vec<Tally>>();
    let mut rows = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        rows.push(row(name.clone(), &of_rule(place), stopped));
        if place == 0 {
            rows.push(row("Weir rolls back, or a person is asked".to_owned(), &of_rule(place), noticed));
        }
    }
    table(&head("rule"), rows)
}

/// Other tools with the steps of their own documentation, halting as they do: the table.
pub fn own_steps(runs: &Runs) -> String {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let each_5 = Steps(&[5, 10, 15, 20, 25, 30, 35, 40, 45, 50], minutes(1));
    let tools = [
        (
            "Argo Rollouts, 20, 40, 60, 80%, ten minutes each",
            Steps(&[20, 40, 60, 80], minutes(10)),
            judge(rules::argo_of_docs()),
        ),
        ("Flagger, 5% a minute up to 50%", each_5, judge(rules::flagger_of_docs())),
    ];
    let mut rows = Vec::new();
    for (name, population) in settings::populations() {
        for (tool, steps, judge) in &tools {
            let name = format!("{tool}; {name}");
            let trial = Trial { name: &name, population, runs: runs.others, seed: SEED };
            rows.push(row(name.clone(), &trial.under(&lives_of(*steps), judge), stopped));
        }
    }
    table(&head("tool"), rows)
}

fn stopped(tally: &Tally) -> String {
    format!("{}, {}, {}", part_of_runs(tally.stopped()), minutes(tally.median_stopped()), thousands(tally.exposed()))
}

fn noticed(tally: &Tally) -> String {
    format!("{}, {}", part_of_runs(tally.noticed()), minutes(tally.median_noticed()))
}
