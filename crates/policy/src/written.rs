//! A policy as it was typed: the fields of `docs/policy.md`, nothing resolved, nothing judged. `check` judges.

mod condition;
mod cookie;
mod read;

pub use condition::{Condition, Leaf, Operator, Subject};
pub use cookie::{CookieLife, CookieValue, EVERY_PATH, SameSite};
pub(crate) use read::env_tag_alone;
pub use read::{read_routes, read_share};

use crate::document::SourceId;

/// One document of a policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// The text that it stands in.
    pub source: SourceId,
    /// The kill switch; absent means on.
    pub enabled: Option<bool>,
    /// The only namespace whose services this document may name.
    pub namespace: Option<String>,
    /// What is kept together, and where it is read from.
    pub units: Vec<(String, Vec<UnitSource>)>,
    /// Named sets of values.
    pub lists: Vec<(String, Vec<String>)>,
    /// Conditions that others refer to by name.
    pub conditions: Vec<(String, Condition)>,
    /// How the tags travel.
    pub env_tag: Option<EnvTag>,
    /// Which requests the policy is for; absent means all.
    pub targeting: Option<Condition>,
    /// Units that meet no experiment of some layers.
    pub holdouts: Vec<Holdout>,
    /// Layers, in the order of the file.
    pub layers: Vec<Layer>,
}

impl Policy {
    /// The places of an experiment: that of its layer among [`Policy::layers`], and its own among that layer's experiments.
    pub fn place_of(&self, experiment: &str) -> Option<(usize, usize)> {
        self.layers.iter().enumerate().find_map(|(layer, one)| {
            let mut experiments = one.experiments.iter();
            Some((layer, experiments.position(|one| one.id.as_deref() == Some(experiment))?))
        })
    }
}

/// One place a unit can come from.
#[derive(Clone, Debug, PartialEq)]
pub enum UnitSource {
    /// The first line of a header.
    Header(String),
    /// The first crumb of a cookie.
    Cookie(String, CookieValue),
    /// The first crumb of a cookie that the filter makes where the request has none.
    IssuedCookie(String, CookieLife),
    /// The first query parameter.
    Query(String),
}

/// How the tags travel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnvTag {
    /// The header; absent means `x-env-tag`.
    pub header: Option<String>,
    /// The key of a `baggage` member.
    pub baggage: Option<String>,
    /// A cookie for the page to read.
    pub cookie: Option<(String, CookieLife)>,
    /// A cookie on the upstream request.
    pub request_cookie: Option<String>,
}

/// Units that meet no experiment of some layers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holdout {
    /// Names its line.
    pub id: Option<String>,
    /// The unit that is held out.
    pub unit: Option<String>,
    /// A new epoch draws them anew.
    pub epoch: u32,
    /// A percentage such as `1%`.
    pub share: Option<String>,
    /// The layers it keeps them from.
    pub layers: Option<Vec<String>>,
    /// Whether something of it could not be read: what has been reported is not missing too.
    pub unreadable: bool,
}

/// Experiments that exclude each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    /// Unique in the policy.
    pub id: Option<String>,
    /// Absent means on.
    pub enabled: Option<bool>,
    /// The unit that is dealt.
    pub unit: Option<String>,
    /// The line it deals on; absent means the layer's id.
    pub line: Option<String>,
    /// A new epoch deals the line afresh.
    pub epoch: u32,
    /// Which requests the layer is for; absent means all.
    pub targeting: Option<Condition>,
    /// Lists of units that force a variant, before all else.
    pub overrides: Vec<Override>,
    /// In the order of the file, which is the order of their rules.
    pub experiments: Vec<Experiment>,
    /// Whether its unit, or all of it, could not be read.
    pub unreadable: bool,
}

/// A release or a test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiment {
    /// Unique in the policy.
    pub id: Option<String>,
    /// Absent means on.
    pub enabled: Option<bool>,
    /// Absent means a release.
    pub kind: Kind,
    /// A new epoch deals the experiment's own line afresh.
    pub epoch: u32,
    /// What it touches; absent means the services of its routes.
    pub services: Option<Vec<String>>,
    /// Ranges of the layer's line.
    pub slots: Option<Vec<(i64, i64)>>,
    /// Lists of units that force a variant.
    pub overrides: Vec<Override>,
    /// Conditions that force a variant, first match.
    pub rules: Vec<Rule>,
    /// Who may be dealt; absent means everybody.
    pub targeting: Option<Condition>,
    /// The arms.
    pub variants: Vec<Variant>,
    /// What else they own under a condition, first match.
    pub audiences: Vec<Audience>,
    /// Whether its slots, or all of it, could not be read.
    pub unreadable: bool,
}

/// A release or a test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A new version on its way to everybody.
    #[default]
    Release,
    /// A comparison.
    Test,
}

/// Units that force a variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Override {
    /// Units, or the name of a list.
    pub who: Option<Who>,
    /// On a layer: which experiment.
    pub experiment: Option<String>,
    /// A variant of the experiment, or `stable`.
    pub variant: Option<String>,
}

/// The units of an override.
#[derive(Clone, Debug, PartialEq)]
pub enum Who {
    /// Written out.
    Units(Vec<String>),
    /// The name of a list.
    List(String),
}

/// A condition that forces a variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// The condition.
    pub when: Option<Condition>,
    /// A variant of the experiment, or `stable`.
    pub variant: Option<String>,
}

/// What the arms of an experiment own where a condition holds, in place of the variants' own ranges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audience {
    /// Unique in the experiment.
    pub id: Option<String>,
    /// The condition.
    pub when: Option<Condition>,
    /// What each arm owns; an arm that is not named owns nothing.
    pub owned: Option<Owned>,
}

/// What arms own of an experiment's line, by the arms' ids.
#[derive(Clone, Debug, PartialEq)]
pub enum Owned {
    /// Percentages such as `5%`.
    Shares(Vec<(String, String)>),
    /// Ranges.
    Ranges(Vec<(String, Vec<(i64, i64)>)>),
}

/// One arm of an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    /// Unique in the experiment.
    pub id: Option<String>,
    /// A percentage such as `5%`.
    pub share: Option<String>,
    /// Ranges of the experiment's own line.
    pub ranges: Option<Vec<(i64, i64)>>,
    /// Absent means `EXPERIMENT.VARIANT`.
    pub env_tag: Option<String>,
    /// Where it sends the requests for a service.
    pub routes: Vec<(String, RouteTarget)>,
}

/// Where a variant sends the requests for a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteTarget {
    /// A version of the same service, by Istio's name for it: a DNS label.
    Subset(String),
    /// Another service; its name has a dot, and so is never that of a subset.
    Service(String),
}

impl RouteTarget {
    /// The name of the subset or the service.
    pub fn name(&self) -> &str {
        match self {
            RouteTarget::Subset(name) | RouteTarget::Service(name) => name,
        }
    }
}
