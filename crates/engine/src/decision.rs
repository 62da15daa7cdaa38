//! What was decided: an outcome per layer with its reason, and what follows from it.

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::plan::{ExperimentPlan, LayerPlan, Plan, VariantPlan};
use crate::rules::Forced;
use crate::tags::Dropped;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident => $name:literal,)+) => {
        /// Why a layer came out as it did.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[doc = $doc])+ $variant,)+ }

        impl Reason {
            /// Every reason, in the order of the steps.
            pub const ALL: &[Reason] = &[$(Reason::$variant,)+];

            /// As it is printed, logged and counted.
            pub fn name(self) -> &'static str {
                match self { $(Reason::$variant => $name,)+ }
            }

            /// One sentence for the reference.
            pub fn meaning(self) -> &'static str {
                match self { $(Reason::$variant => concat!($($doc),+),)+ }
            }
        }
    };
}

reasons! {
    /// The policy or the layer is switched off.
    Disabled => "disabled",
    /// A known tag of this layer arrived.
    Tag => "tag",
    /// No tag of this layer arrived, and `mesh` never deals.
    NoTag => "no_tag",
    /// A list names the unit.
    Override => "override",
    /// A rule holds.
    Rule => "rule",
    /// The request has no unit.
    NoUnit => "no_unit",
    /// The unit is held out of this layer.
    Holdout => "holdout",
    /// Nobody owns the unit's slot.
    NotOwned => "not_owned",
    /// The experiment that owns the slot, or whose tag arrived, is switched off.
    ExperimentDisabled => "experiment_disabled",
    /// The request fails the targeting of the policy, of the layer, or of the experiment that owns the slot.
    NotTargeted => "not_targeted",
    /// No variant owns the unit's slot on the experiment's line.
    NoVariant => "no_variant",
    /// The unit was dealt this variant.
    Assigned => "assigned",
    /// A variant of an earlier layer routes a service of this one elsewhere, and wins there.
    RouteConflict => "route_conflict",
}

/// The decision on one request.
#[derive(Debug)]
pub struct Decision<'p> {
    pub(crate) plan: &'p Plan,
    /// One a layer, by layer id.
    pub(crate) outcomes: Outcomes<'p>,
    /// `mesh`: the tags that arrived and go on if they are still in force, in the order of arrival.
    pub(crate) kept: Vec<Kept>,
    pub(crate) dropped: Dropped,
}

pub(crate) type Outcomes<'p> = SmallVec<[Outcome<'p>; 4]>;

/// What came out for one layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome<'p> {
    pub(crate) slot: Option<u32>,
    pub(crate) experiment: Option<&'p ExperimentPlan>,
    pub(crate) experiment_slot: Option<u32>,
    /// `None` means stable.
    pub(crate) variant: Option<&'p VariantPlan>,
    pub(crate) reason: Reason,
    /// Of the unit; it says something where the experiment's slot was looked at.
    pub(crate) part: u8,
}

/// A variant that a request was dealt on a line of a pool, as it is counted for evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dealt {
    /// Its place among [`Plan::pool_variants`].
    pub variant: u16,
    /// The part of the unit.
    pub part: u8,
}

/// A tag that arrived and is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Of some other policy.
    Unknown(Vec<u8>),
    /// Of a layer, which knows whether it is still in force.
    Layer(usize),
}

/// What came out for one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerOutcome<'p> {
    /// The layer's id.
    pub layer: &'p str,
    /// The unit's slot on the layer's line, if it was looked at.
    pub slot: Option<u32>,
    /// The experiment that owned or forced.
    pub experiment: Option<&'p str>,
    /// The unit's slot on the experiment's line, if it was looked at.
    pub experiment_slot: Option<u32>,
    /// The variant in force; `None` means stable.
    pub variant: Option<&'p str>,
    /// Of an experiment that has audiences the one that held, `-` if none did or none was asked.
    pub audience: Option<&'p str>,
    /// Why.
    pub reason: Reason,
    /// The part of the unit, where the request is counted as evidence.
    pub part: Option<u8>,
}

impl<'p> Outcome<'p> {
    pub(crate) fn stable(reason: Reason) -> Outcome<'p> {
        Outcome { slot: None, experiment: None, experiment_slot: None, variant: None, reason, part: 0 }
    }

    pub(crate) fn forced(layer: &'p LayerPlan, forced: Forced, reason: Reason) -> Outcome<'p> {
        let experiment = forced.experiment.and_then(|experiment| layer.experiments.get(experiment));
        let variant = experiment.zip(forced.variant).and_then(|(experiment, variant)| experiment.variants.get(variant));
        Outcome { experiment, variant, ..Outcome::stable(reason) }
    }

    /// What is evidence: only a random draw, and only on a line of a pool.
    #[inline]
    pub(crate) fn dealt(&self) -> Option<Dealt> {
        let variant = self.variant?.in_pool?;
        (self.reason == Reason::Assigned).then_some(Dealt { variant, part: self.part })
    }
}

impl<'p> Decision<'p> {
    /// Nothing decided yet.
    pub fn new(plan: &'p Plan) -> Decision<'p> {
        Decision { plan, outcomes: SmallVec::new(), kept: Vec::new(), dropped: Dropped::default() }
    }

    /// The plan that it was decided by.
    pub fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// What came out, by layer id.
    pub fn layers(&self) -> impl Iterator<Item = LayerOutcome<'p>> {
        let plan = self.plan;
        self.outcomes.iter().zip(&plan.layers).map(move |(outcome, layer)| LayerOutcome {
            layer: &layer.id,
            slot: outcome.slot,
            experiment: outcome.experiment.map(|experiment| experiment.id.as_str()),
            experiment_slot: outcome.experiment_slot,
            variant: outcome.variant.map(|variant| variant.id.as_str()),
            audience: outcome.experiment.and_then(|experiment| experiment.audience.as_deref()),
            reason: outcome.reason,
            part: outcome.dealt().map(|dealt| dealt.part),
        })
    }

    /// The variant in force of a layer, by the layer's index.
    pub(crate) fn in_force(&self, layer: usize) -> Option<&'p VariantPlan> {
        self.outcomes.get(layer)?.variant
    }

    /// Variants in force, by layer id.
    pub(crate) fn all_in_force(&self) -> impl Iterator<Item = &'p VariantPlan> {
        self.outcomes.iter().filter_map(|outcome| outcome.variant)
    }

    /// Where variants of two layers lead one service to different places, the lower layer id routes it; the other layer
    /// keeps its tag and its other routes, and says so.
    pub(crate) fn settle_routes(&mut self) {
        // One line routes a service, so layers that have their lines to themselves cannot disagree.
        if !self.plan.shares_lines {
            return;
        }
        let mut routes: HashMap<&str, &str> = HashMap::new();
        for outcome in &mut self.outcomes {
            let Some(variant) = outcome.variant else { continue };
            let mut conflict = false;
            for (service, target) in &variant.routes {
                conflict |= *routes.entry(service).or_insert(target) != target;
            }
            if conflict {
                outcome.reason = Reason::RouteConflict;
            }
        }
    }
}
