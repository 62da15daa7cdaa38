//! A layer as one of two policies deals it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use weir_policy::model::{Experiment, Holdout, Layer};
use weir_policy::{Model, Range};

use crate::request::Asked;
use crate::sweep::Owned;

/// A layer of one policy; there may be none, and then everybody is stable.
#[derive(Clone, Debug)]
pub(crate) struct Side<'a> {
    pub(crate) model: &'a Model,
    pub(crate) layer: Option<&'a Layer>,
    shown: Shown<'a>,
}

/// The experiments of the layer that are looked at.
#[derive(Clone, Debug)]
enum Shown<'a> {
    AllBut(Rc<BTreeSet<&'a str>>),
    Only(Rc<BTreeSet<&'a str>>),
}

/// A layer before and after. Experiments that went from one layer to another are looked at in a pair of their own, and in no other.
#[derive(Clone, Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) before: Side<'a>,
    pub(crate) after: Side<'a>,
}

/// All layers of two policies, by id, and then the experiments that changed theirs.
pub(crate) fn pairs<'a>(old: &'a Model, new: &'a Model) -> Vec<Pair<'a>> {
    let [was, is] = [old, new].map(homes);
    let mut moved: BTreeMap<[&str; 2], (&Layer, &Layer, BTreeSet<&str>)> = BTreeMap::new();
    for (id, before) in &was {
        let Some(after) = is.get(id).filter(|after| after.id != before.id) else { continue };
        let together = moved.entry([before.id.as_str(), after.id.as_str()]);
        together.or_insert_with(|| (before, after, BTreeSet::new())).2.insert(id);
    }
    let hidden: Rc<BTreeSet<&str>> = Rc::new(moved.values().flat_map(|(.., ids)| ids).copied().collect());
    let ids: BTreeSet<&str> = old.layers.iter().chain(&new.layers).map(|layer| layer.id.as_str()).collect();
    let side = |model: &'a Model, id: &str| {
        let place = model.layers.binary_search_by_key(&id, |layer| layer.id.as_str()).ok();
        Side { model, layer: place.and_then(|place| model.layers.get(place)), shown: Shown::AllBut(hidden.clone()) }
    };
    let by_id = ids.into_iter().map(|id| Pair { before: side(old, id), after: side(new, id) });
    let moved = moved.into_values().map(|(before, after, ids)| {
        let ids = Rc::new(ids);
        let alone = |model, layer| Side { model, layer: Some(layer), shown: Shown::Only(ids.clone()) };
        Pair { before: alone(old, before), after: alone(new, after) }
    });
    by_id.chain(moved).collect()
}

/// The layer of each experiment.
fn homes(model: &Model) -> BTreeMap<&str, &Layer> {
    let layers = model.layers.iter();
    layers.flat_map(|layer| layer.experiments.iter().map(move |one| (one.id.as_str(), layer))).collect()
}

impl<'a> Pair<'a> {
    /// The id that the layer has, or had.
    pub(crate) fn id(&self) -> &'a str {
        self.after.layer.or(self.before.layer).map_or("", |layer| &layer.id)
    }

    /// The unit that is dealt, or was.
    pub(crate) fn unit(&self) -> &'a str {
        let layer = self.after.layer.or(self.before.layer);
        layer.and_then(|layer| layer.unit.as_deref()).unwrap_or("")
    }

    /// A request of one unit of the layer, whatever it is called on either side.
    pub(crate) fn request_of(&self, unit: &str) -> Asked {
        let layers = self.before.layer.into_iter().chain(self.after.layer);
        let names: BTreeSet<&str> = layers.filter_map(|layer| layer.unit.as_deref()).collect();
        Asked::of(names, unit.as_bytes())
    }

    /// Whether a request has the same unit on both sides, called alike or not.
    pub(crate) fn is_same_unit(&self) -> bool {
        let (Some(before), Some(after)) = (self.before.layer, self.after.layer) else { return false };
        let sources = |side: &Side<'a>, name: &Option<String>| {
            let units = &side.model.units;
            let unit = name.as_ref().and_then(|name| units.iter().find(|(unit, _)| unit == name));
            unit.map(|(_, sources)| sources.as_slice())
        };
        before.unit == after.unit || sources(&self.before, &before.unit) == sources(&self.after, &after.unit)
    }

    /// Whether a unit has the same slot on both sides.
    pub(crate) fn is_same_line(&self) -> bool {
        let (Some(before), Some(after)) = (self.before.layer, self.after.layer) else { return false };
        before.line == after.line && before.epoch == after.epoch && self.is_same_unit()
    }

    /// Whether somebody is dealt who was dealt before by another line, so that parts are no more than to be expected.
    pub(crate) fn is_dealt_afresh(&self) -> bool {
        if !self.before.is_on() || !self.after.is_on() {
            return false;
        }
        let known: BTreeMap<&str, &Experiment> = self.before.in_force().map(|one| (one.id.as_str(), one)).collect();
        let is_other =
            |one: &Experiment| known.get(one.id.as_str()).is_some_and(|before| !self.is_same_own_line(before, one));
        !self.is_same_line() || self.after.in_force().any(is_other)
    }

    /// Whether a unit has the same slot on an experiment's own line.
    pub(crate) fn is_same_own_line(&self, before: &Experiment, after: &Experiment) -> bool {
        before.id == after.id && before.epoch == after.epoch && self.is_same_unit()
    }
}

impl<'a> Side<'a> {
    /// Whether anybody is dealt at all.
    pub(crate) fn is_on(&self) -> bool {
        self.model.enabled && self.layer.is_some_and(|layer| layer.enabled)
    }

    /// Experiments that are looked at, off or on, in their order.
    pub(crate) fn experiments(&self) -> impl Iterator<Item = &'a Experiment> {
        let all = self.layer.map_or(&[][..], |layer| &layer.experiments);
        all.iter().filter(|one| match &self.shown {
            Shown::AllBut(hidden) => !hidden.contains(one.id.as_str()),
            Shown::Only(shown) => shown.contains(one.id.as_str()),
        })
    }

    /// Experiments that deal and force, in their order.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = &'a Experiment> {
        let is_on = self.is_on();
        self.experiments().filter(move |one| is_on && one.enabled)
    }

    /// Whether all experiments of the layer are looked at but those that changed theirs.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.shown, Shown::AllBut(_))
    }

    /// The line by the experiments that deal on it.
    pub(crate) fn slots(&self) -> Owned<'a> {
        owned(self.in_force().map(|one| (one.id.as_str(), one.slots.as_slice())))
    }

    /// Holdouts that keep units from the layer.
    pub(crate) fn holdouts(&self) -> impl Iterator<Item = &'a Holdout> {
        let layer = self.layer.map(|layer| &layer.id);
        let of_layer = move |holdout: &&Holdout| layer.is_some_and(|layer| holdout.layers.contains(layer));
        self.model.holdouts.iter().filter(of_layer)
    }
}

/// What the arms of an experiment own of its line, for those of an audience or of none.
pub(crate) fn arms<'a>(experiment: &'a Experiment, audience: Option<&str>) -> Owned<'a> {
    match audience.and_then(|id| experiment.audiences.iter().find(|one| one.id == id)) {
        Some(audience) => owned(audience.ranges.iter().map(|(arm, ranges)| (arm.as_str(), ranges.as_slice()))),
        None => owned(experiment.variants.iter().map(|arm| (arm.id.as_str(), arm.ranges.as_slice()))),
    }
}

/// Whether both have the same audiences, whatever these own.
pub(crate) fn are_same_audiences(before: &Experiment, after: &Experiment) -> bool {
    let same = |(old, new): (&weir_policy::model::Audience, &weir_policy::model::Audience)| {
        old.id == new.id && old.when == new.when
    };
    before.audiences.len() == after.audiences.len() && before.audiences.iter().zip(&after.audiences).all(same)
}

fn owned<'a>(owners: impl Iterator<Item = (&'a str, &'a [Range])>) -> Owned<'a> {
    let each = owners.flat_map(|(owner, ranges)| ranges.iter().map(move |range| (*range, owner)));
    let mut owned: Owned<'a> = each.collect();
    owned.sort_unstable_by_key(|(range, _)| *range);
    owned
}
