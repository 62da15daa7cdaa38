//! Overrides, and that no unit is told two things in one layer.

use std::collections::{HashMap, HashSet};

use super::Checker;
use super::lists::{Group, sorted, unit_lengths};
use crate::document::{At, codes};
use crate::model::Override;
use crate::written::{self, Who};

impl Checker<'_> {
    /// The overrides of a layer, and that no unit stands twice in those of the layer and its experiments.
    pub(super) fn layer_overrides(&mut self, layer: &written::Layer, at: &At<'_>) -> Vec<Override> {
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
                        self.problems.add(codes::UNKNOWN_EXPERIMENT, &at.key("experiment"), message);
                    }
                    found
                }
                None => {
                    if one.variant.as_deref().is_some_and(|variant| variant != "stable") {
                        self.problems.add(
                            codes::MISSING_FIELD,
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
    pub(super) fn experiment_overrides(&mut self, experiment: &written::Experiment, at: &At<'_>) -> Vec<Override> {
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

    fn one_override(&mut self, one: &written::Override, experiment: Option<String>, at: &At<'_>) -> Option<Override> {
        let who = match one.who.as_ref()? {
            Who::Units(units) => {
                unit_lengths(units, &at.key("units"), &mut self.problems);
                Who::Units(sorted(units))
            }
            Who::List(name) => {
                if !self.lists.contains_key(name.as_str()) {
                    self.problems.add(codes::UNKNOWN_LIST, &at.key("list"), format!("no list is called {name}"));
                }
                Who::List(name.clone())
            }
        };
        let variant = one.variant.as_ref()?;
        Some(Override { who, experiment, variant: (variant != "stable").then(|| variant.clone()) })
    }

    pub(super) fn known_variant(&mut self, experiment: &written::Experiment, variant: &str, at: &At<'_>) {
        let ids = || experiment.variants.iter().filter_map(|known| known.id.as_deref());
        if variant != "stable" && !ids().any(|id| id == variant) {
            let known = ids().chain(["stable"]).collect::<Vec<_>>().join(", ");
            self.problems.add(codes::UNKNOWN_VARIANT, at, format!("no variant is called {variant}; {known} would do"));
        }
    }

    fn units_once(&mut self, layer: &written::Layer, at: &At<'_>) {
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

    fn units_once_in<'u>(&mut self, one: &'u written::Override, told: &mut Told<'u>, at: &At<'_>) {
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
            self.problems.add(codes::DUPLICATE_UNIT, at, message);
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
