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
            Some(Who::List(name)) => self.told_before(name, told).then(|| format!("a unit of the list {name}")),
            Some(Who::Units(units)) => {
                let mut twice = None;
                // A unit that stands twice in one place counts once, as in a list.
                for unit in units.iter().collect::<HashSet<_>>() {
                    let listed = told.lists.iter().any(|list| self.list_sets.has(list, unit));
                    if !told.units.insert(unit) || listed {
                        twice = twice.max(Some(unit));
                    }
                }
                twice.map(|unit| format!("the unit {unit:?}"))
            }
        };
        if let Some(who) = twice {
            let message = format!("{who} stands in another override of this layer; keep it in one");
            self.problems.add(Code::DuplicateUnit, at, message);
        }
    }

    /// Whether a list has a unit that an override of the layer has named before.
    fn told_before<'u>(&mut self, name: &'u str, told: &mut Told<'u>) -> bool {
        let written = told.units.iter().any(|unit| self.list_sets.has(name, unit));
        let listed = told.lists.iter().any(|other| self.list_sets.share(name, other));
        !told.lists.insert(name) || written || listed
    }
}

/// The units that overrides of a layer have named so far.
#[derive(Default)]
struct Told<'u> {
    units: HashSet<&'u str>,
    lists: HashSet<&'u str>,
}

/// Lists as sets, and which of them share a unit: worked out once, however many layers ask.
#[derive(Default)]
pub(super) struct ListSets<'a> {
    sets: HashMap<&'a str, HashSet<&'a str>>,
    shared: HashMap<(String, String), bool>,
}

impl<'a> ListSets<'a> {
    pub(super) fn insert(&mut self, name: &'a str, values: &'a [String]) {
        self.sets.insert(name, values.iter().map(String::as_str).collect());
    }

    fn has(&self, name: &str, unit: &str) -> bool {
        self.sets.get(name).is_some_and(|set| set.contains(unit))
    }

    fn share(&mut self, a: &str, b: &str) -> bool {
        let pair = (a.min(b).to_owned(), a.max(b).to_owned());
        let sets = &self.sets;
        *self.shared.entry(pair).or_insert_with(|| match (sets.get(a), sets.get(b)) {
            (Some(a), Some(b)) => !a.is_disjoint(b),
            _ => false,
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

/// Listed units: those of the lists and those written into overrides.
pub(super) fn count(documents: &[Policy], in_lists: usize) -> usize {
    let layers = documents.iter().flat_map(|policy| &policy.layers);
    let overrides =
        layers.flat_map(|layer| layer.overrides.iter().chain(layer.experiments.iter().flat_map(|e| &e.overrides)));
    let written = overrides.filter_map(|one| match &one.who {
        Some(Who::Units(units)) => Some(units.len()),
        _ => None,
    });
    written.fold(in_lists, usize::saturating_add)
}

/// A set of texts, in order, each once.
pub(super) fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort_unstable();
    texts.dedup();
    texts
}
