//! What came between two times, of counters of many Envoys.

use std::collections::BTreeMap;

use jiff::Timestamp;
use weir_policy::evidence::{Outcome, PARTS};
use weir_release::Release;
use weir_release::evidence::{Counts, VariantCounts};
use weir_remote::Range;

use super::super::arms;
use super::alike;
use super::target::{Cell, Target};
use crate::problems::Failure;

/// The labels that make a counter one of several of the same Envoy.
const OWN: [&str; 5] = ["__name__", "experiment", "variant", "part", "outcome"];
/// Whoever is not seen for longer does not go on under other labels: twice the time for which some servers show who is gone.
const GONE: i64 = 10 * 60 * 1000;

/// Counters as they were last.
#[derive(Default)]
pub struct Counted {
    arms: Vec<String>,
    targets: Vec<Target>,
    places: BTreeMap<BTreeMap<String, String>, usize>,
    /// The last time that was counted.
    until: Option<i64>,
    unlabelled: u64,
    continued: u64,
    no_numbers: usize,
}

/// What came of each arm.
pub struct Came<'a> {
    arms: &'a [String],
    cells: BTreeMap<Cell, f64>,
}

impl Counted {
    /// Takes in what counters had last at the first time.
    pub fn know(&mut self, ranges: Vec<Range>, from: Timestamp) {
        for cells in self.by_time(ranges).into_values() {
            for (place, cells) in cells {
                self.targets[place].know(cells, from.as_millisecond());
                self.until = Some(from.as_millisecond());
            }
        }
    }

    /// Takes in a piece, which begins at the last time of the one before, and hands on what came by each time. What counters have at the
    /// first time of all came before.
    pub fn take(&mut self, ranges: Vec<Range>, mut each: impl FnMut(Timestamp, Came<'_>)) {
        for (at, row) in self.by_time(ranges) {
            let mut came = BTreeMap::new();
            let is_known = self.until.is_some_and(|until| at <= until);
            let is_first = self.until.is_none();
            let (old, new): (Vec<_>, Vec<_>) = row.into_iter().partition(|(place, _)| self.targets[*place].is_known());
            for (place, cells) in old {
                match is_known {
                    true => self.targets[place].move_to(cells, at),
                    false => self.targets[place].count(cells, at, &mut came),
                }
            }
            for (place, cells) in new {
                match (is_first || is_known, self.before(&cells, at)) {
                    (true, _) => self.targets[place].know(cells, at),
                    (false, Some(before)) => {
                        self.continued += 1;
                        let last = self.targets[before].leave(at);
                        self.targets[place].go_on(last, cells, at, &mut came);
                    }
                    (false, None) => self.targets[place].begin(cells, at, &mut came),
                }
            }
            self.until = self.until.max(Some(at));
            if !is_first
                && !is_known
                && let Ok(at) = Timestamp::from_millisecond(at)
            {
                each(at, Came { arms: &self.arms, cells: came });
            }
        }
    }

    /// The variants that were counted.
    pub fn arms(&self) -> &[String] {
        &self.arms
    }

    /// How many series had not the labels that counters of Weir have.
    pub fn unlabelled(&self) -> u64 {
        self.unlabelled
    }

    /// Says what may make the numbers others than those of the Envoys.
    pub fn check(&self, notes: &mut Vec<String>) -> Result<(), Failure> {
        let targets: Vec<&Target> = self.targets.iter().filter(|target| target.is_seen()).collect();
        alike::check(&targets, notes)?;
        if self.continued > 0 {
            let continued = self.continued;
            notes.push(format!("{continued} of the targets had other labels before, and were counted on from there"));
        }
        if self.no_numbers > 0 {
            let left_out = self.no_numbers;
            notes.push(format!("{left_out} values were left out that no counter can have: NaN, infinite or below 0"));
        }
        Ok(())
    }

    /// A target whose counters these could be, under other labels.
    fn before(&self, cells: &BTreeMap<Cell, f64>, at: i64) -> Option<usize> {
        let before = self.targets.iter().enumerate().filter(|(_, target)| target.is_before(cells, at, GONE));
        before.max_by(|(_, one), (_, other)| one.requests().total_cmp(&other.requests())).map(|(place, _)| place)
    }

    /// Each target with its counters, by time. A number that no counter can have is none.
    fn by_time(&mut self, ranges: Vec<Range>) -> BTreeMap<i64, BTreeMap<usize, BTreeMap<Cell, f64>>> {
        let mut rows: BTreeMap<i64, BTreeMap<usize, BTreeMap<Cell, f64>>> = BTreeMap::new();
        for range in ranges {
            let Some(cell) = self.cell(&range.labels) else {
                self.unlabelled += 1;
                continue;
            };
            let labels: BTreeMap<String, String> =
                range.labels.into_iter().filter(|(name, _)| !OWN.contains(&name.as_str())).collect();
            let place = *self.places.entry(labels).or_insert_with_key(|labels| {
                self.targets.push(Target::new(labels.clone()));
                self.targets.len() - 1
            });
            self.no_numbers += range.no_numbers + range.points.iter().filter(|(_, value)| *value < 0.0).count();
            for (at, value) in range.points.into_iter().filter(|(_, value)| *value >= 0.0) {
                let at = (at * 1e3).round() as i64;
                rows.entry(at).or_default().entry(place).or_default().insert(cell, value);
            }
        }
        rows
    }

    fn cell(&mut self, labels: &BTreeMap<String, String>) -> Option<Cell> {
        let outcome = labels.get("outcome")?;
        let outcome = Outcome::ALL.into_iter().position(|one| one.name() == outcome)?;
        let part = labels.get("part")?.parse().ok().filter(|part| *part < usize::from(PARTS))?;
        let variant = labels.get("variant")?;
        let arm = self.arms.iter().position(|arm| arm == variant).unwrap_or_else(|| {
            self.arms.push(variant.clone());
            self.arms.len() - 1
        });
        Some(Cell { arm, outcome, part })
    }
}

impl Came<'_> {
    /// That of the release's own arms, as counts of it.
    pub fn of(&self, release: &Release) -> Counts {
        let arms = self.arms.iter().enumerate().filter(|(_, id)| arms::is_arm(release, id));
        let counts = arms.map(|(arm, id)| {
            let counted = |outcome: Outcome, part: usize| {
                let cell = Cell { arm, outcome: outcome as usize, part };
                self.cells.get(&cell).map_or(0, |count| count.round() as u64)
            };
            (id.clone(), VariantCounts::new(counted))
        });
        Counts::of_experiment(&release.id, counts)
    }
}

#[cfg(test)]
mod tests;
