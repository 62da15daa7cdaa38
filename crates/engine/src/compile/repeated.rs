//! Conditions that stand in several places of a policy, under one name or written out alike: each is compiled once, and
//! asked once a request.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use weir_policy::model::{Condition, Layer, Model, Subject, UnitSource};

use crate::targeting::{Predicate, Shared};

/// Where a condition stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// Whether it is asked when ids have been made.
    sees_ids: bool,
    unit: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// The targeting of the policy.
    pub(super) const BEFORE_ALL: Place<'static> = Place { sees_ids: false, unit: None };

    /// The targeting of a layer.
    pub(super) fn as_it_came(layer: &'a Layer) -> Place<'a> {
        Place { sees_ids: false, unit: layer.unit.as_deref() }
    }

    /// Within a layer.
    pub(super) fn with_ids(layer: &'a Layer) -> Place<'a> {
        Place { sees_ids: true, unit: layer.unit.as_deref() }
    }
}

/// Conditions that stand in several places.
#[derive(Default)]
pub(super) struct Repeated<'a> {
    /// Names of cookies in which ids are made.
    issued: HashSet<&'a str>,
    /// Those that were compiled already.
    shared: HashMap<Key<'a>, Option<Arc<Shared>>>,
    answers: usize,
}

/// What has one answer for a request: a condition, for one unit if it asks for the unit, and with or without the ids that
/// are made if it sees them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key<'a> {
    condition: &'a Condition,
    unit: Option<Option<&'a str>>,
    sees_ids: Option<bool>,
}

impl<'a> Repeated<'a> {
    pub(super) fn of(model: &'a Model) -> Repeated<'a> {
        let sources = model.units.iter().flat_map(|(_, sources)| sources);
        let issued = sources.filter_map(|source| match source {
            UnitSource::IssuedCookie(name, _) => Some(name.as_str()),
            _ => None,
        });
        let mut repeated = Repeated { issued: issued.collect(), ..Repeated::default() };
        let mut times = HashMap::new();
        let mut count = |condition, place| repeated.count(condition, place, &mut times);
        model.targeting.iter().for_each(|targeting| count(targeting, Place::BEFORE_ALL));
        for layer in &model.layers {
            layer.targeting.iter().for_each(|targeting| count(targeting, Place::as_it_came(layer)));
            for experiment in &layer.experiments {
                let rules = experiment.rules.iter().filter(|_| experiment.enabled).map(|rule| &rule.when);
                let audiences = experiment.audiences.iter().map(|audience| &audience.when);
                let conditions = rules.chain(&experiment.targeting).chain(audiences);
                conditions.for_each(|condition| count(condition, Place::with_ids(layer)));
            }
        }
        repeated.shared = times.into_iter().filter(|(_, times)| *times > 1).map(|(key, _)| (key, None)).collect();
        repeated
    }

    /// Once within one that stands in several places is once.
    fn count(&self, condition: &'a Condition, place: Place<'a>, times: &mut HashMap<Key<'a>, u32>) {
        let known = times.entry(self.key(condition, place)).or_insert(0);
        *known = known.saturating_add(1);
        if *known > 1 {
            return;
        }
        match condition {
            Condition::All(inner) | Condition::Any(inner) => {
                inner.iter().for_each(|one| self.count(one, place, times));
            }
            Condition::Not(inner) => self.count(inner, place, times),
            Condition::Leaf(_) => {}
        }
    }

    fn key(&self, condition: &'a Condition, place: Place<'a>) -> Key<'a> {
        let reads_unit = reads(condition, &|subject| *subject == Subject::Unit);
        let is_issued = |subject: &Subject| matches!(subject, Subject::Cookie(name) if self.issued.contains(&**name));
        let sees_ids = reads_unit || !self.issued.is_empty() && reads(condition, &is_issued);
        Key { condition, unit: reads_unit.then_some(place.unit), sees_ids: sees_ids.then_some(place.sees_ids) }
    }

    /// The key of a condition that stands in several places, of which this is one.
    pub(super) fn find(&self, condition: &'a Condition, place: Place<'a>) -> Option<Key<'a>> {
        if self.shared.is_empty() {
            return None;
        }
        Some(self.key(condition, place)).filter(|key| self.shared.contains_key(key))
    }

    /// Such a condition, if it was compiled already.
    pub(super) fn compiled(&self, key: &Key<'a>) -> Option<Predicate> {
        self.shared.get(key).and_then(Option::as_ref).map(|shared| Predicate::Shared(Arc::clone(shared)))
    }

    /// Such a condition, now that it is compiled.
    pub(super) fn share(&mut self, key: Key<'a>, predicate: Predicate) -> Predicate {
        let shared = Arc::new(Shared { answer: self.answers, predicate });
        self.answers = self.answers.saturating_add(1);
        self.shared.insert(key, Some(Arc::clone(&shared)));
        Predicate::Shared(shared)
    }

    /// How many have been compiled.
    pub(super) fn answers(&self) -> usize {
        self.answers
    }
}

/// Whether some leaf looks at such a thing.
fn reads(condition: &Condition, is_such: &dyn Fn(&Subject) -> bool) -> bool {
    match condition {
        Condition::All(inner) | Condition::Any(inner) => inner.iter().any(|one| reads(one, is_such)),
        Condition::Not(inner) => reads(inner, is_such),
        Condition::Leaf(leaf) => is_such(&leaf.subject),
    }
}
