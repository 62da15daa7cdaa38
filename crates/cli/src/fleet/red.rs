//! What is red: why a fleet is not as it should be, in words, without I/O.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::serve::fleet::{FleetView, Row};

/// What a fleet must keep to.
pub struct Limits {
    /// So many Envoys are to be connected.
    pub min: usize,
    /// So long an Envoy may be away that went without ending its stream.
    pub gone: Duration,
}

/// For how long an Envoy is missed that does not come back.
const MISSED: Duration = Duration::from_secs(3600);
/// Envoys that are named; more are only counted.
const NAMED: usize = 5;

/// The reasons why it is red; none: it is not. A server of before says less, and what it does not say is no reason.
pub fn reasons(shown: &FleetView, limits: &Limits) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(complaint) = &shown.complaint {
        // A problem and where it is; a second one is found by whoever mends the first.
        let lines = complaint.lines().map(|line| line.trim().escape_debug().to_string());
        let lines: Vec<String> = lines.filter(|line| !line.is_empty()).take(2).collect();
        reasons.push(format!("not served, revision {} stays: {}", shown.revision, lines.join(" ")));
    }
    if let Some(held) = &shown.held {
        reasons.push(format!("revision {held} is held back: it did not become active on its canary nodes"));
    }
    let connected = shown.nodes.iter().filter(|row| row.connected).count();
    if connected < limits.min {
        let plural = if connected == 1 { "" } else { "s" };
        reasons.push(format!("{connected} Envoy{plural} connected, fewer than {}", limits.min));
    }
    let away = |row: &&Row| is_missed(row, limits);
    let gone = humantime::format_duration(limits.gone);
    reasons.extend(named(shown.nodes.iter().filter(away), &format!("lost, and not back within {gone}")));
    let behind = |row: &&Row| row.connected && !row.has_taken_all();
    reasons.extend(named(shown.nodes.iter().filter(behind), "not in step"));
    let mut in_vain: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in shown.nodes.iter().filter(|row| row.connected) {
        if let Some(what) = row.asks_in_vain() {
            in_vain.entry(what).or_default().push(row);
        }
    }
    let each = in_vain.into_iter().take(NAMED);
    reasons.extend(each.filter_map(|(what, rows)| named(rows.into_iter(), &what)));
    reasons
}

/// Whether one was lost and is not missed any more.
pub fn is_forgotten(row: &Row, limits: &Limits) -> bool {
    lost_for(row).is_some_and(|away| away >= limits.gone.saturating_add(MISSED))
}

fn is_missed(row: &Row, limits: &Limits) -> bool {
    let missed = limits.gone..limits.gone.saturating_add(MISSED);
    lost_for(row).is_some_and(|away| missed.contains(&away))
}

fn lost_for(row: &Row) -> Option<Duration> {
    row.away_seconds.filter(|_| row.lost && !row.connected).map(Duration::from_secs)
}

/// These Envoys and what is told of them, if there are any.
pub fn named<'a>(rows: impl Iterator<Item = &'a Row>, what: &str) -> Option<String> {
    let names: Vec<String> = rows.map(|row| row.node.escape_debug().to_string()).collect();
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => None,
        count if count <= NAMED => Some(format!("{what}: {shown}")),
        count => Some(format!("{what}: {shown} and {} more", count - NAMED)),
    }
}

#[cfg(test)]
mod tests;
