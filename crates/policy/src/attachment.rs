//! Attachments: where and how the filter is put. The part that goes into the envelope ([`Attachment`]), and the whole file
//! that a person writes ([`AttachmentFile`]).

use crate::document::{At, Problem, Problems, SourceId, codes};
use crate::model::{Model, UnitSource};
use crate::offer::Offer;

mod module;
mod origin;
mod read;

pub use module::Module;
pub use origin::Origin;
pub use read::AttachmentFile;
pub(crate) use read::attachment;

/// What the filter does with the tags of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Decides and stamps.
    #[default]
    Edge,
    /// Follows the tags it is given.
    Mesh,
    /// Changes nothing.
    Inbound,
}

/// How a decision becomes a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Steer {
    /// Routes match the tag header.
    #[default]
    Tag,
    /// Routes match `x-weir-subset`.
    Subset,
    /// A route takes its cluster from `x-weir-cluster`.
    Cluster,
}

/// The header that routes match exactly where the attachment steers by subset.
pub const SUBSET_HEADER: &str = "x-weir-subset";
/// The header that a guarded route takes its cluster from where the attachment steers by cluster.
pub const CLUSTER_HEADER: &str = "x-weir-cluster";

/// The layers that the filter state names: the key `trace`, which has nothing to do with the id of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trace {
    /// Those that an experiment owned or forced.
    #[default]
    Shaped,
    /// All.
    All,
}

/// What joins the requests that a workload sends to the one that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// The trace's id in the header `traceparent` of W3C Trace Context.
    Traceparent,
}

/// The `vm_id` of all attachments that join.
const JOIN_VM_ID: &str = "weir.join";

const ROLES: [(&str, Role); 3] = [("edge", Role::Edge), ("mesh", Role::Mesh), ("inbound", Role::Inbound)];
const STEERS: [(&str, Steer); 3] = [("tag", Steer::Tag), ("subset", Steer::Subset), ("cluster", Steer::Cluster)];
const TRACES: [(&str, Trace); 2] = [("shaped", Trace::Shaped), ("all", Trace::All)];
const JOINS: [(&str, Join); 1] = [("traceparent", Join::Traceparent)];

impl Role {
    /// As it is written.
    pub fn name(self) -> &'static str {
        name_in(&ROLES, self)
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        let found = ROLES.iter().find(|(name, _)| *name == text);
        found.map(|(_, role)| *role).ok_or_else(|| format!("found {text:?}; edge, mesh or inbound would do"))
    }
}

impl Steer {
    /// As it is written.
    pub fn name(self) -> &'static str {
        name_in(&STEERS, self)
    }
}

impl Trace {
    /// As it is written.
    pub fn name(self) -> &'static str {
        name_in(&TRACES, self)
    }
}

impl Join {
    /// As it is written; the header's name too.
    pub fn name(self) -> &'static str {
        name_in(&JOINS, self)
    }
}

fn name_in<T: PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, known)| *known == value).map_or("", |(name, _)| name)
}

/// Where and how the filter is put.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Names the attachment in gauges and logs; an id.
    pub name: Option<String>,
    /// What the filter does.
    pub role: Role,
    /// How a decision becomes a route.
    pub steer: Steer,
    /// Which layers the filter state names.
    pub trace: Trace,
    /// Headers that make other people's route weights sticky.
    pub sticky: Vec<Sticky>,
    /// The unit that the filter state names; one of the policy's.
    pub log_unit: Option<String>,
    /// `inbound` and `mesh`: how tags get past a service that forwards none.
    pub join: Option<Join>,
    /// In an envelope: what the filter is given beside its policy. People do not write it.
    pub offer: Option<Offer>,
}

/// A header with the slot of a unit on a line of its own, for Envoy's `weighted_clusters.header_name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sticky {
    /// Names the line; an id.
    pub id: String,
    /// One of the policy's units.
    pub unit: String,
    /// Lower-case.
    pub header: String,
}

impl Attachment {
    /// The `vm_id` that Envoy is given for the filter `weir.ATTACHMENT`: its own, so that the filter need not ask whose
    /// request it is; or one for all that join, because what they share goes by it. These need a different
    /// `vm_config.configuration` each, or they would also be one machine.
    pub fn vm_id(&self, filter: &str) -> String {
        if self.join.is_some() { JOIN_VM_ID.to_owned() } else { filter.to_owned() }
    }

    /// What the attachment asks of a policy that the policy does not have. Paths are those of the attachment, which stands in
    /// the text `source`.
    pub fn problems_with(&self, policy: &Model, source: SourceId) -> Vec<Problem> {
        self.problems_at(policy, &At::Root { source })
    }

    /// The same, where the attachment stands in another document.
    pub fn problems_at(&self, policy: &Model, root: &At<'_>) -> Vec<Problem> {
        let mut problems = Problems::default();
        let known = |unit: &str| policy.units.iter().any(|(name, _)| name == unit);
        let unknown = |unit: &str| format!("the policy has no unit called {unit}");
        for (i, sticky) in self.sticky.iter().enumerate() {
            let list = root.key("sticky");
            let at = list.index(i);
            if !known(&sticky.unit) {
                problems.add(codes::UNKNOWN_UNIT, &at.key("unit"), unknown(&sticky.unit));
            }
            if sticky.header == policy.env_tag.header {
                problems.add(codes::RESERVED_HEADER, &at.key("header"), "this header carries the tags; take another");
            }
            let mut sources = policy.units.iter().flat_map(|(_, sources)| sources);
            if sources.any(|source| matches!(source, UnitSource::Header(name) if *name == sticky.header)) {
                problems.add(
                    codes::RESERVED_HEADER,
                    &at.key("header"),
                    "a unit is read from this header; take another",
                );
            }
        }
        if let Some(unit) = self.log_unit.as_ref().filter(|unit| !known(unit)) {
            problems.add(codes::UNKNOWN_UNIT, &root.key("log_unit"), unknown(unit));
        }
        problems.into_vec()
    }
}
