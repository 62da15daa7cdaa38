//! `Model -> Plan`: names become indices, salts and conditions are compiled, what a request can ask for is indexed.

use hashbrown::HashMap;

use crate::canonical::Revision;
use crate::listed::{ListId, Listed};
use crate::model::{Layer, Model};
use crate::slot::{Range, Salt, Use};
use crate::targeting::Test;

mod compile;
mod rules;
mod sources;

pub(crate) use rules::{Rule, Rules};
pub(crate) use sources::{SourceId, Sources};

/// A policy that is ready to decide. Immutable; a new policy is a new plan.
#[derive(Debug)]
pub struct Plan {
    pub(crate) revision: Option<Revision>,
    pub(crate) enabled: bool,
    pub(crate) tag_header: String,
    pub(crate) baggage: Option<String>,
    pub(crate) sources: Sources,
    pub(crate) units: Vec<Vec<SourceId>>,
    pub(crate) listed: Listed,
    pub(crate) lines: Vec<Salt>,
    pub(crate) holdouts: Vec<HoldoutPlan>,
    /// By id.
    pub(crate) layers: Vec<LayerPlan>,
    /// Every tag of the policy, those of disabled layers and experiments too.
    pub(crate) tags: HashMap<String, TagOf>,
}

/// Units below `share` on the line of `salt` are held out.
#[derive(Debug)]
pub(crate) struct HoldoutPlan {
    pub(crate) salt: Salt,
    pub(crate) unit: usize,
    pub(crate) share: u32,
}

#[derive(Debug)]
pub(crate) struct LayerPlan {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    /// Index of the plan's units.
    pub(crate) unit: Option<usize>,
    /// Index of the plan's lines.
    pub(crate) line: usize,
    /// Indices of the plan's holdouts.
    pub(crate) holdouts: Vec<usize>,
    /// Sorted by list; those of disabled experiments are not among them.
    pub(crate) overrides: Vec<(ListId, Forced)>,
    pub(crate) rules: Rules,
    /// Sorted and disjoint; the number is the index of the experiment that owns the range.
    pub(crate) slots: Vec<(Range, usize)>,
    pub(crate) experiments: Vec<ExperimentPlan>,
}

/// What an override or a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forced {
    pub(crate) experiment: Option<usize>,
    /// `None` means stable.
    pub(crate) variant: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct ExperimentPlan {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    pub(crate) salt: Salt,
    pub(crate) targeting: Option<Test>,
    /// Sorted and disjoint; the number is the index of the variant.
    pub(crate) ranges: Vec<(Range, usize)>,
    /// By id.
    pub(crate) variants: Vec<VariantPlan>,
}

#[derive(Debug)]
pub(crate) struct VariantPlan {
    pub(crate) id: String,
    pub(crate) tag: String,
    /// Service to subset, by service.
    pub(crate) routes: Vec<(String, String)>,
}

/// Whose tag it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TagOf {
    pub(crate) layer: usize,
    pub(crate) experiment: usize,
    pub(crate) variant: usize,
}

impl Plan {
    /// Compiles a model. `revision` is what the plan calls itself; a plan without one is a pass-through.
    pub fn compile(model: &Model, revision: Option<Revision>) -> Plan {
        let mut sources = Sources::default();
        let units = model.units.iter().map(|(_, written)| sources.unit(written)).collect();
        let mut compiler = compile::Compiler::new(model, sources);
        let mut lines = Lines::default();
        let layers: Vec<LayerPlan> =
            model.layers.iter().map(|layer| compiler.layer(layer, lines.index(layer))).collect();
        let tags = tags(&layers);
        let (sources, listed) = compiler.finish();
        Plan {
            revision,
            enabled: model.enabled,
            tag_header: model.env_tag.header.clone(),
            baggage: model.env_tag.baggage.clone(),
            sources,
            units,
            listed,
            lines: lines.salts,
            holdouts: holdouts(model),
            layers,
            tags,
        }
    }

    /// What the plan calls itself.
    pub fn revision(&self) -> Option<Revision> {
        self.revision
    }
}

/// Every line once, however many layers share it.
#[derive(Default)]
struct Lines {
    salts: Vec<Salt>,
    by_id: HashMap<String, usize>,
}

impl Lines {
    fn index(&mut self, layer: &Layer) -> usize {
        *self.by_id.entry_ref(layer.line.as_str()).or_insert_with(|| {
            self.salts.push(Salt::new(Use::Line, &layer.line, layer.epoch));
            self.salts.len().saturating_sub(1)
        })
    }
}

fn holdouts(model: &Model) -> Vec<HoldoutPlan> {
    let compile = |holdout: &crate::model::Holdout| HoldoutPlan {
        salt: Salt::new(Use::Holdout, &holdout.id, 0),
        // The checker has seen that the unit exists.
        unit: model.units.iter().position(|(name, _)| *name == holdout.unit).unwrap_or(usize::MAX),
        share: holdout.share,
    };
    model.holdouts.iter().map(compile).collect()
}

fn tags(layers: &[LayerPlan]) -> HashMap<String, TagOf> {
    let mut tags = HashMap::new();
    for (l, layer) in layers.iter().enumerate() {
        for (e, experiment) in layer.experiments.iter().enumerate() {
            for (v, variant) in experiment.variants.iter().enumerate() {
                tags.insert(variant.tag.clone(), TagOf { layer: l, experiment: e, variant: v });
            }
        }
    }
    tags
}

/// The owner of a slot, by binary search in sorted, disjoint ranges.
pub(crate) fn owner(ranges: &[(Range, usize)], slot: u32) -> Option<usize> {
    let behind = ranges.partition_point(|(range, _)| range.start <= slot);
    let (range, owner) = ranges.get(behind.checked_sub(1)?)?;
    (slot < range.end).then_some(*owner)
}
