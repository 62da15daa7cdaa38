//! Counts of requests by part and outcome, of each variant of each experiment: as an Envoy's counters say them, or as a
//! difference of two such.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weir_policy::evidence::{self, Assigned, Outcome};

use super::experiments::Experiments;

const PARTS: usize = evidence::PARTS as usize;
const OUTCOMES: usize = Outcome::ALL.len();

/// Counts by experiment and variant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<String, BTreeMap<String, VariantCounts>>);

/// Counts of one variant. In JSON an outcome that nothing had is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "ByOutcome", try_from = "ByOutcome")]
pub struct VariantCounts([[u64; PARTS]; OUTCOMES]);

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct ByOutcome(BTreeMap<String, [u64; PARTS]>);

impl Counts {
    /// Those of one experiment, by the ids of its variants.
    pub fn of_experiment(id: &str, variants: impl IntoIterator<Item = (String, VariantCounts)>) -> Counts {
        Counts(BTreeMap::from([(id.to_owned(), variants.into_iter().collect())]))
    }

    /// None, of these experiments and variants.
    pub(crate) fn none_of(experiments: &Experiments) -> Counts {
        let none = |variants: &BTreeSet<String>| {
            variants.iter().map(|variant| (variant.clone(), VariantCounts::default())).collect()
        };
        Counts(experiments.iter().map(|(id, variants)| (id.clone(), none(variants))).collect())
    }

    /// The experiments, each with its variants.
    pub fn experiments(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, VariantCounts>)> {
        self.0.iter().map(|(experiment, variants)| (experiment.as_str(), variants))
    }

    /// The counts of a variant, if it has any.
    pub fn of(&self, experiment: &str, variant: &str) -> Option<&VariantCounts> {
        self.0.get(experiment)?.get(variant)
    }

    /// Whether this experiment is among them.
    pub(crate) fn has(&self, experiment: &str) -> bool {
        self.0.contains_key(experiment)
    }

    /// Whether nothing was counted.
    pub fn are_none(&self) -> bool {
        self.0.values().flat_map(BTreeMap::values).all(VariantCounts::are_none)
    }

    /// Sets a counter of a variant that is in it.
    pub(crate) fn set(&mut self, counter: Assigned<'_>, value: u64) {
        let variant = self.0.get_mut(counter.experiment).and_then(|variants| variants.get_mut(counter.variant));
        if let Some(count) = variant.and_then(|counts| counts.at(counter.outcome, counter.part)) {
            *count = value;
        }
    }

    /// An experiment with a variant of which, in some part, another outcome is ahead of all requests by more than this.
    pub(crate) fn without_sense(&self, ahead_max: u64) -> Option<&str> {
        let is_without = |counts: &VariantCounts| counts.ahead() > ahead_max;
        self.experiments().find(|(_, variants)| variants.values().any(is_without)).map(|(id, _)| id)
    }

    pub(crate) fn add(&mut self, more: &Counts) {
        for (experiment, variants) in &more.0 {
            let own = self.0.entry(experiment.clone()).or_default();
            for (variant, more) in variants {
                own.entry(variant.clone()).or_default().add(more);
            }
        }
    }

    /// Puts these in the place of those of the same variants.
    pub(crate) fn replace(&mut self, by: Counts) {
        for (experiment, variants) in by.0 {
            self.0.entry(experiment).or_default().extend(variants);
        }
    }

    /// Drops all other experiments and variants. Whether there were any.
    pub(crate) fn keep(&mut self, kept: &Experiments) -> bool {
        let variants = |counts: &Counts| counts.0.values().map(BTreeMap::len).fold(0, usize::saturating_add);
        let before = variants(self);
        self.0.retain(|experiment, variants| {
            variants.retain(|variant, _| kept.has_variant(experiment, variant));
            !variants.is_empty()
        });
        variants(self) < before
    }

    /// What came since those before, of variants that are in these and had any; none if a number fell.
    pub(crate) fn since(&self, before: &Counts) -> Option<Counts> {
        let mut came = Counts::default();
        for (experiment, variants) in &self.0 {
            for (variant, counts) in variants {
                let before = before.of(experiment, variant).cloned().unwrap_or_default();
                let difference = counts.since(&before)?;
                if !difference.are_none() {
                    came.0.entry(experiment.clone()).or_default().insert(variant.clone(), difference);
                }
            }
        }
        Some(came)
    }
}

impl VariantCounts {
    /// Those that had so many requests of a part which ended so.
    pub fn new(counted: impl Fn(Outcome, usize) -> u64) -> VariantCounts {
        VariantCounts(Outcome::ALL.map(|outcome| std::array::from_fn(|part| counted(outcome, part))))
    }

    /// The requests of each part that ended so.
    pub fn by_part(&self, outcome: Outcome) -> [u64; PARTS] {
        self.0.get(outcome as usize).copied().unwrap_or_default()
    }

    /// The requests of all parts that ended so.
    pub fn total(&self, outcome: Outcome) -> u64 {
        self.by_part(outcome).into_iter().fold(0, u64::saturating_add)
    }

    /// The same, with no part of which more requests ended in some way than there were: numbers of one reading may be some
    /// requests apart.
    pub(crate) fn clamped(&self) -> VariantCounts {
        let all = self.by_part(Outcome::All);
        let mut clamped = self.clone();
        let rows = clamped.0.iter_mut().flat_map(|parts| parts.iter_mut().zip(all));
        rows.for_each(|(count, all)| *count = (*count).min(all));
        clamped
    }

    fn are_none(&self) -> bool {
        self.0.iter().flatten().all(|count| *count == 0)
    }

    /// How far an outcome is ahead of all requests, in the part where it is furthest.
    fn ahead(&self) -> u64 {
        let all = self.by_part(Outcome::All);
        let ahead = self.0.iter().flat_map(|parts| parts.iter().zip(all)).map(|(count, all)| count.saturating_sub(all));
        ahead.max().unwrap_or(0)
    }

    fn at(&mut self, outcome: Outcome, part: u8) -> Option<&mut u64> {
        self.0.get_mut(outcome as usize)?.get_mut(usize::from(part))
    }

    pub(crate) fn add(&mut self, more: &VariantCounts) {
        let more = more.0.iter().flatten();
        self.0.iter_mut().flatten().zip(more).for_each(|(count, more)| *count = count.saturating_add(*more));
    }

    fn since(&self, before: &VariantCounts) -> Option<VariantCounts> {
        let mut came = self.clone();
        for (count, before) in came.0.iter_mut().flatten().zip(before.0.iter().flatten()) {
            *count = count.checked_sub(*before)?;
        }
        Some(came)
    }
}

impl From<VariantCounts> for ByOutcome {
    fn from(counts: VariantCounts) -> ByOutcome {
        let all = Outcome::ALL.into_iter().map(|outcome| (outcome.name().to_owned(), counts.by_part(outcome)));
        ByOutcome(all.filter(|(_, parts)| *parts != [0; PARTS]).collect())
    }
}

impl TryFrom<ByOutcome> for VariantCounts {
    type Error = String;

    fn try_from(ByOutcome(by_outcome): ByOutcome) -> Result<VariantCounts, String> {
        let mut counts = VariantCounts::default();
        for (name, parts) in by_outcome {
            let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.name() == name);
            let row = outcome.and_then(|outcome| counts.0.get_mut(outcome as usize));
            *row.ok_or_else(|| format!("no outcome is called {name:?}"))? = parts;
        }
        Ok(counts)
    }
}
