//! The named conditions of all files of a policy: what each stands for, those that it refers to first, and no circles.

use std::collections::{HashMap, HashSet, VecDeque};

use super::conditions::{Meaning, UnitLeaf};
use super::{Checker, names};
use crate::document::{At, SourceId, codes};
use crate::written::{Condition, Policy};

impl<'a> Checker<'a> {
    /// Checks every named condition, used or not, without expanding it.
    pub(super) fn named_conditions(&mut self) {
        let graph = Graph::of(self.documents);
        let order = graph.order();
        for place in &order {
            self.define(&graph, *place);
        }
        let ordered: HashSet<usize> = order.into_iter().collect();
        let left: Vec<usize> = (0..graph.names.len()).filter(|place| !ordered.contains(place)).collect();
        // Those who refer to a circle have nothing to be told: it is told where it is.
        self.named.extend(left.iter().filter_map(|place| graph.names.get(*place)).map(|named| (named.name, None)));
        for place in &left {
            self.define(&graph, *place);
        }
        for circle in graph.circles(&left) {
            self.tell_circle(&graph, &circle);
        }
    }

    fn define(&mut self, graph: &Graph<'a>, place: usize) {
        let Some(named) = graph.names.get(place) else { return };
        let mut first: Option<Option<Meaning>> = None;
        for (source, written) in &named.written {
            let root = At::Root { source: *source };
            let at = root.key("conditions");
            let at = at.key(named.name);
            names::id(named.name, &at, &mut self.problems);
            let meaning = self.meaning(written, UnitLeaf::Allowed, &at);
            match (&first, &meaning) {
                (None, _) => first = Some(meaning),
                (Some(Some(first)), Some(meaning)) if first.condition != meaning.condition => {
                    let message = "another file of this policy has a different condition of this name";
                    self.problems.add(codes::CONFLICT, &at, message);
                }
                _ => {}
            }
        }
        self.named.entry(named.name).or_insert(first.flatten());
    }

    fn tell_circle(&mut self, graph: &Graph<'a>, circle: &[usize]) {
        /// Of a long circle some are named.
        const SHOWN: usize = 8;
        let names: Vec<&str> = circle.iter().filter_map(|place| graph.names.get(*place)).map(|one| one.name).collect();
        let Some(named) = circle.first().and_then(|place| graph.names.get(*place)) else { return };
        let Some((source, _)) = named.written.first() else { return };
        let mut way = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(" -> ");
        if names.len() > SHOWN {
            way.push_str(" -> …");
        }
        let root = At::Root { source: *source };
        let message = format!("{way} -> {}: a condition cannot stand for itself", named.name);
        self.problems.add(codes::CONDITION_CIRCLE, &root.key("conditions").key(named.name), message);
    }
}

/// Which names refer to which.
struct Graph<'a> {
    names: Vec<Named<'a>>,
}

struct Named<'a> {
    name: &'a str,
    /// In every file that has it.
    written: Vec<(SourceId, &'a Condition)>,
    /// Places of those that it refers to.
    refers_to: Vec<usize>,
}

impl<'a> Graph<'a> {
    fn of(documents: &'a [Policy]) -> Graph<'a> {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut names: Vec<Named<'a>> = Vec::new();
        for policy in documents {
            for (name, condition) in &policy.conditions {
                let place = *places.entry(name).or_insert(names.len());
                if place == names.len() {
                    names.push(Named { name, written: Vec::new(), refers_to: Vec::new() });
                }
                names.get_mut(place).map(|named| named.written.push((policy.source, condition))).unwrap_or_default();
            }
        }
        for named in &mut names {
            let Named { written, refers_to, .. } = named;
            written.iter().for_each(|(_, condition)| references(condition, &places, refers_to));
            refers_to.sort_unstable();
            refers_to.dedup();
        }
        Graph { names }
    }

    /// Those that refer to nothing first, and each behind all that it refers to; what is in a circle, or refers to one, is
    /// not among them. Without recursion, since a chain of names may be as long as the policy.
    fn order(&self) -> Vec<usize> {
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.names.len()];
        let mut waits: Vec<usize> = self.names.iter().map(|named| named.refers_to.len()).collect();
        for (place, named) in self.names.iter().enumerate() {
            for other in &named.refers_to {
                users.get_mut(*other).map(|users| users.push(place)).unwrap_or_default();
            }
        }
        let mut ready: VecDeque<usize> = (0..self.names.len()).filter(|place| waits.get(*place) == Some(&0)).collect();
        let mut order = Vec::with_capacity(self.names.len());
        while let Some(place) = ready.pop_front() {
            order.push(place);
            for user in users.get(place).into_iter().flatten() {
                let Some(left) = waits.get_mut(*user) else { continue };
                *left = left.saturating_sub(1);
                if *left == 0 {
                    ready.push_back(*user);
                }
            }
        }
        order
    }

    /// The circles among those that are `left`, each of which refers to another of them.
    fn circles(&self, left: &[usize]) -> Vec<Vec<usize>> {
        let is_left: HashSet<usize> = left.iter().copied().collect();
        let mut met: HashSet<usize> = HashSet::new();
        let mut circles = Vec::new();
        for start in left {
            let mut way = Vec::new();
            let mut place = *start;
            while met.insert(place) {
                way.push(place);
                let refers_to = self.names.get(place).map(|named| named.refers_to.as_slice()).unwrap_or_default();
                let Some(next) = refers_to.iter().find(|next| is_left.contains(next)) else { break };
                place = *next;
            }
            // Else it has led to what was met before.
            if let Some(entry) = way.iter().position(|known| *known == place) {
                circles.push(way.split_off(entry));
            }
        }
        circles
    }
}

/// The names in a condition, as places; conditions are at most 8 deep as they are written.
fn references(condition: &Condition, places: &HashMap<&str, usize>, found: &mut Vec<usize>) {
    match condition {
        Condition::All(inner) | Condition::Any(inner) => inner.iter().for_each(|one| references(one, places, found)),
        Condition::Not(inner) => references(inner, places, found),
        Condition::Named(name) => found.extend(places.get(name.as_str())),
        Condition::Leaf(_) => {}
    }
}
