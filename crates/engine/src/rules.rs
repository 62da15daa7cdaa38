//! The rules of a layer, found by what a request has rather than by trying them all.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use crate::sources::SourceId;
use crate::targeting::{Case, Look, Matcher, Scene, Test};

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
    pub(crate) when: Test,
    pub(crate) forced: Forced,
}

/// The rules of the enabled experiments of a layer, in order.
///
/// A rule that can only hold where a source has a value, or one exact value, is filed there; the others are tried
/// for every request. So the cost follows the rules that a request can meet, not those that exist.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    always: Vec<usize>,
    /// By source.
    by_source: Vec<(SourceId, Filed)>,
}

#[derive(Debug, Default)]
struct Filed {
    any_value: Vec<usize>,
    by_value: HashMap<Box<[u8]>, Vec<usize>>,
}

impl Rules {
    pub(crate) fn new(rules: Vec<Rule>) -> Rules {
        let mut always = Vec::new();
        let mut by_source: BTreeMap<SourceId, Filed> = BTreeMap::new();
        for (i, rule) in rules.iter().enumerate() {
            match needed(&rule.when) {
                None => always.push(i),
                Some((source, None)) => by_source.entry(source).or_default().any_value.push(i),
                Some((source, Some(value))) => {
                    let filed = by_source.entry(source).or_default();
                    filed.by_value.entry_ref(value).or_default().push(i);
                }
            }
        }
        Rules { rules, always, by_source: by_source.into_iter().collect() }
    }

    /// The first rule that holds.
    pub(crate) fn first(&self, scene: Scene<'_>) -> Option<Forced> {
        let mut first = self.first_of(&self.always, None, scene);
        if !self.by_source.is_empty() {
            for (source, values) in scene.values.captured() {
                let Some(filed) = self.filed(source) else { continue };
                first = self.first_of(&filed.any_value, first, scene);
                if filed.by_value.is_empty() {
                    continue;
                }
                // Each value once: a client may send one a thousand times.
                for value in values.collect::<BTreeSet<_>>() {
                    if let Some(rules) = filed.by_value.get(value) {
                        first = self.first_of(rules, first, scene);
                    }
                }
            }
        }
        first.and_then(|i| self.rules.get(i)).map(|rule| rule.forced)
    }

    fn filed(&self, source: SourceId) -> Option<&Filed> {
        let place = self.by_source.binary_search_by_key(&source, |(known, _)| *known).ok()?;
        self.by_source.get(place).map(|(_, filed)| filed)
    }

    /// The first of some rules that holds, if it comes before the best so far.
    fn first_of(&self, some: &[usize], best: Option<usize>, scene: Scene<'_>) -> Option<usize> {
        let earlier = some.iter().copied().take_while(|i| best.is_none_or(|best| *i < best));
        let holds = |i: &usize| self.rules.get(*i).is_some_and(|rule| rule.when.holds(scene));
        earlier.into_iter().find(holds).or(best)
    }
}

/// A source that must have a value, and perhaps which, for a test to hold.
fn needed(test: &Test) -> Option<(SourceId, Option<&[u8]>)> {
    match test {
        Test::Leaf(Look::Source(source), matcher) => match matcher {
            Matcher::Present(false) => None,
            Matcher::Exact(value, Case::Matters) => Some((*source, Some(value))),
            _ => Some((*source, None)),
        },
        Test::All(tests) => {
            let needs = || tests.iter().filter_map(needed);
            needs().find(|(_, value)| value.is_some()).or_else(|| needs().next())
        }
        Test::Any(_) | Test::Not(_) | Test::Leaf(..) => None,
    }
}
