//! A plan in words.

use super::found::{self, Found};
use super::report::{FindsView, ReleaseView, Report, StepView};
use crate::columns::columns;
use crate::release::words;

/// All of it.
pub fn text(report: &Report) -> String {
    if report.releases.is_empty() {
        return "no releases\n".to_owned() + &list("note", &report.notes);
    }
    let mut text = placement(report);
    for release in &report.releases {
        text += &of_release(release);
    }
    text + &list("problem", &report.problems) + &list("note", &report.notes)
}

/// Who has which services and slots, and who waits for whom.
fn placement(report: &Report) -> String {
    let services = report.services.iter().map(|one| [one.service.escape_debug().to_string(), format!("2^{}", one.bit)]);
    let mut rows = vec![["SERVICE", "BIT"].map(str::to_owned)];
    rows.extend(services);
    let mut text = columns(&rows);
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
    text += &format!("\n{}", columns(&rows));
    text
}

fn waits_for(wait: &weir_release::journal::Wait) -> String {
    let names = words::names(&wait.ids);
    let text = wait.text.escape_debug();
    if wait.ids.is_empty() { text.to_string() } else { format!("{names} ({text})") }
}

const HEAD: [&str; 10] =
    ["STEP", "SHARE", "BEGINS", "TAKES", "REQUESTS", "GUARDRAIL", "FINDS", "x1.5", "x2", "x2 TAKES"];

fn of_release(release: &ReleaseView) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for (index, step) in release.steps.iter().enumerate() {
        let cells = of_step(index, step);
        let seen = step.guardrails.iter().map(|one| match (&one.finds, one.sees) {
            (Some(finds), _) => of_guardrail(&one.name, finds),
            (None, "not_compared") => {
                [one.name.clone(), "nobody to compare".to_owned(), String::new(), String::new(), String::new()]
            }
            (None, "bound") => {
                [one.name.clone(), "bound alone".to_owned(), String::new(), String::new(), String::new()]
            }
            (None, _) => [one.name.clone(), "not known".to_owned(), String::new(), String::new(), String::new()],
        });
        let mut seen: Vec<[String; 5]> = seen.collect();
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
            rows.extend(<[String; 10]>::try_from(all).ok());
        }
    }
    let slots: Vec<String> = release.slots.iter().map(|(start, end)| format!("{start}-{end}")).collect();
    let slots = if slots.len() > 4 { format!("{} ranges", slots.len()) } else { slots.join(", ") };
    let slots = if slots.is_empty() { String::new() } else { format!(", slots {slots}") };
    let effect = effects(release);
    let false_stop = false_stop(release);
    format!("\n{} ({}){slots}\n{}{effect}{false_stop}", release.id, release.kind, columns(&rows))
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

fn of_guardrail(name: &str, finds: &FindsView) -> [String; 5] {
    [
        name.to_owned(),
        finds.smallest_ratio.map_or_else(|| "nothing".to_owned(), |ratio| format!("x{}", found::ratio(ratio))),
        found::chance(finds.half_more),
        found::chance(finds.twice),
        finds.twice_takes_ms.map_or_else(|| "for ever".to_owned(), found::about),
    ]
}

/// How many requests count for one.
fn effects(release: &ReleaseView) -> String {
    let mut said: Vec<String> = Vec::new();
    for one in release.steps.iter().flat_map(|step| &step.guardrails) {
        let Some(finds) = &one.finds else { continue };
        let words = format!("{} {}", one.name, finds.design_effect);
        if !said.contains(&words) {
            said.push(words);
        }
    }
    if said.is_empty() { String::new() } else { format!("requests that count for one: {}\n", said.join(", ")) }
}

/// The chance that a good one is rolled back, by all guardrails together at most.
fn false_stop(release: &ReleaseView) -> String {
    let mut compared = release.steps.iter().filter(|step| step.guardrails.iter().any(|one| one.finds.is_some()));
    let Some(last) = compared.next_back() else { return String::new() };
    let all = last.guardrails.iter().filter_map(|one| Some(one.finds.as_ref()?.false_stop)).sum::<f64>();
    format!("a release that is as good as control is rolled back with a chance of {}\n", found::chance(all))
}

fn list(kind: &str, found: &[Found]) -> String {
    let lines = found.iter().map(|one| {
        let place = [
            one.release.clone(),
            one.step.map(|step| format!("step {step}")),
            one.guardrail.as_ref().map(|name| name.escape_debug().to_string()),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        let place = if place.is_empty() { String::new() } else { format!("{}: ", place.join(", ")) };
        format!("{kind}: {place}{}\n", one.text)
    });
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
