//! What came of a condition, and which of its leaves settled it.

use weir_policy::model::Condition;

use super::step::{SeenLeaf, Verdict};
use crate::targeting::{EvalContext, Input, Predicate};

/// Asks a condition by what it was compiled to.
pub(super) fn verdict<'m>(condition: &'m Condition, compiled: &Predicate, context: &EvalContext<'_>) -> Verdict<'m> {
    let mut because = Vec::new();
    collect(condition, compiled, context, false, &mut because);
    Verdict { holds: compiled.holds(context), because }
}

/// A compiled condition has the shape of the condition; conditions are at most 8 deep, so the recursion is bounded.
fn collect<'m>(
    condition: &'m Condition,
    compiled: &Predicate,
    context: &EvalContext<'_>,
    is_negated: bool,
    leaves: &mut Vec<SeenLeaf<'m>>,
) {
    let holds = compiled.holds(context);
    match (condition, compiled) {
        (_, Predicate::Shared(shared)) => collect(condition, &shared.predicate, context, is_negated, leaves),
        (Condition::All(inner), Predicate::All(predicates)) | (Condition::Any(inner), Predicate::Any(predicates)) => {
            // All of a list say the same, or the first that differs settles it.
            let settles_alone = matches!(compiled, Predicate::Any(_)) == holds;
            let mut pairs = inner.iter().zip(predicates);
            if settles_alone {
                if let Some((one, predicate)) = pairs.find(|(_, predicate)| predicate.holds(context) == holds) {
                    collect(one, predicate, context, is_negated, leaves);
                }
            } else {
                pairs.for_each(|(one, predicate)| collect(one, predicate, context, is_negated, leaves));
            }
        }
        (Condition::Not(inner), Predicate::Not(predicate)) => collect(inner, predicate, context, !is_negated, leaves),
        (Condition::Leaf(leaf), Predicate::Leaf(input, _)) => {
            leaves.push(SeenLeaf { leaf, values: values(input, context), holds, is_negated });
        }
        _ => {}
    }
}

fn values(input: &Input, context: &EvalContext<'_>) -> Vec<Vec<u8>> {
    match input {
        Input::Attribute(id) => context.values.of(*id).map(<[u8]>::to_vec).collect(),
        Input::Unit => context.unit.map(<[u8]>::to_vec).into_iter().collect(),
    }
}
