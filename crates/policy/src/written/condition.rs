//! Conditions as they are written: `all`, `any`, `not`, or a leaf that holds one thing of a request against one operator.

use crate::document::{At, Entry, Problems, Spanned, Value, codes, fields};
use crate::limits;

/// A condition on a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Every one of them; not empty.
    All(Vec<Condition>),
    /// At least one of them; not empty.
    Any(Vec<Condition>),
    /// The opposite.
    Not(Box<Condition>),
    /// What the policy calls by this name.
    Named(String),
    /// One comparison.
    Leaf(Leaf),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// What is looked at.
    pub subject: Subject,
    /// What it is held against.
    pub operator: Operator,
    /// ASCII letters match in either case.
    pub ignore_case: bool,
}

/// What a leaf looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A header by name, any of its lines.
    Header(String),
    /// A cookie by name, any of its crumbs.
    Cookie(String),
    /// The first query parameter of that name, decoded.
    Query(String),
    /// `:path` before `?`, raw.
    Path,
    /// The host, lower-case, without port and final dot.
    Host,
    /// The method.
    Method,
    /// The layer's unit.
    Unit,
}

impl Subject {
    /// The key of a condition on it.
    pub fn key(&self) -> &'static str {
        match self {
            Subject::Header(_) => "header",
            Subject::Cookie(_) => "cookie",
            Subject::Query(_) => "query",
            Subject::Path => "path",
            Subject::Host => "host",
            Subject::Method => "method",
            Subject::Unit => "unit",
        }
    }

    /// The name of the header, cookie or parameter.
    pub fn name(&self) -> Option<&str> {
        match self {
            Subject::Header(name) | Subject::Cookie(name) | Subject::Query(name) => Some(name),
            Subject::Path | Subject::Host | Subject::Method | Subject::Unit => None,
        }
    }
}

/// What a value is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    Regex(String),
    /// Equal to one of these.
    In(Vec<String>),
    /// Equal to one of the named list.
    InList(String),
    /// Is there at all, or is not.
    Present(bool),
    /// Less than this decimal.
    Lt(String),
    /// At most this decimal.
    Le(String),
    /// Greater than this decimal.
    Gt(String),
    /// At least this decimal.
    Ge(String),
    /// A version that meets all comparators.
    Version(String),
}

impl Operator {
    /// Every operator's key, for the reference and the test that each has a scenario.
    pub const NAMES: [&str; 12] =
        ["exact", "prefix", "suffix", "contains", "regex", "in", "present", "lt", "le", "gt", "ge", "version"];

    /// The key of this operator.
    pub fn name(&self) -> &'static str {
        match self {
            Operator::Exact(_) => "exact",
            Operator::Prefix(_) => "prefix",
            Operator::Suffix(_) => "suffix",
            Operator::Contains(_) => "contains",
            Operator::Regex(_) => "regex",
            Operator::In(_) | Operator::InList(_) => "in",
            Operator::Present(_) => "present",
            Operator::Lt(_) => "lt",
            Operator::Le(_) => "le",
            Operator::Gt(_) => "gt",
            Operator::Ge(_) => "ge",
            Operator::Version(_) => "version",
        }
    }

    fn takes_ignore_case(&self) -> bool {
        matches!(self.name(), "exact" | "prefix" | "suffix" | "contains" | "in")
    }
}

const KINDS: &str = "all, any, not, condition, header, cookie, query, path, host, method or unit";

impl Condition {
    /// Reads a condition. What of it cannot be read is reported, and the rest is still read.
    pub fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Condition> {
        let mut budget = Budget { nodes: 0, told: false };
        budget.read(node, 1, at, problems)
    }
}

/// Stands for what was reported as unreadable, so that the rest of its condition is still checked.
pub(super) const UNREADABLE: Condition = Condition::All(Vec::new());

/// Counts the nodes of one condition; what is over a limit is told once.
struct Budget {
    nodes: usize,
    told: bool,
}

impl Budget {
    fn read(&mut self, node: Spanned, depth: usize, at: &At<'_>, problems: &mut Problems) -> Option<Condition> {
        // What a name stands for is counted once it is known.
        if !is_name(&node) {
            self.nodes = self.nodes.saturating_add(1);
        }
        if self.nodes > limits::CONDITION_NODES_MAX || depth > limits::CONDITION_DEPTH_MAX && !is_name(&node) {
            if !self.told {
                self.told = true;
                let (nodes, deep) = (limits::CONDITION_NODES_MAX, limits::CONDITION_DEPTH_MAX);
                problems.add(codes::LIMIT, at, format!("a condition has at most {nodes} nodes, {deep} deep"));
            }
            return None;
        }
        let entries = fields::object(node, at, problems)?;
        let Ok([Entry { key, node, .. }]) = <[Entry; 1]>::try_from(entries) else {
            problems.add(codes::BAD_CONDITION, at, format!("a condition is an object with exactly one key: {KINDS}"));
            return None;
        };
        let at = &at.key(&key);
        match key.as_str() {
            "all" => self.several(node, depth, at, problems).map(Condition::All),
            "any" => self.several(node, depth, at, problems).map(Condition::Any),
            "not" => {
                let inner = self.read(node, depth.saturating_add(1), at, problems).unwrap_or(UNREADABLE);
                Some(Condition::Not(Box::new(inner)))
            }
            "condition" => fields::string(node, at, problems).map(Condition::Named),
            "header" => named_leaf(node, Subject::Header, at, problems),
            "cookie" => named_leaf(node, Subject::Cookie, at, problems),
            "query" => named_leaf(node, Subject::Query, at, problems),
            "path" => leaf(node, Subject::Path, at, problems),
            "host" => leaf(node, Subject::Host, at, problems),
            "method" => leaf(node, Subject::Method, at, problems),
            "unit" => leaf(node, Subject::Unit, at, problems),
            _ => {
                problems.add(codes::BAD_CONDITION, at, format!("no such condition; {KINDS} would do"));
                None
            }
        }
    }

    fn several(&mut self, node: Spanned, depth: usize, at: &At<'_>, problems: &mut Problems) -> Option<Vec<Condition>> {
        let nodes = fields::list(node, at, problems)?;
        if nodes.is_empty() {
            problems.add(codes::BAD_CONDITION, at, "an empty list says nothing; leave it out or put conditions in");
        }
        let deeper = depth.saturating_add(1);
        let mut read = |(i, node)| self.read(node, deeper, &at.index(i), problems).unwrap_or(UNREADABLE);
        Some(nodes.into_iter().enumerate().map(&mut read).collect())
    }
}

/// Whether a condition only names another.
fn is_name(node: &Spanned) -> bool {
    matches!(&node.value, Value::Map(entries) if matches!(entries.as_slice(), [one] if one.key == "condition"))
}

fn named_leaf(
    node: Spanned,
    subject: fn(String) -> Subject,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<Condition> {
    let mut entries = fields::object(node, at, problems)?;
    let name = match entries.iter().position(|entry| entry.key == "name") {
        Some(index) => fields::string(entries.remove(index).node, &at.key("name"), problems),
        None => {
            problems.add(codes::MISSING_FIELD, at, "`name` is missing");
            None
        }
    };
    let subject = subject(name.unwrap_or_else(|| "unreadable".to_owned()));
    let (operator, ignore_case) = operator(entries, at, problems);
    Some(Condition::Leaf(Leaf { subject, operator, ignore_case }))
}

fn leaf(node: Spanned, subject: Subject, at: &At<'_>, problems: &mut Problems) -> Option<Condition> {
    let entries = fields::object(node, at, problems)?;
    let (operator, ignore_case) = operator(entries, at, problems);
    Some(Condition::Leaf(Leaf { subject, operator, ignore_case }))
}

/// The operator and whether case is ignored. `present` stands for an operator that was reported as unreadable.
fn operator(mut entries: Vec<Entry>, at: &At<'_>, problems: &mut Problems) -> (Operator, bool) {
    let unreadable = (Operator::Present(true), false);
    let ignore_case =
        entries.iter().position(|entry| entry.key == "ignore_case").map(|index| entries.remove(index).node);
    let ignore_at = at.key("ignore_case");
    let wants_ignore_case = ignore_case.is_some();
    let ignore_case = ignore_case.and_then(|node| fields::boolean(node, &ignore_at, problems)).unwrap_or(false);
    let Ok([Entry { key, node, .. }]) = <[Entry; 1]>::try_from(entries) else {
        problems.add(codes::BAD_CONDITION, at, format!("one operator is needed here: {}", Operator::NAMES.join(", ")));
        return unreadable;
    };
    let Some(operator) = read_operator(&key, node, &at.key(&key), problems) else { return unreadable };
    if wants_ignore_case && !operator.takes_ignore_case() {
        problems.add(codes::BAD_CONDITION, &ignore_at, "only exact, prefix, suffix, contains and in can ignore case");
    }
    (operator, ignore_case)
}

fn read_operator(key: &str, node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Operator> {
    let text = |node, problems: &mut Problems| fields::string(node, at, problems);
    match key {
        "exact" => text(node, problems).map(Operator::Exact),
        "prefix" => text(node, problems).map(Operator::Prefix),
        "suffix" => text(node, problems).map(Operator::Suffix),
        "contains" => text(node, problems).map(Operator::Contains),
        "regex" => text(node, problems).map(Operator::Regex),
        "in" => one_of(node, at, problems),
        "present" => fields::boolean(node, at, problems).map(Operator::Present),
        "lt" => number(node, at, problems).map(Operator::Lt),
        "le" => number(node, at, problems).map(Operator::Le),
        "gt" => number(node, at, problems).map(Operator::Gt),
        "ge" => number(node, at, problems).map(Operator::Ge),
        "version" => text(node, problems).map(Operator::Version),
        _ => {
            problems.add(
                codes::BAD_CONDITION,
                at,
                format!("no such operator; {} would do", Operator::NAMES.join(", ")),
            );
            None
        }
    }
}

fn one_of(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Operator> {
    if !matches!(node.value, Value::Map(_)) {
        return fields::strings(node, at, problems).map(Operator::In);
    }
    let mut fields = fields::Fields::open(node, at, problems)?;
    let name = fields.require("list", problems).and_then(|node| fields::string(node, &at.key("list"), problems));
    fields.finish(problems);
    name.map(Operator::InList)
}

/// Numbers are written as strings or as integers.
fn number(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    match node.value {
        Value::Int(number, _) => Some(number.to_string()),
        _ => fields::string(node, at, problems),
    }
}
