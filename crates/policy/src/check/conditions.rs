//! One condition: what it means once the names in it are expanded, and its limits, which count what they stand for.

use std::collections::HashMap;
use std::sync::Arc;

use super::operands::{self, Operands};
use crate::document::{At, Problems, codes};
use crate::limits;
use crate::model::{Condition, Leaf, Operator};
use crate::written::{self, Subject};

/// What the conditions of a policy may refer to.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) operands: Operands<'a>,
    /// By name; `None` for those in which something is wrong, which is told where they stand.
    pub(super) named: &'a HashMap<&'a str, Option<Meaning>>,
    pub(super) unit: UnitLeaf,
}

/// Whether a condition may ask for the unit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum UnitLeaf {
    Allowed,
    Refused,
}

/// What a condition means, and what it counts for where its name stands.
pub(super) struct Meaning {
    pub(super) condition: Arc<Condition>,
    nodes: usize,
    depth: usize,
    /// Its canonical form has at least so many.
    pub(super) bytes: usize,
    reads_unit: bool,
}

/// Checks a condition; `None` if something of it was reported.
pub(super) fn check(
    condition: &written::Condition,
    known: Known<'_>,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<Meaning> {
    let mut walk = Walk { known, nodes: 0, depth: 0, bytes: 0, reads_unit: false, is_over: false };
    let condition = walk.condition(condition, 1, at, problems)?;
    let Walk { nodes, depth, bytes, reads_unit, is_over, .. } = walk;
    (!is_over).then_some(Meaning { condition, nodes, depth, bytes, reads_unit })
}

/// One condition on the way through it.
struct Walk<'a> {
    known: Known<'a>,
    nodes: usize,
    depth: usize,
    bytes: usize,
    reads_unit: bool,
    is_over: bool,
}

impl Walk<'_> {
    fn condition(
        &mut self,
        condition: &written::Condition,
        depth: usize,
        at: &At<'_>,
        problems: &mut Problems,
    ) -> Option<Arc<Condition>> {
        Some(Arc::new(match condition {
            written::Condition::Named(name) => return self.named(name, depth, &at.key("condition"), problems),
            written::Condition::All(inner) => Condition::All(self.several(inner, depth, at, "all", problems)?),
            written::Condition::Any(inner) => Condition::Any(self.several(inner, depth, at, "any", problems)?),
            written::Condition::Not(inner) => {
                self.count(1, depth, 0, at, problems);
                Condition::Not(self.condition(inner, depth.saturating_add(1), &at.key("not"), problems)?)
            }
            written::Condition::Leaf(leaf) => {
                let is_unit = leaf.subject == Subject::Unit;
                if is_unit && self.known.unit == UnitLeaf::Refused {
                    refuse_unit(&at.key("unit"), problems);
                }
                self.reads_unit |= is_unit;
                let leaf = operands::leaf(leaf, self.known.operands, at, problems);
                self.count(1, depth, leaf.as_ref().map_or(0, bytes), at, problems);
                Condition::Leaf(leaf?)
            }
        }))
    }

    fn several(
        &mut self,
        inner: &[written::Condition],
        depth: usize,
        at: &At<'_>,
        key: &str,
        problems: &mut Problems,
    ) -> Option<Vec<Arc<Condition>>> {
        if inner.is_empty() {
            // It was reported when it was read, or stands for what was.
            return None;
        }
        self.count(1, depth, 0, at, problems);
        let (at, deeper) = (at.key(key), depth.saturating_add(1));
        let each = inner.iter().enumerate().map(|(i, one)| self.condition(one, deeper, &at.index(i), problems));
        // All are checked, also behind one that is bad.
        each.collect::<Vec<_>>().into_iter().collect()
    }

    /// A name is neither a node nor a level: what it stands for is.
    fn named(&mut self, name: &str, depth: usize, at: &At<'_>, problems: &mut Problems) -> Option<Arc<Condition>> {
        let Some(meaning) = self.known.named.get(name) else {
            problems.add(codes::UNKNOWN_CONDITION, at, format!("no condition is called {name}"));
            return None;
        };
        let meaning = meaning.as_ref()?;
        if meaning.reads_unit && self.known.unit == UnitLeaf::Refused {
            refuse_unit(at, problems);
        }
        self.reads_unit |= meaning.reads_unit;
        let deepest = depth.saturating_add(meaning.depth).saturating_sub(1);
        self.count(meaning.nodes, deepest, meaning.bytes, at, problems);
        Some(Arc::clone(&meaning.condition))
    }

    fn count(&mut self, nodes: usize, depth: usize, bytes: usize, at: &At<'_>, problems: &mut Problems) {
        self.nodes = self.nodes.saturating_add(nodes);
        self.depth = self.depth.max(depth);
        self.bytes = self.bytes.saturating_add(bytes);
        let (nodes_max, depth_max) = (limits::CONDITION_NODES_MAX, limits::CONDITION_DEPTH_MAX);
        if !self.is_over && (self.nodes > nodes_max || self.depth > depth_max) {
            self.is_over = true;
            let (nodes, deep) = (self.nodes, self.depth);
            let message = format!(
                "with what its names stand for, the condition has {nodes} nodes and is {deep} deep up to here; at most \
                 {nodes_max} nodes, {depth_max} deep are allowed"
            );
            problems.add(codes::LIMIT, at, message);
        }
    }
}

fn refuse_unit(at: &At<'_>, problems: &mut Problems) {
    let message =
        "the policy's targeting is asked before any unit is read; the targeting of a layer may ask for its unit";
    problems.add(codes::BAD_CONDITION, at, message);
}

/// Bytes of a leaf in the canonical form, or fewer.
fn bytes(leaf: &Leaf) -> usize {
    const SHORTEST: usize = r#"{"host":{"in":[]}}"#.len();
    let operand = match &leaf.operator {
        Operator::Exact(text) | Operator::Prefix(text) | Operator::Suffix(text) | Operator::Contains(text) => {
            text.len()
        }
        Operator::In(texts) => texts.iter().map(|text| text.len().saturating_add(2)).fold(0, usize::saturating_add),
        Operator::Regex(pattern) => pattern.text().len(),
        _ => 0,
    };
    operand.saturating_add(leaf.subject.name().map_or(0, str::len)).saturating_add(SHORTEST)
}
