//! The pool: which slots of a unit's line a release takes, so that those that touch a common service never share a unit, and
//! others may.

use std::cmp::Reverse;

use weir_policy::evidence::POOL;
use weir_policy::written::{Experiment, Policy};
use weir_policy::{Range, SLOTS, limits};

/// What owns slots of a line: a release in force, or an experiment that people wrote on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The id of the release or experiment.
    pub id: String,
    /// What it touches.
    pub services: Vec<String>,
    /// What it owns.
    pub slots: Vec<Range>,
}

/// Why there is no place for a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// Only so many slots are free.
    TooFew(u32),
    /// The free slots lie in so many ranges, and [`limits::RANGES_MAX`] are allowed.
    Fragmented(usize),
}

/// The line from which releases of a unit take traffic.
pub fn line(unit: &str) -> String {
    format!("{POOL}{unit}")
}

/// Whether two touch a common service.
pub fn conflict(services: &[String], others: &[String]) -> bool {
    services.iter().any(|service| others.contains(service))
}

/// The experiments that people wrote on a line. One that is switched off keeps its slots.
pub fn owners(policies: &[Policy], line: &str) -> Vec<Owner> {
    let layers = policies.iter().flat_map(|policy| &policy.layers);
    let on_line = layers.filter(|layer| layer.line.as_deref().or(layer.id.as_deref()) == Some(line));
    on_line.flat_map(|layer| &layer.experiments).map(owner).collect()
}

/// The slot from which a release looks for free ones: a public format.
pub fn first_slot(line: &str, id: &str) -> u32 {
    let bytes = format!("P:{line}:0:{id}");
    // Reading from memory cannot fail.
    let hash = murmur3::murmur3_x64_128(&mut bytes.as_bytes(), 0).unwrap_or_default();
    // The first 8 bytes, little endian, of which the upper half deals.
    let upper = (hash & u128::from(u64::MAX)) >> 32;
    u32::try_from(upper.saturating_mul(u128::from(SLOTS)) >> 32).unwrap_or_default()
}

/// So many slots that nobody of these owns, from the release's first slot on, around the line: sorted and disjoint.
///
/// # Errors
/// Where there are too few, or where they lie in too many ranges.
pub fn place<'a>(
    line: &str,
    id: &str,
    slots: u32,
    owned: impl IntoIterator<Item = &'a Range>,
) -> Result<Vec<Range>, NoPlace> {
    let free = free(owned.into_iter().copied().collect());
    let available = free.iter().map(|range| length(*range)).fold(0, u32::saturating_add);
    if available < slots {
        return Err(NoPlace::TooFew(available));
    }
    let mut taken = Vec::new();
    let mut wanted = slots;
    for range in around(&free, first_slot(line, id)) {
        let end = range.end.min(range.start.saturating_add(wanted));
        if let Some(range) = Range::new(range.start.into(), end.into()) {
            wanted = wanted.saturating_sub(length(range));
            taken.push(range);
        }
    }
    let taken = joined(taken);
    if taken.len() > limits::RANGES_MAX { Err(NoPlace::Fragmented(taken.len())) } else { Ok(taken) }
}

fn owner(experiment: &Experiment) -> Owner {
    let routed = experiment.variants.iter().flat_map(|variant| &variant.routes).map(|(service, _)| service.clone());
    Owner {
        id: experiment.id.clone().unwrap_or_default(),
        services: experiment.services.clone().unwrap_or_else(|| routed.collect()),
        slots: experiment.slots.iter().flatten().filter_map(|(start, end)| Range::new(*start, *end)).collect(),
    }
}

fn free(owned: Vec<Range>) -> Vec<Range> {
    let mut free = Vec::new();
    let mut from = 0;
    for owned in joined(owned) {
        free.extend(Range::new(from.into(), owned.start.into()));
        from = owned.end;
    }
    free.extend(Range::new(from.into(), SLOTS.into()));
    free
}

/// The same slots, those from `first` on before the others.
fn around(ranges: &[Range], first: u32) -> Vec<Range> {
    let cut = |range: &Range| {
        let cut = first.clamp(range.start, range.end);
        [(range.start, cut), (cut, range.end)].map(|(start, end)| Range::new(start.into(), end.into()))
    };
    let mut cut: Vec<Range> = ranges.iter().flat_map(cut).flatten().collect();
    cut.sort_by_key(|range| (Reverse(range.start >= first), range.start));
    cut
}

fn joined(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_unstable();
    let mut joined: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

fn length(range: Range) -> u32 {
    range.end.saturating_sub(range.start)
}

#[cfg(test)]
mod tests;
