//! The steps of a decision, as they are told.

use weir_policy::Range;
use weir_policy::model::{Leaf, UnitSource};

/// The steps of one layer, in their order; the last one settled it.
#[derive(Clone, Debug, PartialEq)]
pub struct Why<'m> {
    /// The layer's id.
    pub layer: &'m str,
    /// What was looked at.
    pub steps: Vec<Step<'m>>,
}

/// What a switch or a condition is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'m> {
    /// The whole policy.
    Policy,
    /// A layer, by its id.
    Layer(&'m str),
    /// An experiment, by its id.
    Experiment(&'m str),
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<'m> {
    /// Something is switched off.
    Off {
        /// What it is.
        of: Scope<'m>,
    },
    /// A targeting was asked.
    Targeting {
        /// Whose it is.
        of: Scope<'m>,
        /// What came of it.
        verdict: Verdict<'m>,
    },
    /// The layer's unit was looked for.
    Unit {
        /// What the policy calls it.
        unit: &'m str,
        /// Its bytes; none where the request has none of it.
        value: Option<Vec<u8>>,
        /// The source that had it, or had too much of it.
        source: Option<&'m UnitSource>,
        /// Sources before that one, which had nothing.
        passed: Vec<&'m UnitSource>,
        /// Whether it was made for this request.
        is_made: bool,
        /// Whether the source has more bytes than a unit may have: then there is no unit.
        is_too_long: bool,
    },
    /// An override names the unit.
    Override {
        /// Whose override it is: a layer's or an experiment's.
        of: Scope<'m>,
        /// Its place among the overrides there, from 1.
        number: usize,
        /// The list that has the unit; none where the override writes its units out.
        list: Option<&'m str>,
        /// The experiment that is forced; none for the layer's stable.
        experiment: Option<&'m str>,
        /// The variant that is forced; `None` means stable.
        variant: Option<&'m str>,
    },
    /// There are overrides in force, and none names the unit.
    NoOverride {
        /// How many were asked.
        overrides: usize,
        /// The lists that they name, each once, in the order of the overrides.
        lists: Vec<&'m str>,
        /// Units that they write out.
        units: usize,
    },
    /// A rule was asked.
    Rule {
        /// The experiment that has it.
        experiment: &'m str,
        /// Its place among the rules there, from 1.
        number: usize,
        /// The variant that it forces; `None` means stable.
        variant: Option<&'m str>,
        /// What came of it.
        verdict: Verdict<'m>,
    },
    /// A holdout of the layer was looked at.
    Holdout {
        /// Its id.
        holdout: &'m str,
        /// The unit that it is of.
        unit: &'m str,
        /// That unit's slot on the holdout's line; none where the request has no such unit.
        slot: Option<u32>,
        /// Slots below this are held out.
        share: u32,
    },
    /// The unit's slot on the layer's line was looked up.
    Slot {
        /// The line.
        line: &'m str,
        /// The slot.
        slot: u32,
        /// The range that has it.
        range: Range,
        /// The experiment that owns the range; `None` if nobody does.
        experiment: Option<&'m str>,
    },
    /// An audience was asked.
    Audience {
        /// The experiment that has it.
        experiment: &'m str,
        /// Its id.
        audience: &'m str,
        /// What came of it.
        verdict: Verdict<'m>,
    },
    /// The unit's slot on the experiment's own line was looked up.
    Share {
        /// The experiment.
        experiment: &'m str,
        /// The slot.
        slot: u32,
        /// What each variant owns for this audience, by the variant's id; those that own nothing are left out.
        ranges: Vec<(&'m str, Vec<Range>)>,
        /// The variant that owns the slot; `None` if nobody does.
        variant: Option<&'m str>,
    },
    /// A tag of the layer was looked for; `mesh` only.
    Tag {
        /// The tag; none if there was none of this layer.
        tag: Option<&'m str>,
        /// Where the tags of the request were; none where it had none at all.
        from: Option<TagsFrom>,
    },
    /// A layer with a lower id routes a service elsewhere, and wins there.
    Conflict {
        /// That layer.
        layer: &'m str,
        /// The service.
        service: &'m str,
        /// The subset or the service that it goes to.
        target: &'m str,
    },
}

/// What came of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict<'m> {
    /// Whether it holds.
    pub holds: bool,
    /// The leaves that settled it: of `all` the first that fails, of `any` the first that holds, else every one.
    pub because: Vec<SeenLeaf<'m>>,
}

/// A leaf, and what it was held against.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenLeaf<'m> {
    /// The leaf.
    pub leaf: &'m Leaf,
    /// The values that the request has there; none if it has none.
    pub values: Vec<Vec<u8>>,
    /// Whether it holds.
    pub holds: bool,
    /// Whether it stands under an odd number of `not`, and so should not hold.
    pub is_negated: bool,
}

/// Where the tags of a request were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagsFrom {
    /// In the tag header.
    Header,
    /// In the baggage.
    Baggage,
    /// With the live requests of its trace that came into the workload.
    Trace,
}

impl TagsFrom {
    /// As it is printed.
    pub fn name(self) -> &'static str {
        match self {
            TagsFrom::Header => "header",
            TagsFrom::Baggage => "baggage",
            TagsFrom::Trace => "trace",
        }
    }
}
