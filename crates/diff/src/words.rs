//! What one policy says otherwise than another, in words: a line for each thing, with what was and what is.

use std::collections::{BTreeMap, BTreeSet};

use weir_policy::Model;
use weir_policy::model::{EnvTag, Holdout, Layer, UnitSource};

mod change;
mod condition;
mod experiment;
mod text;

pub use change::{Change, Of};
pub use text::percentage;

use change::by_name;
use text::{counted, cut, some, switched, went_to};

/// All that changed, the policy's own first, then by name. Empty for policies that mean the same.
pub(crate) fn changes(before: &Model, after: &Model) -> Vec<Change> {
    let own = policy(before, after).into_iter();
    let mut changes: Vec<Change> = own.map(|text| Change { of: Of::Policy, id: String::new(), text }).collect();
    changes.extend(units(before, after));
    changes.extend(lists(before, after));
    changes.extend(holdouts(before, after));
    changes.extend(layers(before, after));
    changes.extend(experiment::changes(before, after));
    changes
}

fn policy(before: &Model, after: &Model) -> Vec<String> {
    let (old, new): (&EnvTag, &EnvTag) = (&before.env_tag, &after.env_tag);
    let same = |text: &Option<String>| text.clone();
    let cookie = |cookie: &Option<(String, weir_policy::model::CookieLife)>| {
        cookie.as_ref().map(|(name, life)| format!("{name} for {} s", life.max_age_seconds))
    };
    let parts = [
        switched(before.enabled, after.enabled),
        went_to("targeting", &before.targeting, &after.targeting, condition::optional),
        went_to("tag header", &old.header, &new.header, |header| Some(header.clone())),
        went_to("tag baggage", &old.baggage, &new.baggage, same),
        went_to("tag cookie", &old.cookie, &new.cookie, cookie),
        went_to("tag request cookie", &old.request_cookie, &new.request_cookie, same),
    ];
    parts.into_iter().flatten().collect()
}

fn units(before: &Model, after: &Model) -> Vec<Change> {
    let [before, after] = [before, after].map(|model| named(&model.units, |(name, sources)| (name, sources)));
    let read = |sources: &Vec<UnitSource>| some(sources.iter().map(|source| cut(&source.canonical())));
    let came = |sources: &&Vec<UnitSource>| format!("added: {}", read(sources));
    let went = |_: &&Vec<UnitSource>| "removed".to_owned();
    by_name(Of::Unit, &before, &after, came, went, |old, new| {
        went_to("read from", *old, *new, |sources| Some(read(sources))).into_iter().collect()
    })
}

fn lists(before: &Model, after: &Model) -> Vec<Change> {
    let [before, after] = [before, after].map(|model| named(&model.lists, |(name, values)| (name, values)));
    let came = |values: &&Vec<String>| format!("added, {}", counted(values.len(), "value"));
    let went = |values: &&Vec<String>| format!("removed, {}", counted(values.len(), "value"));
    by_name(Of::List, &before, &after, came, went, |old, new| {
        let [was, is]: [BTreeSet<&String>; 2] = [old, new].map(|values| values.iter().collect());
        let told = |these: Vec<&&String>, word: &str| {
            let values = some(these.iter().map(|value| cut(value)));
            (!these.is_empty()).then(|| format!("{} {word}: {values}", counted(these.len(), "value")))
        };
        let more = told(is.difference(&was).collect(), "more");
        more.into_iter().chain(told(was.difference(&is).collect(), "fewer")).collect()
    })
}

fn holdouts(before: &Model, after: &Model) -> Vec<Change> {
    let [before, after] = [before, after].map(|model| named(&model.holdouts, |holdout| (&holdout.id, holdout)));
    let of = |one: &Holdout| format!("{} of layers {}", percentage(one.share), some(one.layers.iter().cloned()));
    let came = |one: &&Holdout| format!("added, {}", of(one));
    let went = |one: &&Holdout| format!("removed, {}", of(one));
    by_name(Of::Holdout, &before, &after, came, went, |old, new| {
        let parts = [
            went_to("share", &old.share, &new.share, |share| Some(percentage(*share))),
            went_to("epoch", &old.epoch, &new.epoch, |epoch| Some(epoch.to_string())),
            went_to("unit", &old.unit, &new.unit, |unit| Some(unit.clone())),
            went_to("layers", &old.layers, &new.layers, |layers| Some(some(layers.iter().cloned()))),
        ];
        parts.into_iter().flatten().collect()
    })
}

fn layers(before: &Model, after: &Model) -> Vec<Change> {
    let [before, after] = [before, after].map(|model| named(&model.layers, |layer| (&layer.id, layer)));
    let came = |one: &&Layer| format!("added, {}", counted(one.experiments.len(), "experiment"));
    let went = |one: &&Layer| format!("removed, {}", counted(one.experiments.len(), "experiment"));
    by_name(Of::Layer, &before, &after, came, went, |old, new| {
        let parts = [
            switched(old.enabled, new.enabled),
            went_to("unit", &old.unit, &new.unit, |unit| unit.clone()),
            went_to("line", &old.line, &new.line, |line| Some(line.clone())),
            went_to("epoch", &old.epoch, &new.epoch, |epoch| Some(epoch.to_string())),
            went_to("targeting", &old.targeting, &new.targeting, condition::optional),
            other_order(old, new),
        ];
        let parts = parts.into_iter().flatten();
        parts.chain(experiment::overrides(&old.overrides, &new.overrides)).collect()
    })
}

/// Whether experiments that stay are in another order, which is that of their rules.
fn other_order(old: &Layer, new: &Layer) -> Option<String> {
    let ids = |layer: &Layer| -> Vec<String> { layer.experiments.iter().map(|one| one.id.clone()).collect() };
    let (was, is) = (ids(old), ids(new));
    let [in_old, in_new]: [BTreeSet<&String>; 2] = [&was, &is].map(|ids| ids.iter().collect());
    let was = was.iter().filter(|id| in_new.contains(id));
    let is = is.iter().filter(|id| in_old.contains(id));
    was.ne(is).then(|| "order of experiments changed".to_owned())
}

fn named<'a, One, T>(all: &'a [One], name: impl Fn(&'a One) -> (&'a String, T)) -> BTreeMap<&'a str, T> {
    all.iter().map(name).map(|(name, one)| (name.as_str(), one)).collect()
}
