//! Lists of units: their lengths, their number, and that no unit is told two things in one layer.

use std::collections::{HashMap, HashSet};

use super::Checker;
use crate::limits;
use crate::model::Override;
use crate::policy::{self, Policy, Who};
use crate::problem::{At, Code, Problems};

impl Checker<'_> {
    /// The overrides of a layer, and that no unit stands twice in those of the layer and its experiments.
    pub(super) fn layer_overrides(&mut self, layer: &policy::Layer, at: &At<'_>) -> Vec<Override> {
        let overrides_at = at.key("overrides");
        let known: HashMap<&String, _> =
            layer.experiments.iter().filter_map(|one| Some((one.id.as_ref()?, one))).collect();
        let mut read = Vec::with_capacity(layer.overrides.len());
        for (i, one) in layer.overrides.iter().enumerate() {
            let at = overrides_at.index(i);
            let experiment = match &one.experiment {
                Some(id) => {
                    let found = known.get(id);
                    if found.is_none() {
                        let message = format!("the layer has no experiment {id}");
                        self.problems.add(Code::UnknownExperiment, &at.key("experiment"), message);
                    }
                    found
                }
                None => {
                    if one.variant.as_deref().is_some_and(|variant| variant != "stable") {
                        self.problems.add(
                            Code::MissingField,
                            &at,
                            "`experiment` is missing; only `stable` goes without",
                        );
                    }
                    None
                }
            };
            if let (Some(experiment), Some(variant)) = (experiment, &one.variant) {
                self.known_variant(experiment, variant, &at.key("variant"));
            }
            read.extend(self.one_override(one, one.experiment.clone(), &at));
        }
        self.units_once(layer, at);
        read
    }

    /// The overrides of an experiment.
    pub(super) fn experiment_overrides(&mut self, experiment: &policy::Experiment, at: &At<'_>) -> Vec<Override> {
        let overrides_at = at.key("overrides");
        let mut read = Vec::with_capacity(experiment.overrides.len());
        for (i, one) in experiment.overrides.iter().enumerate() {
            let at = overrides_at.index(i);
            if let Some(variant) = &one.variant {
                self.known_variant(experiment, variant, &at.key("variant"));
            }
            read.extend(self.one_override(one, experiment.id.clone(), &at));
        }
        read
    }

    fn one_override(&mut self, one: &policy::Override, experiment: Option<String>, at: &At<'_>) -> Option<Override> {
        let who = match one.who.as_ref()? {
            Who::Units(units) => {
                unit_lengths(units, &at.key("units"), &mut self.problems);
                Who::Units(sorted(units))
            }
            Who::List(name) => {
                if !self.lists.contains_key(name.as_str()) {
                    self.problems.add(Code::UnknownList, &at.key("list"), format!("no list is called {name}"));
                }
                Who::List(name.clone())
            }
        };
        let variant = one.variant.as_ref()?;
        Some(Override { who, experiment, variant: (variant != "stable").then(|| variant.clone()) })
    }

    pub(super) fn known_variant(&mut self, experiment: &policy::Experiment, variant: &str, at: &At<'_>) {
        let ids = || experiment.variants.iter().filter_map(|known| known.id.as_deref());
        if variant != "stable" && !ids().any(|id| id == variant) {
            let known = ids().chain(["stable"]).collect::<Vec<_>>().join(", ");
            self.problems.add(Code::UnknownVariant, at, format!("no variant is called {variant}; {known} would do"));
        }
    }

    fn units_once(&mut self, layer: &policy::Layer, at: &At<'_>) {
        let mut told = Told::default();
        for (i, one) in layer.overrides.iter().enumerate() {
            self.units_once_in(one, &mut told, &at.key("overrides").index(i));
        }
        for (e, experiment) in layer.experiments.iter().enumerate() {
            for (i, one) in experiment.overrides.iter().enumerate() {
                self.units_once_in(one, &mut told, &at.key("experiments").index(e).key("overrides").index(i));
            }
        }
    }

    fn units_once_in<'u>(&mut self, one: &'u policy::Override, told: &mut Told<'u>, at: &At<'_>) {
        let twice = match &one.who {
            None => None,
            Some(Who::List(name)) => {
                let told_before = told.tell_list(name, self.list_groups.of_list(name));
                told_before.then(|| format!("a unit of the list {name}"))
            }
            Some(Who::Units(units)) => {
                // A unit that stands twice in one place counts once, as in a list.
                let units: HashSet<&String> = units.iter().collect();
                let told_before = units.into_iter().filter(|unit| told.tell_unit(unit, self.list_groups.of_unit(unit)));
                told_before.max().map(|unit| format!("the unit {unit:?}"))
            }
        };
        if let Some(who) = twice {
            let message = format!("{who} stands in another override of this layer; keep it in one");
            self.problems.add(Code::DuplicateUnit, at, message);
        }
    }
}

/// What overrides of a layer have named so far, units by themselves and units in lists.
#[derive(Default)]
struct Told<'u> {
    units: HashSet<&'u str>,
    groups_of_units: HashSet<Group>,
    lists: HashSet<&'u str>,
    groups_of_lists: HashSet<Group>,
}

impl<'u> Told<'u> {
    /// Notes a unit; says whether it has been named before.
    fn tell_unit(&mut self, unit: &'u str, group: Option<Group>) -> bool {
        self.groups_of_units.extend(group);
        !self.units.insert(unit) || group.is_some_and(|group| self.groups_of_lists.contains(&group))
    }

    /// Notes a list; says whether a unit of it has been named before.
    fn tell_list(&mut self, name: &'u str, groups: &[Group]) -> bool {
        let told = |group| self.groups_of_lists.contains(group) || self.groups_of_units.contains(group);
        let told_before = groups.iter().any(told);
        self.groups_of_lists.extend(groups);
        !self.lists.insert(name) || told_before
    }
}

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

type Group = usize;

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

    fn of_unit(&self, unit: &str) -> Option<Group> {
        self.of_units.get(unit).copied()
    }

    fn of_list(&mut self, name: &str) -> &[Group] {
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
            problems.add(Code::BadUnit, &at.index(i), message);
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
