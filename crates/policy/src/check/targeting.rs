//! Where conditions stand: the targeting of the whole policy, the conditions of layers, and what all of them come to.

use std::sync::Arc;

use super::Checker;
use super::conditions::{self, Known, Meaning, UnitLeaf};
use super::operands::Operands;
use crate::document::{At, codes};
use crate::limits;
use crate::model::{Condition, Model};
use crate::written;

impl Checker<'_> {
    /// A condition of a layer; `None` if something of it was reported.
    pub(super) fn condition(&mut self, condition: &written::Condition, at: &At<'_>) -> Option<Condition> {
        let meaning = self.meaning(condition, UnitLeaf::Allowed, at)?;
        self.expanded(meaning)
    }

    /// The targeting of the whole policy, which is the same wherever it is written.
    pub(super) fn policy_targeting(&mut self) -> Option<Condition> {
        let mut first: Option<Meaning> = None;
        for policy in self.documents {
            let Some(written) = &policy.targeting else { continue };
            let root = At::Root { source: policy.source };
            let at = root.key("targeting");
            let meaning = self.meaning(written, UnitLeaf::Refused, &at);
            match (&first, &meaning) {
                (None, _) => first = meaning,
                (Some(first), Some(meaning)) if first.condition != meaning.condition => {
                    let message =
                        "another file of this policy has a different targeting; it is that of the whole policy";
                    self.problems.add(codes::CONFLICT, &at, message);
                }
                _ => {}
            }
        }
        first.and_then(|meaning| self.expanded(meaning))
    }

    /// What a condition means and counts for; `None` if something of it was reported.
    pub(super) fn meaning(&mut self, condition: &written::Condition, unit: UnitLeaf, at: &At<'_>) -> Option<Meaning> {
        let operands = Operands { tag_header: &self.tag_header, lists: &self.lists };
        let known = Known { operands, named: &self.named, unit };
        conditions::check(condition, known, at, &mut self.problems)
    }

    /// What a condition means, as long as the whole policy keeps its bound with it: conditions that are small where they
    /// are written may stand for more than any memory holds.
    fn expanded(&mut self, meaning: Meaning) -> Option<Condition> {
        self.condition_bytes = self.condition_bytes.saturating_add(meaning.bytes);
        let fits = self.condition_bytes <= limits::CANONICAL_BYTES_MAX;
        fits.then(|| Arc::unwrap_or_clone(meaning.condition))
    }

    /// That the canonical form keeps its bound, before anybody writes it.
    pub(super) fn canonical_bytes(&mut self, model: &Model) {
        let max = limits::CANONICAL_BYTES_MAX;
        let over = if self.condition_bytes > max {
            // How many is not counted to the end on every machine.
            Some(format!("over {max}"))
        } else if self.problems.is_empty() {
            Some(model.canonical_bytes()).filter(|bytes| *bytes > max).map(|bytes| bytes.to_string())
        } else {
            None
        };
        if let Some(over) = over {
            let root = At::Root { source: self.documents.first().map(|policy| policy.source).unwrap_or_default() };
            let message = format!("{over} bytes with all that is short written out; at most {max} are allowed");
            self.problems.add(codes::LIMIT, &root, message);
        }
    }
}
