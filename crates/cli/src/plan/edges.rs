//! What edges have had of requests, as Envoy itself counts them. Weir's own counters are of those that it deals, and before a release
//! that is nobody.

use std::collections::BTreeMap;

use crate::problems::Failure;

pub mod admin;
pub mod counts;
pub mod range;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// Requests that came.
    Total,
    /// Those with a response.
    Completed,
    /// Those that were reset, some of them after their response had begun.
    Reset,
    /// Those with a status of class 5xx.
    Error,
    /// Those whose time was taken.
    Timed,
    /// Those of them that took at most so many milliseconds.
    Within(u64),
}

/// Requests by the name of the listener's connection manager, its `stat_prefix`.
pub type Listeners = BTreeMap<String, Counted>;

/// What one listener counted, at one Envoy or several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// How many Envoys have it.
    pub envoys: usize,
    /// Requests that came in a second.
    pub per_second: f64,
    /// What came in all of the time.
    pub counts: BTreeMap<Counter, f64>,
}

/// The listener that answers who asks for the numbers of Envoy.
const ADMIN: &str = "admin";

impl Counted {
    /// Requests with a response and those that were left without one. What a filter for health checks answers is neither.
    pub fn all(&self) -> Option<f64> {
        let completed = self.counts.get(&Counter::Completed)?;
        Some(completed + self.unanswered().unwrap_or(0.0))
    }

    /// Those that ended without a response: no response was sent, and they were reset.
    pub fn unanswered(&self) -> Option<f64> {
        let count = |counter| self.counts.get(&counter).copied();
        let without = count(Counter::Total)? - count(Counter::Completed)?;
        Some(without.min(count(Counter::Reset)?).max(0.0))
    }

    /// In a second, of [`Counted::all`].
    pub fn rate(&self) -> Option<f64> {
        let total = self.counts.get(&Counter::Total).filter(|total| **total > 0.0)?;
        Some(self.per_second * self.all()? / total).filter(|rate| *rate > 0.0)
    }

    /// Those that took longer, and those whose time was taken.
    pub fn over(&self, milliseconds: u64) -> Option<(f64, f64)> {
        let timed = *self.counts.get(&Counter::Timed)?;
        let within = *self.counts.get(&Counter::Within(milliseconds))?;
        Some(((timed - within).max(0.0), timed))
    }

    /// With what another one has counted.
    pub fn add(&mut self, other: &Counted) {
        self.envoys += other.envoys;
        self.per_second += other.per_second;
        other.counts.iter().for_each(|(counter, count)| *self.counts.entry(*counter).or_default() += count);
    }
}

/// Those of these names together, with their names; of those that have had requests the only one, where none is named.
pub fn chosen(listeners: &Listeners, named: &[String], place: &str) -> Result<(String, Counted), Failure> {
    let users = || listeners.iter().filter(|(name, _)| *name != ADMIN);
    let busy = || users().filter(|(_, counted)| counted.rate().is_some());
    let seen = |(name, counted): (&String, &Counted)| {
        format!("{} ({:.1}/s at {})", name.escape_debug(), counted.rate().unwrap_or(0.0), envoys(counted.envoys))
    };
    let seen = || users().map(seen).collect::<Vec<_>>().join(", ");
    let names: Vec<&String> = match named {
        [] if busy().count() > 1 => {
            return Err(Failure::Usage(format!(
                "{place}: several listeners have requests: {}; say which of them is the edge, such as --edge {}",
                seen(),
                busy().next().map_or("edge", |(name, _)| name).escape_debug(),
            )));
        }
        [] => busy().map(|(name, _)| name).collect(),
        named => named.iter().collect(),
    };
    let mut all = Counted::default();
    for name in &names {
        let counted = listeners.get(*name).ok_or_else(|| {
            let (name, seen) = (name.escape_debug(), seen());
            Failure::Usage(format!("{place}: --edge {name}: no listener is called so; found {seen}"))
        })?;
        all.add(counted);
    }
    // Each Envoy has all of its listeners.
    all.envoys = names.iter().filter_map(|name| Some(listeners.get(*name)?.envoys)).max().unwrap_or(0);
    let names: Vec<String> = names.iter().map(|name| name.escape_debug().to_string()).collect();
    match all.rate() {
        Some(_) => Ok((names.join(", "), all)),
        None => Err(Failure::Usage(format!("{place}: no requests have come there yet; wait for some, or give --rate"))),
    }
}

/// So many Envoys.
pub fn envoys(count: usize) -> String {
    if count == 1 { "1 Envoy".to_owned() } else { format!("{count} Envoys") }
}

#[cfg(test)]
mod tests;
