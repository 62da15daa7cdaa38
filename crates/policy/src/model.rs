//! A policy that has been checked: what it means. Checking, projecting and rolling out make one, each only with values that
//! a check would accept.

use std::sync::Arc;

use crate::operand::{Decimal, Operand, Pattern, Requirement};
use crate::range::Range;
pub use crate::written::{CookieLife, CookieValue, EVERY_PATH, Kind, RouteTarget, SameSite, Subject, UnitSource, Who};

/// The meaning of a policy. Sugar is expanded; what has no order is sorted.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The kill switch.
    pub enabled: bool,
    /// How the tags travel.
    pub env_tag: EnvTag,
    /// By name.
    pub units: Vec<(String, Vec<UnitSource>)>,
    /// By name; values sorted, each once.
    pub lists: Vec<(String, Vec<String>)>,
    /// Which requests the policy is for; `None` means all. It has no leaf on a unit.
    pub targeting: Option<Condition>,
    /// By id.
    pub holdouts: Vec<Holdout>,
    /// By id.
    pub layers: Vec<Layer>,
}

/// How the tags travel.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvTag {
    /// Lower-case.
    pub header: String,
    /// The key of a `baggage` member.
    pub baggage: Option<String>,
    /// A cookie for the page to read.
    pub cookie: Option<(String, CookieLife)>,
    /// A cookie on the upstream request.
    pub request_cookie: Option<String>,
}

/// The header that carries the tags if a policy does not say.
pub const DEFAULT_TAG_HEADER: &str = "x-env-tag";

impl Default for EnvTag {
    fn default() -> EnvTag {
        EnvTag { header: DEFAULT_TAG_HEADER.to_owned(), baggage: None, cookie: None, request_cookie: None }
    }
}

/// Units that meet no experiment of some layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Holdout {
    /// Names its line.
    pub id: String,
    /// A name of [`Model::units`].
    pub unit: String,
    /// Part of the salt of the holdout's line.
    pub epoch: u32,
    /// Parts per million.
    pub share: u32,
    /// Ids of layers, sorted.
    pub layers: Vec<String>,
}

/// Experiments that exclude each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Unique in the policy.
    pub id: String,
    /// The layer's own switch.
    pub enabled: bool,
    /// A name of [`Model::units`]; only a policy for `mesh` or `inbound` may lack it.
    pub unit: Option<String>,
    /// The line it deals on.
    pub line: String,
    /// Part of the line's salt.
    pub epoch: u32,
    /// Which requests the layer is for; `None` means all.
    pub targeting: Option<Condition>,
    /// The white list of the layer, in order.
    pub overrides: Vec<Override>,
    /// In order, which is the order of their rules.
    pub experiments: Vec<Experiment>,
}

/// A release or a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Unique in the policy.
    pub id: String,
    /// The experiment's own switch; off, it keeps its slots and its units are stable.
    pub enabled: bool,
    /// A release or a test.
    pub kind: Kind,
    /// Part of the salt of the experiment's own line.
    pub epoch: u32,
    /// What it touches, sorted; a superset of its routes.
    pub services: Vec<String>,
    /// Of the layer's line: sorted, merged, disjoint from those of the layer's other experiments.
    pub slots: Vec<Range>,
    /// Units that force a variant, in order.
    pub overrides: Vec<Override>,
    /// Conditions that force a variant, first match.
    pub rules: Vec<Rule>,
    /// Who may be dealt; `None` means everybody.
    pub targeting: Option<Condition>,
    /// By id.
    pub variants: Vec<Variant>,
    /// In order: of those whose condition holds the first says what the variants own.
    pub audiences: Vec<Audience>,
}

/// Units that force a variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Units (sorted, each once) or the name of a list.
    pub who: Who,
    /// An experiment of the layer; `None` only where `variant` is `None`.
    pub experiment: Option<String>,
    /// A variant of that experiment; `None` means stable.
    pub variant: Option<String>,
}

/// A condition that forces a variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The condition.
    pub when: Condition,
    /// A variant of the experiment; `None` means stable.
    pub variant: Option<String>,
}

/// A condition on a request. Names are expanded: what stands in several places is shared, so that a model is no larger
/// than what was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Every one of them; not empty.
    All(Vec<Arc<Condition>>),
    /// At least one of them; not empty.
    Any(Vec<Arc<Condition>>),
    /// The opposite.
    Not(Arc<Condition>),
    /// One comparison.
    Leaf(Leaf),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// What is looked at; the names of headers are in lower case.
    pub subject: Subject,
    /// What it is held against.
    pub operator: Operator,
    /// ASCII letters match in either case.
    pub ignore_case: bool,
}

/// What a value is held against; texts for a host are in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal bytes.
    Exact(String),
    /// Begins with.
    Prefix(String),
    /// Ends with.
    Suffix(String),
    /// Has it somewhere.
    Contains(String),
    /// The whole value matches.
    Regex(Operand<Pattern>),
    /// Equal to one of these; sorted, each once.
    In(Vec<String>),
    /// Equal to one of a list of [`Model::lists`].
    InList(String),
    /// Is there at all, or is not.
    Present(bool),
    /// Less than this decimal.
    Lt(Operand<Decimal>),
    /// At most this decimal.
    Le(Operand<Decimal>),
    /// Greater than this decimal.
    Gt(Operand<Decimal>),
    /// At least this decimal.
    Ge(Operand<Decimal>),
    /// A version that meets all comparators.
    Version(Operand<Requirement>),
}

/// What the arms of an experiment own where a condition holds, in place of the variants' own ranges. Over these and all
/// audiences no slot belongs to two arms: whoever changes audience goes to or from stable.
#[derive(Clone, Debug, PartialEq)]
pub struct Audience {
    /// Unique in the experiment, never `-`.
    pub id: String,
    /// The condition.
    pub when: Condition,
    /// Sorted, merged and disjoint ranges of each arm that has any, by the arm's id.
    pub ranges: Vec<(String, Vec<Range>)>,
}

/// One arm of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Unique in the experiment, never `stable`.
    pub id: String,
    /// Of the experiment's own line: sorted, merged, disjoint from those of its other variants.
    pub ranges: Vec<Range>,
    /// Unique in the policy.
    pub env_tag: String,
    /// Where it sends the requests for a service, by service.
    pub routes: Vec<(String, RouteTarget)>,
}

impl Model {
    /// The policy that has no layers: it strips what is ours and passes everything through.
    pub fn pass_through(env_tag: EnvTag) -> Model {
        Model {
            enabled: true,
            env_tag,
            units: Vec::new(),
            lists: Vec::new(),
            targeting: None,
            holdouts: Vec::new(),
            layers: Vec::new(),
        }
    }
}

/// The regex by which routes match a tag in its header, alone or among the tags of other layers.
pub fn tag_regex(tag: &str) -> String {
    // Of all that a tag may contain, only the dot means something in a regex.
    format!("(.*,)?{}(,.*)?", tag.replace('.', "\\."))
}

impl Experiment {
    /// The tag of a variant that does not name one.
    pub fn default_tag(experiment: &str, variant: &str) -> String {
        format!("{experiment}.{variant}")
    }

    /// The services that its variants route, sorted, each once.
    pub fn routed_services(&self) -> Vec<&str> {
        let mut services: Vec<&str> = self
            .variants
            .iter()
            .flat_map(|variant| variant.routes.iter().map(|(service, _)| service.as_str()))
            .collect();
        services.sort_unstable();
        services.dedup();
        services
    }
}
