//! Lists of units: their lengths, their number, and which of them share a unit.

use std::collections::{HashMap, HashSet};

use crate::document::{At, Problems, codes};
use crate::limits;
use crate::written::{Policy, Who};

/// The units of all lists in groups: two are of one group if the same lists have them. Lists share a unit exactly if
/// they share a group, and of those there are few, so no pair of lists has to be compared unit by unit.
#[derive(Default)]
pub(super) struct ListGroups<'a> {
    lists: HashMap<&'a str, &'a [String]>,
    of_units: HashMap<&'a str, Group>,
    /// The last list of each group.
    groups: Vec<usize>,
    /// The group of what is in a group and one more list.
    joined: HashMap<(Option<Group>, usize), Group>,
    of_lists: HashMap<&'a str, Vec<Group>>,
}

pub(super) type Group = usize;

impl<'a> ListGroups<'a> {
    /// Adds a list, once if several files have it; all are added before anything is asked.
    pub(super) fn insert(&mut self, name: &'a str, values: &'a [String]) {
        let list = self.lists.len();
        if self.lists.insert(name, values).is_some() {
            return;
        }
        for unit in values {
            let before = self.of_units.get(unit.as_str()).copied();
            let is_in = before.and_then(|group| self.groups.get(group)).is_some_and(|last| *last == list);
            if !is_in {
                let groups = &mut self.groups;
                let group = *self.joined.entry((before, list)).or_insert_with(|| {
                    groups.push(list);
                    groups.len().saturating_sub(1)
                });
                self.of_units.insert(unit, group);
            }
        }
    }

    pub(super) fn of_unit(&self, unit: &str) -> Option<Group> {
        self.of_units.get(unit).copied()
    }

    pub(super) fn of_list(&mut self, name: &str) -> &[Group] {
        let Some((name, values)) = self.lists.get_key_value(name) else { return &[] };
        let of_units = &self.of_units;
        self.of_lists.entry(name).or_insert_with(|| {
            let groups: HashSet<Group> =
                values.iter().filter_map(|unit| of_units.get(unit.as_str()).copied()).collect();
            groups.into_iter().collect()
        })
    }
}

/// Units are 1 to 256 bytes: no request can have another one.
pub(super) fn unit_lengths(units: &[String], at: &At<'_>, problems: &mut Problems) {
    for (i, unit) in units.iter().enumerate() {
        if !(1..=limits::UNIT_BYTES_MAX).contains(&unit.len()) {
            let message = format!("a unit of {} bytes; 1 to {} would do", unit.len(), limits::UNIT_BYTES_MAX);
            problems.add(codes::BAD_UNIT, &at.index(i), message);
        }
    }
}

/// Listed units: those of the lists and those written into overrides; twice in one place counts once.
pub(super) fn count<'a>(documents: &[Policy], lists: impl Iterator<Item = &'a Vec<String>>) -> usize {
    let layers = documents.iter().flat_map(|policy| &policy.layers);
    let overrides =
        layers.flat_map(|layer| layer.overrides.iter().chain(layer.experiments.iter().flat_map(|e| &e.overrides)));
    let written = overrides.filter_map(|one| match &one.who {
        Some(Who::Units(units)) => Some(units),
        _ => None,
    });
    let each_once = |units: &Vec<String>| units.iter().collect::<HashSet<_>>().len();
    lists.map(each_once).chain(written.map(each_once)).fold(0, usize::saturating_add)
}

/// A set of texts, in order, each once.
pub(super) fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort_unstable();
    texts.dedup();
    texts
}
