//! What is found of bad releases, how soon, and what it costs, beside other tools' rules on the same requests.

use weir_simulate::{Control, Guardrails, Harm, Plan, Population, Tally};

use crate::page::{minutes, part_of_runs, table, thousands};
use crate::rules;
use crate::settings::{self, MINUTE, Runs};
use crate::trial::{NewJudge, SEED, Trial, judge};

/// What may be wrong.
fn releases(plan: &Plan) -> Vec<(&'static str, Plan)> {
    let errors = |times| settings::with(Harm { errors: times, ..Harm::NONE }, plan);
    vec![
        ("good", plan.clone()),
        ("good, a bad ten minutes", settings::on_a_bad_day(plan)),
        ("errors x1.5", errors(1.5)),
        ("errors x2", errors(2.0)),
        ("errors x4", errors(4.0)),
        ("slow x2", settings::with(Harm { slow: 2.0, ..Harm::NONE }, plan)),
    ]
}

/// All rules beside each other, for each population and plan: titles and tables.
pub fn beside(runs: &Runs) -> Vec<(String, String)> {
    let plans = [
        ("an hour each at 5, 10 and 50%", settings::hours(Control::Equal)),
        ("the default plan", settings::default_plan()),
    ];
    let mut tables = Vec::new();
    for (plan_name, plan) in plans {
        for (name, population) in settings::populations() {
            let title = format!("{name}, {plan_name}");
            let judges = rules::all(&title, &population, &plan, runs);
            tables.push((title.clone(), rows(&title, &population, &plan, &judges, runs)));
        }
    }
    tables
}

fn rows(title: &str, population: &Population, plan: &Plan, judges: &[(String, NewJudge)], runs: &Runs) -> String {
    let (names, judges): (Vec<&String>, Vec<&NewJudge>) = judges.iter().map(|(name, judge)| (name, judge)).unzip();
    let releases = releases(plan);
    let mut columns: Vec<Vec<Tally>> = Vec::new();
    for (wrong, plan) in &releases {
        let name = format!("{title}, {wrong}");
        let trial = Trial { name: &name, population: *population, plan: plan.clone(), runs: runs.others, seed: SEED };
        columns.push(trial.beside(&judges));
    }
    let row = |place: usize| columns.iter().map(move |column| stopped(&column[place])).collect::<Vec<_>>();
    let noticed = columns.iter().map(|column| noticed(&column[0])).collect();
    let mut rows = vec![[vec!["Weir rolls back, or a person is asked".to_owned()], noticed].concat()];
    rows.extend(names.iter().enumerate().map(|(place, name)| [vec![name.to_string()], row(place)].concat()));
    rows.swap(0, 1);
    table(&[vec!["rule"], releases.iter().map(|(wrong, _)| *wrong).collect()].concat(), rows)
}

fn stopped(tally: &Tally) -> String {
    cell(tally.stopped(), tally.median_stopped(), tally.exposed())
}

fn cell(part: f64, median: Option<usize>, exposed: f64) -> String {
    format!("{}, {}, {}", part_of_runs(part), minutes(median), thousands(exposed))
}

fn noticed(tally: &Tally) -> String {
    format!("{}, {}", part_of_runs(tally.noticed()), minutes(tally.median_noticed()))
}

/// Each tool with the steps of its own documentation, halting as it does: the table.
pub fn own_steps(runs: &Runs) -> String {
    let steps = |shares: &[f64], looks: usize| settings::release(Control::Equal, shares, looks);
    let each_5: Vec<f64> = (1..=10).map(|step| f64::from(step) * 0.05).collect();
    let tools = [
        ("Weir, default plan", settings::default_plan(), judge(Guardrails::default_of_release())),
        ("Weir, an hour each at 5, 10, 50%", settings::hours(Control::Equal), judge(Guardrails::default_of_release())),
        (
            "Argo Rollouts, 20, 40, 60, 80%, ten minutes each",
            steps(&[0.2, 0.4, 0.6, 0.8], 10 * MINUTE),
            judge(rules::argo_of_docs()),
        ),
        ("Flagger, 5% a minute up to 50%", steps(&each_5, MINUTE), judge(rules::flagger_of_docs())),
    ];
    let mut rows = Vec::new();
    for (name, population) in settings::populations() {
        for (tool, plan, judge) in &tools {
            let tallies: Vec<Tally> = releases(plan)
                .into_iter()
                .map(|(wrong, plan)| {
                    let name = format!("{tool}, {name}, {wrong}");
                    Trial { name: &name, population, plan, runs: runs.others, seed: SEED }.alone(judge)
                })
                .collect();
            let row = |what: &str, cell: fn(&Tally) -> String| {
                [format!("{tool}; {name}{what}")].into_iter().chain(tallies.iter().map(cell)).collect()
            };
            rows.push(row("", stopped));
            if tool.starts_with("Weir") {
                rows.push(row(": rolled back, or waits", noticed));
            }
        }
    }
    table(&["tool", "good", "good, a bad ten minutes", "errors x1.5", "errors x2", "errors x4", "slow x2"], rows)
}
