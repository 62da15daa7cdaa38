//! What an experiment says otherwise, in words.

use std::collections::{BTreeMap, BTreeSet};

use weir_policy::model::{Audience, Experiment, Kind, Layer, Override, RouteTarget, Rule, Variant, Who};
use weir_policy::{Model, Range};

use super::change::{Change, Of, by_name};
use super::condition;
use super::text::{counted, percentage, share, some, switched, went_to};
use crate::sweep::size;

/// Experiments by id, whatever layer they are in.
pub(crate) fn changes(before: &Model, after: &Model) -> Vec<Change> {
    let [before, after] = [before, after].map(|model| {
        let all = model.layers.iter().flat_map(|layer| layer.experiments.iter().map(move |one| (layer, one)));
        all.map(|pair| (pair.1.id.as_str(), pair)).collect::<BTreeMap<&str, (&Layer, &Experiment)>>()
    });
    let came = |(layer, one): &(&Layer, &Experiment)| {
        let arms = one.variants.iter().map(|arm| format!("{} {}", arm.id, percentage(size(&arm.ranges))));
        let slots = percentage(size(&one.slots));
        format!("added to layer {}: slots {slots}, {}", layer.id, some(arms))
    };
    let went = |(layer, _): &(&Layer, &Experiment)| format!("removed from layer {}", layer.id);
    by_name(Of::Experiment, &before, &after, came, went, |(old_layer, old), (new_layer, new)| {
        let moved = (old_layer.id != new_layer.id).then(|| format!("layer {} -> {}", old_layer.id, new_layer.id));
        let mut words: Vec<String> = moved.into_iter().chain(switched(old.enabled, new.enabled)).collect();
        words.extend(went_to("kind", &old.kind, &new.kind, |kind| Some(kind_name(*kind).to_owned())));
        words.extend(went_to("epoch", &old.epoch, &new.epoch, |epoch| Some(epoch.to_string())));
        words.extend(share("slots", &old.slots, &new.slots));
        words.extend(variants(&old.variants, &new.variants));
        words.extend(went_to("targeting", &old.targeting, &new.targeting, condition::optional));
        words.extend(rules(&old.rules, &new.rules));
        words.extend(came_and_went(&old.overrides, &new.overrides, override_text, "overrides"));
        words.extend(audiences(&old.audiences, &new.audiences));
        words.extend(went_to("services", &old.services, &new.services, |all| {
            (!all.is_empty()).then(|| some(all.iter().cloned()))
        }));
        words
    })
}

/// Overrides of a layer that came, went, or stand in another order.
pub(crate) fn overrides(before: &[Override], after: &[Override]) -> Vec<String> {
    let text = |over: &Override| {
        let of = over.experiment.as_ref().map(|id| format!(" of {id}")).unwrap_or_default();
        format!("{}{of}", override_text(over))
    };
    came_and_went(before, after, text, "overrides")
}

fn override_text(over: &Override) -> String {
    let who = match &over.who {
        Who::Units(units) => counted(units.len(), "unit"),
        Who::List(name) => format!("list {name}"),
    };
    format!("override of {who} to {}", over.variant.as_deref().unwrap_or("stable"))
}

fn rules(before: &[Rule], after: &[Rule]) -> Vec<String> {
    let text = |rule: &Rule| {
        let variant = rule.variant.as_deref().unwrap_or("stable");
        format!("rule ({}) to {variant}", condition::text(&rule.when))
    };
    came_and_went(before, after, text, "rules")
}

fn came_and_went<T: PartialEq>(before: &[T], after: &[T], text: impl Fn(&T) -> String, what: &str) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let came = after.iter().filter(|one| !before.contains(one)).map(|one| format!("{} added", text(one)));
    let went = before.iter().filter(|one| !after.contains(one)).map(|one| format!("{} removed", text(one)));
    let words: Vec<String> = came.chain(went).collect();
    if words.is_empty() { vec![format!("order of {what} changed")] } else { words }
}

fn variants(before: &[Variant], after: &[Variant]) -> Vec<String> {
    let [old, new] =
        [before, after].map(|all| all.iter().map(|one| (one.id.as_str(), one)).collect::<BTreeMap<_, _>>());
    let mut words = Vec::new();
    for (id, after) in &new {
        let Some(before) = old.get(id) else {
            let routes = after.routes.iter().map(|(service, to)| format!(", {service} to {}", target(to)));
            let routes: String = routes.collect();
            let tag = &after.env_tag;
            words.push(format!("variant {id} {} added, tag {tag}{routes}", percentage(size(&after.ranges))));
            continue;
        };
        words.extend(share(id, &before.ranges, &after.ranges));
        words.extend(went_to(&format!("tag of {id}"), &before.env_tag, &after.env_tag, |tag| Some(tag.clone())));
        words.extend(routes(id, &before.routes, &after.routes));
    }
    let gone = old.iter().filter(|(id, _)| !new.contains_key(*id));
    words.extend(gone.map(|(id, one)| format!("variant {id} {} removed", percentage(size(&one.ranges)))));
    words
}

fn routes(arm: &str, before: &[(String, RouteTarget)], after: &[(String, RouteTarget)]) -> Vec<String> {
    let services: BTreeSet<&String> = before.iter().chain(after).map(|(service, _)| service).collect();
    let of = |routes: &[(String, RouteTarget)], service: &String| {
        routes.iter().find(|(known, _)| known == service).map(|(_, to)| to.clone())
    };
    let each = services.into_iter().filter_map(|service| {
        let what = format!("route of {arm} for {service}");
        went_to(&what, &of(before, service), &of(after, service), |to| to.as_ref().map(target))
    });
    each.collect()
}

fn target(target: &RouteTarget) -> String {
    match target {
        RouteTarget::Subset(name) => name.clone(),
        RouteTarget::Service(name) => format!("service {name}"),
    }
}

fn audiences(before: &[Audience], after: &[Audience]) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let of = |all: &[Audience], id: &str| all.iter().find(|one| one.id == id).cloned();
    let ids: BTreeSet<&str> = before.iter().chain(after).map(|one| one.id.as_str()).collect();
    let mut words = Vec::new();
    for id in ids {
        match (of(before, id), of(after, id)) {
            (Some(old), Some(new)) => {
                let what = format!("condition of audience {id}");
                words.extend(went_to(&what, &old.when, &new.when, |when| Some(format!("({})", condition::text(when)))));
                let arms: BTreeSet<&str> = old.ranges.iter().chain(&new.ranges).map(|(arm, _)| arm.as_str()).collect();
                words.extend(arms.into_iter().filter_map(|arm| {
                    share(&format!("{arm} in audience {id}"), &ranges(&old, arm), &ranges(&new, arm))
                }));
            }
            (None, Some(new)) => {
                let arms = new.ranges.iter().map(|(arm, ranges)| format!("{arm} {}", percentage(size(ranges))));
                words.push(format!("audience {id} added ({}): {}", condition::text(&new.when), some(arms)));
            }
            (Some(_), None) => words.push(format!("audience {id} removed")),
            (None, None) => {}
        }
    }
    if words.is_empty() { vec!["order of audiences changed".to_owned()] } else { words }
}

fn ranges(audience: &Audience, arm: &str) -> Vec<Range> {
    audience.ranges.iter().find(|(known, _)| known == arm).map(|(_, ranges)| ranges.clone()).unwrap_or_default()
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Release => "release",
        Kind::Test => "test",
    }
}
