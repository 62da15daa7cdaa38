//! A decision for people: what came out, what changes, and the steps that led there.

use weir_engine::why::Why;
use weir_engine::{Edit, Exchange};

use super::places::PolicyPlaces;
use super::steps;
use crate::columns::columns;

/// A decision, its edits and its steps.
pub fn decision(exchange: &Exchange<'_, '_>, why: &[Why<'_>], places: &PolicyPlaces<'_>) -> String {
    let plan = exchange.decision().plan();
    let revision = plan.revision().map_or_else(|| "none".to_owned(), |revision| revision.to_string());
    let (role, steer) = (plan.attachment().role.name(), plan.attachment().steer.name());
    let mut text = format!("revision {revision}, role {role}, steer {steer}\n\n");
    text += &table(exchange);
    text += &effects(exchange);
    for one in why {
        text.push('\n');
        text += &steps::text(one, places);
    }
    text
}

fn table(exchange: &Exchange<'_, '_>) -> String {
    let mut rows = vec![["LAYER", "EXPERIMENT", "VARIANT", "REASON", "AUDIENCE"].map(str::to_owned)];
    for outcome in exchange.decision().layers() {
        let (experiment, variant) = (outcome.experiment.unwrap_or("-"), outcome.variant.unwrap_or("stable"));
        let (reason, audience) = (outcome.reason.name(), outcome.audience.unwrap_or_default());
        rows.push([outcome.layer, experiment, variant, reason, audience].map(str::to_owned));
    }
    if rows[1..].iter().all(|row| row[4].is_empty()) {
        rows[0][4].clear();
    }
    columns(&rows)
}

fn effects(exchange: &Exchange<'_, '_>) -> String {
    let edits = exchange.edits();
    let mut text = String::from(if edits.is_empty() { "\nthe request's headers stay as they are\n" } else { "\n" });
    for Edit { name, lines } in &edits {
        let lines: Vec<_> = lines.iter().map(|line| printable(line)).collect();
        text += &match lines.is_empty() {
            true => format!("remove  {}\n", printable(name)),
            false => format!("set     {}: {}\n", printable(name), lines.join("\n        and ")),
        };
    }
    if let Some((trace, tags)) = exchange.trace_entry() {
        let tags = if tags.is_empty() { "no tags".to_owned() } else { printable(&tags) };
        text += &format!("leaves  {tags} for trace {}\n", trace.hex());
    }
    for line in exchange.set_cookies() {
        text += &format!("answer  set-cookie: {}\n", printable(line.as_bytes()));
    }
    text
}

/// Bytes of a request as text that cannot move a terminal's cursor.
pub fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}
