//! A policy that is ready to decide: names are indices, salts and conditions are compiled, what a request can ask for is
//! indexed.

use std::sync::Arc;

use hashbrown::HashMap;
use weir_policy::model::CookieLife;
use weir_policy::{Attachment, Join, Offer, Range, Revision};

use crate::attributes::{AttributeId, Attributes, Lengths};
use crate::extract::Extract;
use crate::listed::{ListId, Listed};
use crate::rules::{Forced, Rules};
use crate::slot::Salt;
use crate::targeting::Predicate;

/// Pairs of experiment and variant of a policy that are counted by name; the rest is counted together.
pub const SERIES_MAX: u32 = 2_000;

/// A policy that is ready to decide where the attachment puts it. Immutable; a new policy is a new plan.
#[derive(Debug)]
pub struct Plan {
    pub(crate) attachment: Attachment,
    pub(crate) revision: Option<Revision>,
    /// How every filter state begins; none where no policy is in force.
    pub(crate) filter_state_head: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) tag_header: String,
    pub(crate) baggage: Option<String>,
    /// The cookie that shows the tags to the page, and where it is read to see whether it changes; `edge` only.
    pub(crate) tag_cookie: Option<(Cookie, AttributeId)>,
    /// The cookie that shows the tags to the upstream; `edge` only.
    pub(crate) request_cookie: Option<String>,
    /// What of cookies are units, where these are not the whole value.
    pub(crate) extracts: Vec<Extract>,
    /// Whether some unit is made where it is absent.
    pub(crate) issues_units: bool,
    /// Whether a request is not ready once it is read: some unit is part of a cookie or made, or something is asked first.
    pub(crate) completes_requests: bool,
    /// Whether requests may need their `cookie` header written.
    pub(crate) writes_cookies: bool,
    /// The lengths of the names of all headers that are looked at but `x-weir-*`.
    pub(crate) lengths: Lengths,
    pub(crate) attributes: Attributes,
    pub(crate) units: Vec<UnitPlan>,
    /// What is asked of a request before it is decided; most policies ask nothing.
    pub(crate) asks: Option<Box<Asks>>,
    /// Index of the unit that the filter state names.
    pub(crate) log_unit: Option<usize>,
    /// One for each sticky header of the attachment, in its order.
    pub(crate) sticky: Vec<StickyPlan>,
    pub(crate) listed: Listed,
    /// Whether layers share a line: only then can two of them route one service.
    pub(crate) shares_lines: bool,
    /// Whether some variant is counted for evidence.
    pub(crate) gathers_evidence: bool,
    /// Whether some variant leads to another service: only then may a destination be one that is led to.
    pub(crate) leads_to_services: bool,
    pub(crate) holdouts: Vec<HoldoutPlan>,
    /// By id.
    pub(crate) layers: Vec<LayerPlan>,
    /// Every tag of the policy, those of disabled layers and experiments too.
    pub(crate) tags: HashMap<String, TagOf>,
}

/// What is asked of every request as it came, before any id is made, and what is asked of it once.
#[derive(Debug)]
pub(crate) struct Asks {
    /// The targeting of the whole policy.
    pub(crate) targeting: Option<Predicate>,
    /// Indices of layers that have a targeting of their own, rising.
    pub(crate) layers: Vec<(usize, Predicate)>,
    /// The number of conditions that stand in several places.
    pub(crate) answers: usize,
}

/// Where a unit is read.
#[derive(Debug)]
pub(crate) struct UnitPlan {
    pub(crate) sources: Vec<UnitSourcePlan>,
    /// Whether it is made where it is absent.
    pub(crate) is_issued: bool,
    /// Indices of the layers that deal it, or whose holdouts do; `edge` only.
    pub(crate) used_by: Vec<usize>,
    /// Whether a sticky header weighs it.
    pub(crate) is_weighed: bool,
}

#[derive(Debug)]
pub(crate) struct UnitSourcePlan {
    pub(crate) id: AttributeId,
    /// The cookie in which the unit may be made.
    pub(crate) issue: Option<Cookie>,
}

/// A cookie that responses may set.
#[derive(Clone, Debug)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) life: CookieLife,
    /// Where the request's path is found, if the cookie is not for every path.
    pub(crate) request_path: Option<AttributeId>,
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
    /// Whether every request is dealt: nothing is off, and nothing is targeted but by experiments.
    pub(crate) is_always_in_play: bool,
    /// Index of the plan's units.
    pub(crate) unit: Option<usize>,
    /// The salt of the layer's line.
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

#[derive(Debug)]
pub(crate) struct ExperimentPlan {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    pub(crate) salt: Salt,
    pub(crate) dealing: Dealing,
    /// Of an experiment that has audiences the one for which this is it, `-` for none of them.
    pub(crate) audience: Option<Box<str>>,
    /// Sorted and disjoint; the number is the index of the variant.
    pub(crate) ranges: Vec<(Range, usize)>,
    /// By id; those of all audiences are the same.
    pub(crate) variants: Arc<[VariantPlan]>,
}

/// Whom of its units an experiment deals. Only an experiment that has audiences pays for them.
#[derive(Debug)]
pub(crate) enum Dealing {
    /// All of them.
    Everybody,
    /// Those for whom this holds.
    Targeted(Predicate),
    /// Those who are targeted, each as their audience.
    Audiences(Box<Audiences>),
}

/// The audiences of an experiment.
#[derive(Debug)]
pub(crate) struct Audiences {
    /// Who may be dealt at all.
    pub(crate) targeting: Option<Predicate>,
    /// In order: a condition, and the experiment as it is where that holds.
    pub(crate) each: Vec<(Predicate, ExperimentPlan)>,
}

#[derive(Debug)]
pub(crate) struct VariantPlan {
    pub(crate) id: String,
    pub(crate) tag: String,
    /// The name of the subset or of the other service that a service goes to, by service. Only that of a service has a dot.
    pub(crate) routes: Vec<(String, String)>,
    /// Its place among [`Plan::series`]; none beyond the limit.
    pub(crate) series: Option<u32>,
    /// Its place among [`Plan::pool_variants`], if it is one.
    pub(crate) in_pool: Option<u16>,
}

/// A variant among the series of its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Series {
    /// Its place in [`Plan::series`].
    Named(u32),
    /// Beyond the limit.
    Other,
}

/// The variant that a tag stands for, as indices into the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TagOf {
    pub(crate) layer: usize,
    pub(crate) experiment: usize,
    pub(crate) variant: usize,
}

impl Plan {
    /// What the plan calls itself.
    pub fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// Where and how the filter is put.
    pub fn attachment(&self) -> &Attachment {
        &self.attachment
    }

    /// What the plan was offered as; none where nothing is in force.
    pub fn offer(&self) -> Option<Offer> {
        self.attachment.offer.filter(|_| self.revision.is_some())
    }

    /// Whether the attachment joins requests by their trace.
    pub fn follows_trace(&self) -> bool {
        self.attachment.join == Some(Join::Traceparent)
    }

    /// Ids of the layers, as they are numbered where they are counted.
    pub fn layer_ids(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().map(|layer| layer.id.as_str())
    }

    /// Ids of experiment and variant of every pair that is counted by name: by layer, then as the policy orders them.
    pub fn series(&self) -> impl Iterator<Item = (&str, &str)> {
        let experiments = self.layers.iter().flat_map(|layer| &layer.experiments);
        let pairs = experiments.flat_map(|experiment| {
            experiment.variants.iter().map(|variant| (experiment.id.as_str(), variant.id.as_str()))
        });
        pairs.take(usize::try_from(SERIES_MAX).unwrap_or(usize::MAX))
    }

    /// Ids of experiment and variant of every pair that is counted for evidence, in the order of [`Plan::series`]; none but
    /// at an edge.
    pub fn pool_variants(&self) -> impl Iterator<Item = (&str, &str)> {
        let experiments = self.layers.iter().flat_map(|layer| &layer.experiments);
        experiments.flat_map(|experiment| {
            let variants = experiment.variants.iter().filter(|variant| variant.in_pool.is_some());
            variants.map(|variant| (experiment.id.as_str(), variant.id.as_str()))
        })
    }

    /// Whether there are any.
    pub fn gathers_evidence(&self) -> bool {
        self.gathers_evidence
    }

    /// Whether some variants are counted together.
    pub fn has_other_series(&self) -> bool {
        let variants = self.layers.iter().flat_map(|layer| &layer.experiments).map(|one| one.variants.len());
        variants.sum::<usize>() > usize::try_from(SERIES_MAX).unwrap_or(usize::MAX)
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

/// The owner of a slot, by binary search in sorted, disjoint ranges.
pub(crate) fn owner(ranges: &[(Range, usize)], slot: u32) -> Option<usize> {
    let behind = ranges.partition_point(|(range, _)| range.start <= slot);
    let (range, owner) = ranges.get(behind.checked_sub(1)?)?;
    (slot < range.end).then_some(*owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_may_be_shared_among_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Plan>();
    }
}
