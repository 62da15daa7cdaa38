//! `Model -> Plan`: names become indices, salts and conditions are compiled, what a request can ask for is indexed.

use hashbrown::{HashMap, HashSet};

use crate::attachment::{Attachment, Role, Sticky};
use crate::canonical::Revision;
use crate::listed::{ListId, Listed};
use crate::model::{CookieLife, Model};
use crate::slot::{Range, Salt, Use};
use crate::targeting::Test;

mod compile;
mod rules;
mod sources;

pub(crate) use rules::{Rule, Rules};
pub(crate) use sources::{Lengths, SourceId, Sources, next};

/// A policy that is ready to decide where the attachment puts it. Immutable; a new policy is a new plan.
#[derive(Debug)]
pub struct Plan {
    pub(crate) attachment: Attachment,
    pub(crate) revision: Option<Revision>,
    /// How every filter state begins; none where no policy is in force.
    pub(crate) state_head: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) tag_header: String,
    pub(crate) baggage: Option<String>,
    /// The cookie that shows the tags to the page, and where it is read to see whether it changes; `edge` only.
    pub(crate) tag_cookie: Option<(Cookie, SourceId)>,
    /// The cookie that shows the tags to the upstream; `edge` only.
    pub(crate) request_cookie: Option<String>,
    /// Whether some unit is made where it is absent.
    pub(crate) issues: bool,
    /// Whether requests may need their `cookie` header written.
    pub(crate) writes_cookies: bool,
    /// The lengths of the names of all headers that are looked at but `x-weir-*`.
    lengths: Lengths,
    pub(crate) sources: Sources,
    pub(crate) units: Vec<UnitPlan>,
    /// Index of the unit that the filter state names.
    pub(crate) log_unit: Option<usize>,
    /// One for each sticky header of the attachment, in its order.
    pub(crate) sticky: Vec<StickyPlan>,
    pub(crate) listed: Listed,
    /// Whether layers share a line: only then can two of them route one service.
    pub(crate) shares_lines: bool,
    pub(crate) holdouts: Vec<HoldoutPlan>,
    /// By id.
    pub(crate) layers: Vec<LayerPlan>,
    /// Every tag of the policy, those of disabled layers and experiments too.
    pub(crate) tags: HashMap<String, TagOf>,
}

/// Where a unit is read.
#[derive(Debug)]
pub(crate) struct UnitPlan {
    pub(crate) sources: Vec<UnitSourcePlan>,
    /// Whether it is made where it is absent.
    pub(crate) is_issued: bool,
}

#[derive(Debug)]
pub(crate) struct UnitSourcePlan {
    pub(crate) id: SourceId,
    /// The cookie in which the unit may be made.
    pub(crate) issue: Option<Cookie>,
}

/// A cookie that responses may set.
#[derive(Clone, Debug)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) life: CookieLife,
}

/// The slot of a unit for other people's weights.
#[derive(Debug)]
pub(crate) struct StickyPlan {
    pub(crate) salt: Salt,
    /// Index of the plan's units; none where no policy is in force.
    pub(crate) unit: Option<usize>,
    pub(crate) header: String,
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
    /// Of its line.
    pub(crate) salt: Salt,
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
    /// Its place among [`Plan::series`]; none beyond the limit.
    pub(crate) series: Option<u32>,
}

/// Whose tag it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TagOf {
    pub(crate) layer: usize,
    pub(crate) experiment: usize,
    pub(crate) variant: usize,
}

impl Plan {
    /// Compiles a model for an attachment. `revision` is what the plan calls itself; a plan without one is a
    /// pass-through, which only strips.
    pub fn compile(model: &Model, attachment: &Attachment, revision: Option<Revision>) -> Plan {
        let mut compiler = compile::Compiler::new(model, attachment, revision.is_some());
        let layers: Vec<LayerPlan> = model.layers.iter().map(|layer| compiler.layer(layer)).collect();
        let lines: HashSet<&str> = model.layers.iter().map(|layer| layer.line.as_str()).collect();
        let is_edge = attachment.role == Role::Edge;
        let tag_cookie = model.env_tag.cookie.as_ref().filter(|_| is_edge && revision.is_some());
        let tag_cookie = tag_cookie.map(|(name, life)| (Cookie::new(name, life), compiler.sources.want_cookie(name)));
        let request_cookie = model.env_tag.request_cookie.clone().filter(|_| is_edge);
        let issues = compiler.units.iter().any(|unit| unit.is_issued);
        let writes_cookies = request_cookie.is_some() || issues;
        let mut lengths = compiler.sources.lengths();
        let sticky_names = attachment.sticky.iter().map(|sticky| sticky.header.as_str());
        for name in [model.env_tag.header.as_str(), "content-type"].into_iter().chain(sticky_names) {
            lengths.add(name.as_bytes());
        }
        if let Some(join) = attachment.join {
            lengths.add(join.name().as_bytes());
        }
        if model.env_tag.baggage.is_some() {
            lengths.add(b"baggage");
        }
        if writes_cookies || tag_cookie.is_some() {
            [&b"cookie"[..], b":scheme", b"x-forwarded-proto"].into_iter().for_each(|name| lengths.add(name));
        }
        Plan {
            attachment: attachment.clone(),
            revision,
            state_head: revision.map(|revision| format!("1;{revision};")),
            enabled: model.enabled,
            tag_header: model.env_tag.header.clone(),
            baggage: model.env_tag.baggage.clone(),
            request_cookie,
            issues,
            writes_cookies,
            lengths,
            // An edge believes no tag; what it reads of its own cookie is for the page.
            tags: if is_edge && tag_cookie.is_none() { HashMap::new() } else { tags(&layers) },
            tag_cookie,
            log_unit: attachment.log_unit.as_ref().and_then(|unit| unit_index(model, unit)),
            sticky: sticky(model, attachment),
            sources: compiler.sources,
            units: compiler.units,
            listed: compiler.listed,
            shares_lines: lines.len() < layers.len(),
            holdouts: holdouts(model),
            layers,
        }
    }

    /// What the plan calls itself.
    pub fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// Where and how the filter is put.
    pub fn attachment(&self) -> &Attachment {
        &self.attachment
    }

    /// Whether a header may say something: most have a name of another length, and need no closer look.
    #[inline]
    pub(crate) fn looks_at(&self, name: &[u8]) -> bool {
        self.lengths.has(name) || name.starts_with(b"x-weir-")
    }

    /// Whether only Weir writes this header, so that what a client sends under its name goes.
    pub(crate) fn owns_header(&self, name: &[u8]) -> bool {
        name.starts_with(b"x-weir-") || self.sticky.iter().any(|sticky| sticky.header.as_bytes() == name)
    }
}

impl Cookie {
    fn new(name: &str, life: &CookieLife) -> Cookie {
        Cookie { name: name.to_owned(), life: life.clone() }
    }
}

fn holdouts(model: &Model) -> Vec<HoldoutPlan> {
    let compile = |holdout: &crate::model::Holdout| HoldoutPlan {
        salt: Salt::new(Use::Holdout, &holdout.id, 0),
        // The checker has seen that the unit exists.
        unit: unit_index(model, &holdout.unit).unwrap_or(usize::MAX),
        share: holdout.share,
    };
    model.holdouts.iter().map(compile).collect()
}

fn sticky(model: &Model, attachment: &Attachment) -> Vec<StickyPlan> {
    let compile = |sticky: &Sticky| StickyPlan {
        salt: Salt::new(Use::Weight, &sticky.id, 0),
        unit: unit_index(model, &sticky.unit),
        header: sticky.header.clone(),
    };
    attachment.sticky.iter().map(compile).collect()
}

fn unit_index(model: &Model, unit: &str) -> Option<usize> {
    model.units.iter().position(|(name, _)| name == unit)
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
