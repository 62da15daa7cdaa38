//! A plan in rows, the first of which has the names of the columns.

use weir_release::journal::Wait;

use super::found;
use super::report::{FindsView, ReleaseView, Report, StepView};
use crate::release::words;

/// Each release: who has which slots, and who waits for whom.
pub fn of_releases(report: &Report) -> Vec<[String; 7]> {
    let mut rows = vec![["RELEASE", "MASK", "POOL", "OF IT", "STARTS", "ENDS", "WAITS FOR"].map(str::to_owned)];
    let none = || "-".to_owned();
    rows.extend(report.releases.iter().map(|release| {
        let waits: Vec<String> = release.waits.iter().map(waits_for).collect();
        [
            release.id.clone(),
            release.mask.clone(),
            release.line.clone(),
            words::share(release.traffic),
            release.starts.map_or_else(none, |time| format!("{time:.0}")),
            release.ends.map_or_else(none, |time| format!("{time:.0}")),
            if waits.is_empty() { none() } else { waits.join("; ") },
        ]
    }));
    rows
}

fn waits_for(wait: &Wait) -> String {
    let names = words::names(&wait.ids);
    let text = wait.text.escape_debug();
    if wait.ids.is_empty() { text.to_string() } else { format!("{names} ({text})") }
}

const HEAD: [&str; 11] =
    ["STEP", "SHARE", "BEGINS", "TAKES", "REQUESTS", "GUARDRAIL", "FINDS", "x1.5", "x2", "x2 TAKES", "x2 SUSPECTED"];

/// Each step of a release with what each of its guardrails sees there.
pub fn of_steps(release: &ReleaseView) -> Vec<[String; 11]> {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for (index, step) in release.steps.iter().enumerate() {
        let cells = of_step(index, step);
        let seen = step.guardrails.iter().map(|one| match (&one.finds, one.sees) {
            (Some(finds), _) => of_guardrail(&one.name, finds),
            (None, "not_compared") => of_nothing(&one.name, "nobody to compare"),
            (None, "bound") => of_nothing(&one.name, "bound alone"),
            (None, _) => of_nothing(&one.name, "not known"),
        });
        let mut seen: Vec<[String; 6]> = seen.collect();
        // Nobody is compared at 0% and 100%, whatever the guardrail.
        if step.guardrails.iter().all(|one| one.sees == "not_compared") {
            seen.truncate(1);
            seen.iter_mut().for_each(|cells| cells[0] = "all".to_owned());
        }
        if seen.is_empty() {
            seen.push(Default::default());
        }
        for (row, seen) in seen.into_iter().enumerate() {
            let own = if row == 0 { cells.clone() } else { Default::default() };
            let all: Vec<String> = own.into_iter().chain(seen).collect();
            rows.extend(<[String; 11]>::try_from(all).ok());
        }
    }
    rows
}

fn of_step(index: usize, step: &StepView) -> [String; 5] {
    let requests = step.requests.as_ref().map(|requests| {
        let each = requests.iter().map(|(arm, requests)| format!("{arm} {}", words::count(requests.round() as u64)));
        each.collect::<Vec<_>>().join(", ")
    });
    let begins = step.begins.map_or_else(|| "-".to_owned(), |time| format!("{time:.0}"));
    [
        (index + 1).to_string(),
        words::share(step.share),
        if step.approve { format!("{begins} with a yes") } else { begins },
        if step.takes_ms == u64::MAX { "for ever".to_owned() } else { words::time(step.takes_ms) },
        requests.unwrap_or_else(|| "-".to_owned()),
    ]
}

fn of_nothing(name: &str, why: &str) -> [String; 6] {
    let mut cells = <[String; 6]>::default();
    (cells[0], cells[1]) = (name.to_owned(), why.to_owned());
    cells
}

fn of_guardrail(name: &str, finds: &FindsView) -> [String; 6] {
    [
        name.to_owned(),
        finds.smallest_ratio.map_or_else(|| "nothing".to_owned(), |ratio| format!("x{}", found::ratio(ratio))),
        found::chance(finds.half_more),
        found::chance(finds.twice),
        finds.twice_takes_ms.map_or_else(|| "for ever".to_owned(), found::about),
        found::chance(finds.suspects_twice),
    ]
}
