//! The experiments that evidence is gathered of: those on pool lines, with their variants.

use std::collections::{BTreeMap, BTreeSet};

use weir_policy::evidence::POOL;
use weir_policy::model::{Experiment, Model};

/// Experiments by id, each with the ids of its variants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Experiments(BTreeMap<String, BTreeSet<String>>);

impl Experiments {
    /// Those on pool lines, switched off or not.
    pub fn on_pool_lines(policy: &Model) -> Experiments {
        let layers = policy.layers.iter().filter(|layer| layer.line.starts_with(POOL));
        layers.flat_map(|layer| &layer.experiments).map(with_variants).collect()
    }

    /// Those of them that edges count: they are on, and have variants.
    pub fn counted(policy: &Model) -> Experiments {
        let layers = policy.layers.iter().filter(|_| policy.enabled);
        let counted = layers.flat_map(|layer| {
            let gathers = |experiment: &&Experiment| layer.gathers_evidence_of(experiment);
            layer.experiments.iter().filter(gathers).filter(|experiment| !experiment.variants.is_empty())
        });
        counted.map(with_variants).collect()
    }

    /// Whether there are none.
    pub fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Their ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    pub(crate) fn has_variant(&self, id: &str, variant: &str) -> bool {
        self.variants(id).is_some_and(|variants| variants.contains(variant))
    }

    pub(crate) fn variants(&self, id: &str) -> Option<&BTreeSet<String>> {
        self.0.get(id)
    }

    /// The number of the variants of all.
    pub(crate) fn count_variants(&self) -> usize {
        self.0.values().map(BTreeSet::len).fold(0, usize::saturating_add)
    }

    pub(crate) fn insert(&mut self, id: &str, variants: &BTreeSet<String>) {
        self.0.insert(id.to_owned(), variants.clone());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &BTreeSet<String>)> {
        self.0.iter()
    }
}

fn with_variants(experiment: &Experiment) -> (String, BTreeSet<String>) {
    (experiment.id.clone(), experiment.variants.iter().map(|variant| variant.id.clone()).collect())
}

impl FromIterator<(String, BTreeSet<String>)> for Experiments {
    fn from_iter<T: IntoIterator<Item = (String, BTreeSet<String>)>>(of: T) -> Experiments {
        Experiments(of.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use weir_policy::{Role, Source, Sources, read_policy};

    use super::*;

    /// A policy with three layers of one experiment each: on a pool line, on a line of its own, and on a pool line of another unit.
    fn policy(enabled: bool) -> Model {
        let text = r#"{"version": 1, "enabled": ENABLED, "units": {"user": [{"header": "x-user"}]}, "layers": [
            {"id": "a", "unit": "user", "line": "pool.user", "experiments": [
                {"id": "owl", "slots": [[0, 10]], "services": ["s"],
                 "variants": [{"id": "canary", "share": "5%"}, {"id": "control", "share": "5%"}]},
                {"id": "off", "enabled": false, "slots": [[10, 20]], "services": ["t"], "variants": [{"id": "v", "share": "5%"}]},
                {"id": "plain", "slots": [[20, 30]], "services": ["t"], "variants": []}]},
            {"id": "b", "unit": "user", "experiments": [
                {"id": "cat", "slots": [[0, 10]], "services": ["u"], "variants": [{"id": "v", "share": "5%"}]}]},
            {"id": "c", "unit": "user", "line": "pool.other", "enabled": false, "experiments": [
                {"id": "dog", "slots": [[0, 10]], "services": ["v"], "variants": [{"id": "v", "share": "5%"}]}]}]}"#;
        let text = text.replace("ENABLED", if enabled { "true" } else { "false" });
        let sources = Sources::of([Source::json("policy.json", text)]);
        read_policy(&sources, Role::Edge).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    #[test]
    fn enabled_experiments_with_variants_on_pool_lines_are_counted_and_no_others() {
        let counted = Experiments::counted(&policy(true));
        assert_eq!(counted, crate::evidence::testing::experiments(&[("owl", &["canary", "control"])]));
        assert!(Experiments::counted(&policy(false)).are_none());
        assert_eq!(
            Experiments::on_pool_lines(&policy(false)).ids().collect::<Vec<_>>(),
            ["dog", "off", "owl", "plain"]
        );
    }
}
