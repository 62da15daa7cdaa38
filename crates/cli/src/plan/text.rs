//! A plan in words.

use super::found::{self, Found};
use super::report::{ReleaseView, Report};
use super::{rates, rows};
use crate::columns::columns;

/// All of it.
pub fn text(report: &Report) -> String {
    if report.releases.is_empty() {
        return "no releases\n".to_owned() + &list("note", &report.notes);
    }
    let mut text = rates::text(&report.rates) + &placement(report);
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
    text += &format!("\n{}", columns(&rows::of_releases(report)));
    text
}

fn of_release(release: &ReleaseView) -> String {
    let slots: Vec<String> = release.slots.iter().map(|(start, end)| format!("{start}-{end}")).collect();
    let slots = if slots.len() > 4 { format!("{} ranges", slots.len()) } else { slots.join(", ") };
    let slots = if slots.is_empty() { String::new() } else { format!(", slots {slots}") };
    let effect = effects(release);
    let false_stop = false_stop(release);
    format!("\n{} ({}){slots}\n{}{effect}{false_stop}", release.id, release.kind, columns(&rows::of_steps(release)))
}

/// How many requests count for one.
pub fn effects(release: &ReleaseView) -> String {
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
pub fn false_stop(release: &ReleaseView) -> String {
    let mut compared = release.steps.iter().filter(|step| step.guardrails.iter().any(|one| one.finds.is_some()));
    let Some(last) = compared.next_back() else { return String::new() };
    let all = last.guardrails.iter().filter_map(|one| Some(one.finds.as_ref()?.false_stop)).sum::<f64>();
    format!("a release that is as good as control is rolled back with a chance of {}\n", found::chance(all))
}

fn list(kind: &str, found: &[Found]) -> String {
    let lines = found.iter().map(|one| format!("{kind}: {}\n", one.told()));
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
