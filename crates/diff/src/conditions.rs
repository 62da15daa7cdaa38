//! What changed that depends on requests: of that only requests can tell who moves.

use std::collections::{BTreeMap, BTreeSet};

use weir_policy::Model;
use weir_policy::model::{Condition, Experiment, Operator, Rule};

use crate::side::{Pair, Side, are_same_audiences};

/// What of a layer depends on requests and changed, in words; nothing where slots and ranges tell everything.
pub(crate) fn changed(pair: &Pair<'_>) -> Vec<String> {
    let (before, after) = (&pair.before, &pair.after);
    let deals = [before, after].map(|side| side.in_force().next().is_some());
    let mut words = Vec::new();
    if deals == [false, false] {
        return words;
    }
    // Where only one side deals at all, the other's conditions were asked of nobody.
    if deals == [true, true] {
        if before.model.targeting != after.model.targeting {
            words.push("targeting of the policy".to_owned());
        }
        if let Some((old, new)) = before.layer.zip(after.layer)
            && old.targeting != new.targeting
        {
            words.push(format!("targeting of layer {}", new.id));
        }
        words.extend(units(pair));
    }
    let known: BTreeMap<&str, &Experiment> = before.in_force().map(|one| (one.id.as_str(), one)).collect();
    for new in after.in_force() {
        let Some(old) = known.get(new.id.as_str()) else { continue };
        if old.targeting != new.targeting {
            words.push(format!("targeting of {}", new.id));
        }
        if !are_same_audiences(old, new) {
            words.push(format!("audiences of {}", new.id));
        }
    }
    words.extend(rules(before, after));
    let named: BTreeSet<&str> = lists_named(before).union(&lists_named(after)).copied().collect();
    let lists = named.into_iter().filter(|name| list(before.model, name) != list(after.model, name));
    words.extend(lists.map(|name| format!("list {name}, which a condition names")));
    words
}

/// Units that are read otherwise than they were: of the layer, and of its holdouts.
fn units(pair: &Pair<'_>) -> Vec<String> {
    let of_side = |side: &Side<'_>| -> BTreeSet<String> {
        let own = side.layer.and_then(|layer| layer.unit.clone());
        own.into_iter().chain(side.holdouts().map(|holdout| holdout.unit.clone())).collect()
    };
    let sources = |model: &Model, name: &str| {
        model.units.iter().find(|(unit, _)| unit == name).map(|(_, sources)| sources.clone())
    };
    let (before, after) = (of_side(&pair.before), of_side(&pair.after));
    let both = before.intersection(&after);
    let changed = both.filter(|name| sources(pair.before.model, name) != sources(pair.after.model, name));
    changed.map(|name| format!("where unit {name} is read")).collect()
}

/// Rules that some experiments have otherwise, or their order.
fn rules(before: &Side<'_>, after: &Side<'_>) -> Option<String> {
    let [old, new] = [before, after].map(|side| {
        let with_rules = side.in_force().filter(|one| !one.rules.is_empty());
        with_rules.map(|one| (one.id.as_str(), one.rules.as_slice())).collect::<Vec<_>>()
    });
    let [was, is] = [&old, &new].map(|rules| rules.iter().copied().collect::<BTreeMap<&str, &[Rule]>>());
    let ids: BTreeSet<&str> = was.keys().chain(is.keys()).copied().collect();
    let changed: Vec<&str> = ids.into_iter().filter(|id| was.get(id) != is.get(id)).collect();
    match changed.is_empty() {
        true => (old != new).then(|| "the order of rules".to_owned()),
        false => Some(format!("rules of {}", changed.join(", "))),
    }
}

fn list<'a>(model: &'a Model, name: &str) -> Option<&'a Vec<String>> {
    model.lists.iter().find(|(known, _)| known == name).map(|(_, values)| values)
}

/// Lists that conditions of a layer name, and the policy's own.
fn lists_named<'a>(side: &Side<'a>) -> BTreeSet<&'a str> {
    let outer = side.model.targeting.iter().chain(side.layer.and_then(|layer| layer.targeting.as_ref()));
    let mut names = BTreeSet::new();
    outer.chain(side.in_force().flat_map(conditions)).for_each(|condition| lists_in(condition, &mut names));
    names
}

fn conditions(one: &Experiment) -> impl Iterator<Item = &Condition> {
    let rules = one.rules.iter().map(|rule| &rule.when);
    let audiences = one.audiences.iter().map(|audience| &audience.when);
    one.targeting.iter().chain(rules).chain(audiences)
}

fn lists_in<'a>(condition: &'a Condition, names: &mut BTreeSet<&'a str>) {
    match condition {
        Condition::All(inner) | Condition::Any(inner) => inner.iter().for_each(|one| lists_in(one, names)),
        Condition::Not(inner) => lists_in(inner, names),
        Condition::Leaf(leaf) => {
            if let Operator::InList(name) = &leaf.operator {
                names.insert(name);
            }
        }
    }
}

/// Whether requests of one unit may fare unlike each other in a layer: somebody asks for more than the unit.
pub(crate) fn asks_requests(side: &Side<'_>) -> bool {
    let outer = side.model.targeting.iter().chain(side.layer.and_then(|layer| layer.targeting.as_ref()));
    outer.count() > 0 || side.in_force().any(|one| conditions(one).next().is_some())
}
