//! What one policy says otherwise than another, in words: an experiment, a layer, a name each.

use std::collections::{BTreeMap, BTreeSet};

use weir_policy::model::{Audience, Experiment, Layer, Variant};
use weir_policy::{Model, Range};

use super::words::{came_went_changed, came_went_or, changed, lines, named};

/// What changed, in words.
pub fn changes(before: &Model, after: &Model) -> Vec<String> {
    let mut words = Vec::from_iter(switched("the policy", before.enabled, after.enabled));
    words.extend(experiments(before, after));
    words.extend(layers(before, after));
    let [old, new] = [before, after].map(|model| by_name(&model.lists, |(name, values)| (name, values)));
    words.extend(came_went_changed(&old, &new, |name| format!("list {}", named(name))));
    let [old, new] = [before, after].map(|model| by_name(&model.units, |(name, sources)| (name, sources)));
    words.extend(came_went_changed(&old, &new, |name| format!("unit {}", named(name))));
    let [old, new] = [before, after].map(|model| by_name(&model.holdouts, |holdout| (&holdout.id, holdout)));
    words.extend(came_went_changed(&old, &new, |id| format!("holdout {id}")));
    words.extend(changed("targeting of the policy", &before.targeting, &after.targeting));
    words.extend(changed("env_tag", &before.env_tag, &after.env_tag));
    // The order of experiments, which is that of their rules, has no words of its own.
    if words.is_empty() { vec!["order changed".to_owned()] } else { words }
}

/// Experiments by id, whatever layer they are in.
fn experiments(before: &Model, after: &Model) -> Vec<String> {
    let [before, after] = [before, after].map(|model| {
        let all = model.layers.iter().flat_map(|layer| layer.experiments.iter().map(move |one| (&layer.id, one)));
        all.map(|(layer, one)| (one.id.as_str(), (layer, one))).collect::<BTreeMap<&str, (&String, &Experiment)>>()
    });
    came_went_or(&before, &after, "", |id, (old_layer, old), (new_layer, new)| {
        let moved = (old_layer != new_layer).then(|| format!("from layer {old_layer} to {new_layer}"));
        let mut parts = Vec::from_iter(moved);
        parts.extend(share("slots", &old.slots, &new.slots));
        parts.extend(variants(&old.variants, &new.variants));
        parts.extend(counted("rule", &old.rules, &new.rules));
        parts.extend(counted("override", &old.overrides, &new.overrides));
        parts.extend(audiences(&old.audiences, &new.audiences));
        parts.extend(changed("targeting", &old.targeting, &new.targeting));
        parts.extend(changed("epoch", &old.epoch, &new.epoch));
        parts.extend(changed("kind", &old.kind, &new.kind));
        parts.extend(changed("services", &old.services, &new.services));
        switched(id, old.enabled, new.enabled).into_iter().chain(lines(id, parts)).collect()
    })
}

fn layers(before: &Model, after: &Model) -> Vec<String> {
    let [before, after] = [before, after].map(|model| by_name(&model.layers, |layer: &Layer| (&layer.id, layer)));
    came_went_or(&before, &after, "layer ", |id, old, new| {
        let mut parts = Vec::from_iter(changed("unit", &old.unit, &new.unit));
        parts.extend(changed("line", &old.line, &new.line));
        parts.extend(changed("epoch", &old.epoch, &new.epoch));
        parts.extend(changed("targeting", &old.targeting, &new.targeting));
        parts.extend(counted("override", &old.overrides, &new.overrides));
        switched(id, old.enabled, new.enabled).into_iter().chain(lines(id, parts)).collect()
    })
}

fn variants(before: &[Variant], after: &[Variant]) -> Vec<String> {
    let [before, after] = [before, after].map(|all| by_name(all, |variant| (&variant.id, variant)));
    came_went_or(&before, &after, "variant ", |_, old, new| {
        let mut parts = Vec::from_iter(share(&new.id, &old.ranges, &new.ranges));
        parts.extend(changed(&format!("routes of {}", new.id), &old.routes, &new.routes));
        parts.extend(changed(&format!("tag of {}", new.id), &old.env_tag, &new.env_tag));
        parts
    })
}

fn audiences(before: &[Audience], after: &[Audience]) -> Vec<String> {
    let [old, new] = [before, after].map(|all| by_name(all, |audience| (&audience.id, audience)));
    let words = came_went_or(&old, &new, "audience ", |id, old, new| {
        let [old_arms, new_arms] = [old, new].map(|audience| by_name(&audience.ranges, |(arm, ranges)| (arm, ranges)));
        let arms: BTreeSet<&str> = old_arms.keys().chain(new_arms.keys()).copied().collect();
        let of = |arms: &BTreeMap<&str, &Vec<Range>>, arm| arms.get(arm).map_or(Vec::new(), |ranges| ranges.to_vec());
        let arms = arms.into_iter();
        let mut parts: Vec<String> =
            arms.filter_map(|arm| share(&format!("{arm} in {id}"), &of(&old_arms, arm), &of(&new_arms, arm))).collect();
        parts.extend(changed(&format!("condition of {id}"), &old.when, &new.when));
        parts
    });
    let is_other_order = words.is_empty() && before != after;
    if is_other_order { vec!["order of audiences changed".to_owned()] } else { words }
}

fn by_name<'a, One, T>(all: &'a [One], named: impl Fn(&'a One) -> (&'a String, T)) -> BTreeMap<&'a str, T> {
    all.iter().map(named).map(|(name, one)| (name.as_str(), one)).collect()
}

fn switched(what: &str, before: bool, after: bool) -> Option<String> {
    let word = if after { "on" } else { "off" };
    (before != after).then(|| format!("switched {word}: {what}"))
}

fn counted<T: PartialEq>(what: &str, before: &[T], after: &[T]) -> Option<String> {
    let (count, word) = match (before.len(), after.len()) {
        (old, new) if new > old => (new - old, "more"),
        (old, new) if new < old => (old - new, "fewer"),
        _ if before != after => return Some(format!("{what}s changed")),
        _ => return None,
    };
    let plural = if count == 1 { "" } else { "s" };
    Some(format!("{count} {what}{plural} {word}"))
}

/// How much of a line is owned before and after.
fn share(what: &str, before: &[Range], after: &[Range]) -> Option<String> {
    let size = |ranges: &[Range]| ranges.iter().map(|range| range.end - range.start).sum();
    match (size(before), size(after)) {
        _ if before == after => None,
        (old, new) if old == new => Some(format!("{what} {} elsewhere", percentage(new))),
        (old, new) => Some(format!("{what} {} -> {}", percentage(old), percentage(new))),
    }
}

/// Parts per million as people write them.
fn percentage(share: u32) -> String {
    let text = format!("{}.{:04}", share / 10_000, share % 10_000);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}
