//! The rules of a layer, found by what a request has rather than by trying them all.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use crate::attributes::AttributeId;
use crate::targeting::{CaseRule, EvalContext, Input, Matcher, Predicate};

/// What an override or a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forced {
    pub(crate) experiment: Option<usize>,
    /// `None` means stable.
    pub(crate) variant: Option<usize>,
}

/// A condition that forces a variant.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) when: Predicate,
    pub(crate) forced: Forced,
}

/// The rules of the enabled experiments of a layer, in order.
///
/// A rule that can only hold where an attribute has a value, or one exact value, is filed there; the others are tried
/// for every request. So the cost follows the rules that a request can meet, not those that exist.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    always: Vec<usize>,
    /// By attribute.
    by_attribute: Vec<(AttributeId, Filed)>,
}

#[derive(Debug, Default)]
struct Filed {
    any_value: Vec<usize>,
    by_value: HashMap<Box<[u8]>, Vec<usize>>,
}

impl Rules {
    pub(crate) fn new(rules: Vec<Rule>) -> Rules {
        let mut always = Vec::new();
        let mut by_attribute: BTreeMap<AttributeId, Filed> = BTreeMap::new();
        for (i, rule) in rules.iter().enumerate() {
            match needed(&rule.when) {
                None => always.push(i),
                Some((attribute, None)) => by_attribute.entry(attribute).or_default().any_value.push(i),
                Some((attribute, Some(value))) => {
                    let filed = by_attribute.entry(attribute).or_default();
                    filed.by_value.entry_ref(value).or_default().push(i);
                }
            }
        }
        Rules { rules, always, by_attribute: by_attribute.into_iter().collect() }
    }

    /// All of them.
    pub(crate) fn in_order(&self) -> &[Rule] {
        &self.rules
    }

    /// The first rule that holds.
    pub(crate) fn first(&self, context: &EvalContext<'_>) -> Option<Forced> {
        let mut first = self.first_of(&self.always, None, context);
        if !self.by_attribute.is_empty() {
            for (attribute, values) in context.values.captured() {
                let Some(filed) = self.filed(attribute) else { continue };
                first = self.first_of(&filed.any_value, first, context);
                if filed.by_value.is_empty() {
                    continue;
                }
                // Each value once: a client may send one a thousand times.
                for value in values.collect::<BTreeSet<_>>() {
                    if let Some(rules) = filed.by_value.get(value) {
                        first = self.first_of(rules, first, context);
                    }
                }
            }
        }
        first.and_then(|i| self.rules.get(i)).map(|rule| rule.forced)
    }

    fn filed(&self, attribute: AttributeId) -> Option<&Filed> {
        let place = self.by_attribute.binary_search_by_key(&attribute, |(known, _)| *known).ok()?;
        self.by_attribute.get(place).map(|(_, filed)| filed)
    }

    /// The first of some rules that holds, if it comes before the best so far.
    fn first_of(&self, some: &[usize], best: Option<usize>, context: &EvalContext<'_>) -> Option<usize> {
        let earlier = some.iter().copied().take_while(|i| best.is_none_or(|best| *i < best));
        let holds = |i: &usize| self.rules.get(*i).is_some_and(|rule| rule.when.holds(context));
        earlier.into_iter().find(holds).or(best)
    }
}

/// An attribute that must have a value, and perhaps which, for a predicate to hold.
fn needed(predicate: &Predicate) -> Option<(AttributeId, Option<&[u8]>)> {
    match predicate {
        Predicate::Leaf(Input::Attribute(attribute), matcher) => match matcher {
            Matcher::Present(false) => None,
            Matcher::Exact(value, CaseRule::Matters) => Some((*attribute, Some(value))),
            _ => Some((*attribute, None)),
        },
        Predicate::All(predicates) => {
            let needs = || predicates.iter().filter_map(needed);
            needs().find(|(_, value)| value.is_some()).or_else(|| needs().next())
        }
        Predicate::Shared(shared) => needed(&shared.predicate),
        Predicate::Any(_) | Predicate::Not(_) | Predicate::Leaf(..) => None,
    }
}
