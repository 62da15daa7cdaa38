//! `Policy -> Model`: every rule that a policy must obey, and every problem of a policy at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::attachment::Role;
use crate::document::{At, Problem, Problems, codes};
use crate::model::{EnvTag, Holdout, Layer, Model};
use crate::written::{self, Policy, UnitSource};
use crate::{evidence, limits};

mod audiences;
mod conditions;
mod cookies;
mod experiment;
mod lines;
mod lists;
mod named;
pub mod names;
mod operands;
mod overrides;
mod shares;
mod targeting;

pub use names::is_tag;
pub(crate) use names::{env_tag_names, id, weight_header};
pub use shares::{parse as parse_share, parts_per_million};

/// Checks the documents of one policy together. For `mesh` and `inbound` nothing is asked that only deciding needs.
///
/// # Errors
/// Every problem that was found.
pub fn check(documents: &[Policy], role: Role) -> Result<Model, Vec<Problem>> {
    let mut checker = Checker::new(documents, role);
    let model = checker.model();
    if checker.problems.is_empty() { Ok(model) } else { Err(checker.problems.into_vec()) }
}

/// What the rules of one policy need to know of the whole of it.
struct Checker<'a> {
    documents: &'a [Policy],
    decides: bool,
    tag_header: String,
    units: BTreeMap<&'a str, &'a Vec<UnitSource>>,
    lists: HashMap<&'a str, &'a Vec<String>>,
    list_groups: lists::ListGroups<'a>,
    /// The named conditions; `None` for those in which something is wrong.
    named: HashMap<&'a str, Option<conditions::Meaning>>,
    /// Bytes of all conditions so far in the canonical form, or fewer.
    condition_bytes: usize,
    layer_ids: HashSet<&'a str>,
    experiment_ids: HashSet<&'a str>,
    env_tags: HashSet<String>,
    problems: Problems,
}

impl<'a> Checker<'a> {
    fn new(documents: &'a [Policy], role: Role) -> Checker<'a> {
        Checker {
            documents,
            decides: role == Role::Edge,
            tag_header: String::new(),
            units: BTreeMap::new(),
            lists: HashMap::new(),
            list_groups: lists::ListGroups::default(),
            named: HashMap::new(),
            condition_bytes: 0,
            layer_ids: HashSet::new(),
            experiment_ids: HashSet::new(),
            env_tags: HashSet::new(),
            problems: Problems::default(),
        }
    }

    fn model(&mut self) -> Model {
        let env_tag = self.env_tag();
        self.tag_header.clone_from(&env_tag.header);
        self.units(&env_tag);
        self.lists();
        self.named_conditions();
        let targeting = self.policy_targeting();
        let layers = self.layers();
        self.counts(&layers);
        let holdouts = self.holdouts();
        let model = Model {
            // Any document may switch the whole policy off: a kill must not depend on finding the right file.
            enabled: self.documents.iter().all(|document| document.enabled != Some(false)),
            env_tag,
            units: self.units.iter().map(|(name, sources)| ((*name).to_owned(), lowered(sources))).collect(),
            lists: self.sorted_lists(),
            targeting,
            holdouts,
            layers,
        };
        self.canonical_bytes(&model);
        model
    }

    fn env_tag(&mut self) -> EnvTag {
        let mut first: Option<&written::EnvTag> = None;
        for policy in self.documents {
            let Some(env_tag) = &policy.env_tag else { continue };
            let root = At::Root { source: policy.source };
            let at = root.key("env_tag");
            names::env_tag(env_tag, &at, &mut self.problems);
            match first {
                Some(first) if first != env_tag => {
                    self.problems.add(
                        codes::CONFLICT,
                        &at,
                        "another file of this policy has a different env_tag; say it once",
                    );
                }
                _ => first = Some(env_tag),
            }
        }
        names::resolved(first.cloned().unwrap_or_default())
    }

    fn units(&mut self, env_tag: &EnvTag) {
        let mut issued = cookies::Issued::default();
        for policy in self.documents {
            let root = At::Root { source: policy.source };
            let at = root.key("units");
            for (name, sources) in &policy.units {
                let at = at.key(name);
                names::id(name, &at, &mut self.problems);
                for (i, source) in sources.iter().enumerate() {
                    names::unit_source(source, env_tag, &at.index(i), &mut self.problems);
                    issued.add(source, &at.index(i), &mut self.problems);
                }
                if self.units.insert(name, sources).is_some_and(|other| lowered(other) != lowered(sources)) {
                    self.problems.add(
                        codes::CONFLICT,
                        &at,
                        "another file of this policy defines this unit differently",
                    );
                }
            }
        }
    }

    fn lists(&mut self) {
        for policy in self.documents {
            let root = At::Root { source: policy.source };
            let at = root.key("lists");
            for (name, values) in &policy.lists {
                names::id(name, &at.key(name), &mut self.problems);
                lists::unit_lengths(values, &at.key(name), &mut self.problems);
                self.list_groups.insert(name, values);
                if self.lists.insert(name, values).is_some_and(|other| other != values) {
                    self.problems.add(
                        codes::CONFLICT,
                        &at.key(name),
                        "another file of this policy has a different list of this name",
                    );
                }
            }
        }
    }

    fn sorted_lists(&self) -> Vec<(String, Vec<String>)> {
        let mut lists: Vec<_> =
            self.lists.iter().map(|(name, values)| ((*name).to_owned(), lists::sorted(values))).collect();
        lists.sort_unstable();
        lists
    }

    fn layers(&mut self) -> Vec<Layer> {
        let mut layers = Vec::new();
        for policy in self.documents {
            let root = At::Root { source: policy.source };
            let at = root.key("layers");
            for (i, layer) in policy.layers.iter().enumerate() {
                layers.extend(self.layer(layer, policy.namespace.as_deref(), &at.index(i)));
            }
            if let Some(namespace) = &policy.namespace {
                names::namespace(namespace, &root.key("namespace"), &mut self.problems);
            }
        }
        lines::check(self.documents, &mut self.problems);
        layers.sort_by(|a, b| a.id.cmp(&b.id));
        layers
    }

    fn layer(&mut self, layer: &'a written::Layer, namespace: Option<&str>, at: &At<'_>) -> Option<Layer> {
        let id = layer.id.as_deref();
        if let Some(id) = id {
            names::id(id, &at.key("id"), &mut self.problems);
            if !self.layer_ids.insert(id) {
                self.problems.add(codes::DUPLICATE_ID, &at.key("id"), format!("another layer is called {id}"));
            }
        }
        if let Some(line) = &layer.line {
            names::id(line, &at.key("line"), &mut self.problems);
        }
        match &layer.unit {
            Some(unit) => self.known_unit(unit, &at.key("unit")),
            None if self.decides && !layer.unreadable => {
                self.problems.add(codes::MISSING_FIELD, at, "`unit` is missing");
            }
            None => {}
        }
        let experiments = layer.experiments.iter().enumerate();
        let experiments_at = at.key("experiments");
        let experiments: Vec<_> = experiments
            .filter_map(|(i, experiment)| self.experiment(experiment, namespace, &experiments_at.index(i)))
            .collect();
        let targeting = layer.targeting.as_ref();
        let targeting = targeting.and_then(|condition| self.condition(condition, &at.key("targeting")));
        let overrides = self.layer_overrides(layer, at);
        Some(Layer {
            id: id?.to_owned(),
            enabled: layer.enabled.unwrap_or(true),
            unit: layer.unit.clone(),
            line: layer.line.clone().unwrap_or_else(|| id.unwrap_or_default().to_owned()),
            epoch: layer.epoch,
            targeting,
            overrides,
            experiments,
        })
    }

    fn known_unit(&mut self, unit: &str, at: &At<'_>) {
        if self.decides && !self.units.contains_key(unit) {
            let known = self.units.keys().copied().collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "no unit is defined".to_owned() } else { format!("defined are {known}") };
            self.problems.add(codes::UNKNOWN_UNIT, at, format!("no unit is called {unit}; {known}"));
        }
    }

    /// Limits of the whole policy.
    fn counts(&mut self, layers: &[Layer]) {
        let root = At::Root { source: self.documents.first().map(|policy| policy.source).unwrap_or_default() };
        let at = root.key("layers");
        let layer_count = self.documents.iter().map(|policy| policy.layers.len()).sum();
        let all_layers = || self.documents.iter().flat_map(|policy| &policy.layers);
        let experiment_count = all_layers().map(|layer| layer.experiments.len()).sum();
        // Tags are joined by commas, so each but the first costs one more byte.
        let longest = |layer: &Layer| layer.experiments.iter().flat_map(|e| &e.variants).map(|v| v.env_tag.len()).max();
        let tag_bytes =
            layers.iter().filter_map(longest).map(|length| length.saturating_add(1)).sum::<usize>().saturating_sub(1);
        let judged = layers
            .iter()
            .flat_map(|layer| layer.experiments.iter().filter(|experiment| layer.gathers_evidence_of(experiment)));
        let evidence = judged
            .map(|experiment| experiment.variants.len().saturating_mul(evidence::COUNTERS_OF_VARIANT))
            .fold(0, usize::saturating_add);
        let listed = lists::count(self.documents, self.lists.values().copied());
        for (found, max, what) in [
            (layer_count, limits::LAYERS_MAX, "layers"),
            (experiment_count, limits::EXPERIMENTS_MAX, "experiments"),
            (listed, limits::LISTED_UNITS_MAX, "listed units"),
            (tag_bytes, limits::ENV_TAG_BYTES_MAX, "bytes of env tags when every layer is in force"),
            (evidence, limits::EVIDENCE_COUNTERS_MAX, EVIDENCE),
        ] {
            if found > max {
                self.problems.add(codes::LIMIT, &at, format!("{found} {what}; at most {max} are allowed"));
            }
        }
    }

    fn holdouts(&mut self) -> Vec<Holdout> {
        let mut ids = HashSet::new();
        let mut holdouts = Vec::new();
        for policy in self.documents {
            let root = At::Root { source: policy.source };
            let list_at = root.key("holdouts");
            for (i, holdout) in policy.holdouts.iter().enumerate() {
                let at = list_at.index(i);
                if let Some(id) = &holdout.id {
                    names::id(id, &at.key("id"), &mut self.problems);
                    if !ids.insert(id) {
                        self.problems.add(
                            codes::DUPLICATE_ID,
                            &at.key("id"),
                            format!("another holdout is called {id}"),
                        );
                    }
                }
                holdouts.extend(self.holdout(holdout, &at));
            }
        }
        holdouts.sort_by(|a: &Holdout, b| a.id.cmp(&b.id));
        holdouts
    }

    fn holdout(&mut self, holdout: &written::Holdout, at: &At<'_>) -> Option<Holdout> {
        for (missing, name) in [(holdout.unit.is_none(), "unit"), (holdout.layers.is_none(), "layers")] {
            if missing && self.decides && !holdout.unreadable {
                self.problems.add(codes::MISSING_FIELD, at, format!("`{name}` is missing"));
            }
        }
        if let Some(unit) = &holdout.unit {
            self.known_unit(unit, &at.key("unit"));
        }
        let mut layers = holdout.layers.clone().unwrap_or_default();
        for (i, layer) in layers.iter().enumerate() {
            if !self.layer_ids.contains(layer.as_str()) {
                self.problems.add(
                    codes::UNKNOWN_LAYER,
                    &at.key("layers").index(i),
                    format!("no layer is called {layer}"),
                );
            }
        }
        layers.sort_unstable();
        layers.dedup();
        let share =
            holdout.share.as_ref().map_or(Some(0), |share| shares::parse(share, &at.key("share"), &mut self.problems));
        let (id, unit) = (holdout.id.clone()?, holdout.unit.clone()?);
        Some(Holdout { id, unit, epoch: holdout.epoch, share: share?, layers })
    }
}

/// What is counted for the limit, and how much of it a variant needs.
const EVIDENCE: &str = "evidence counters, 112 for each variant of an experiment that is on, in a layer that is on, on a line that begins \
                        with `pool.`";

/// Header names in lower case, as they are compared.
fn lowered(sources: &[UnitSource]) -> Vec<UnitSource> {
    let lower = |source: &UnitSource| match source {
        UnitSource::Header(name) => UnitSource::Header(name.to_ascii_lowercase()),
        other => other.clone(),
    };
    sources.iter().map(lower).collect()
}

#[cfg(test)]
mod tests;
