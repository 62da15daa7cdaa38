//! Who leaves an arm otherwise than by the arm's own shrink.
//!
//! A unit of an arm has a slot of the layer's line, which is its experiment's, and a slot of the experiment's own line, which is
//! the arm's. On each of the two lines what is owned may change. It *shrinks* if slots are lost and none are won: then who leaves
//! by them leaves by the shrink. If slots are won as well, more leave than the shrink asks for. Everybody who is then kept from
//! the arm by something else, a holdout, leaves without a shrink.
//!
//! An arm that is gone or switched off, by itself or with its experiment, its layer or the policy, has shrunk to nothing.

use std::collections::BTreeMap;

use weir_policy::SLOTS;
use weir_policy::model::{Experiment, Layer};

use crate::held::held;
use crate::place::Arm;
use crate::side::{Pair, are_same_audiences, arms};
use crate::sweep::{Owned, joint};

/// An arm that some leave without its shrink.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaving<'a> {
    /// The arm.
    pub arm: Arm<'a>,
    /// The layer where it was.
    pub layer: &'a str,
    /// Of those of an audience alone.
    pub audience: Option<&'a str>,
    /// How many.
    pub amount: Amount,
    /// By what.
    pub why: Vec<String>,
}

/// How many leave an arm.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// This part of all units, above 0.
    Part(f64),
    /// Units that were asked, by name; of many some.
    Units {
        /// How many of them.
        count: u64,
        /// The first of these, as text.
        some: Vec<String>,
    },
}

/// What an experiment or an arm owns of a line, before and after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Factor {
    kept: f64,
    lost: f64,
    won: f64,
}

impl Factor {
    /// Parts of the line that one owner has.
    fn of(before: &Owned<'_>, after: &Owned<'_>, owner: &str, is_same_line: bool) -> Factor {
        let mut cells = [0_u32; 3];
        let own = |found: Option<&str>| found == Some(owner);
        for ((old, new), slots) in joint(before, after) {
            let [kept, lost, won] = &mut cells;
            let cell = match (own(old), own(new)) {
                (true, true) => kept,
                (true, false) => lost,
                (false, true) => won,
                (false, false) => continue,
            };
            *cell = cell.saturating_add(slots);
        }
        let [kept, lost, won] = cells;
        let part = |slots: u32| f64::from(slots) / f64::from(SLOTS);
        if is_same_line {
            return Factor { kept: part(kept), lost: part(lost), won: part(won) };
        }
        // Whose slot is drawn anew.
        let [old, new] = [lost, won].map(|slots| kept.saturating_add(slots));
        let [other, other_before] = [new, old].map(|slots| SLOTS.saturating_sub(slots));
        Factor { kept: part(old) * part(new), lost: part(old) * part(other), won: part(other_before) * part(new) }
    }

    /// Whether all that is lost is lost by a shrink.
    pub(crate) fn is_shrink(&self) -> bool {
        self.lost == 0.0 || self.won == 0.0
    }

    /// What is lost otherwise.
    fn astray(&self) -> f64 {
        if self.is_shrink() { 0.0 } else { self.lost }
    }
}

/// The lines of an arm before and after.
pub(crate) struct Lines {
    pub(crate) slots: Factor,
    pub(crate) ranges: Factor,
}

/// What an arm owns, for those of an audience or of none.
pub(crate) fn lines<'a>(
    pair: &Pair<'a>,
    slots: (&Owned<'a>, &Owned<'a>),
    (before, after): (&'a Experiment, &'a Experiment),
    variant: &str,
    audience: Option<&str>,
) -> Lines {
    let is_same = pair.is_same_own_line(before, after);
    Lines {
        slots: Factor::of(slots.0, slots.1, &before.id, pair.is_same_line()),
        ranges: Factor::of(&arms(before, audience), &arms(after, audience), variant, is_same),
    }
}

/// The arms of a layer that some leave without a shrink, as far as slots and ranges tell.
pub(crate) fn leaving<'a>(pair: &Pair<'a>) -> Vec<Leaving<'a>> {
    let Some((old_layer, new_layer)) = pair.before.layer.zip(pair.after.layer) else { return Vec::new() };
    let held = held(pair);
    let (before, after) = (owned_by(pair.before.slots()), owned_by(pair.after.slots()));
    let none = Owned::new();
    let survivors: BTreeMap<&str, &Experiment> = pair.after.in_force().map(|one| (one.id.as_str(), one)).collect();
    let mut leaving = Vec::new();
    for old in pair.before.in_force() {
        let Some(new) = survivors.get(old.id.as_str()).copied() else { continue };
        let same_audiences = if are_same_audiences(old, new) { old.audiences.as_slice() } else { &[] };
        let views = [None].into_iter().chain(same_audiences.iter().map(|one| Some(one.id.as_str())));
        let [was, is] = [&before, &after].map(|owned| owned.get(old.id.as_str()).unwrap_or(&none));
        for audience in views {
            for variant in old.variants.iter().filter(|arm| new.variants.iter().any(|one| one.id == arm.id)) {
                let Lines { slots, ranges } = lines(pair, (was, is), (old, new), &variant.id, audience);
                // Each factor without what is lost by its shrink; what is left of it and not kept is lost otherwise.
                let [line, own] = [slots, ranges].map(|factor| factor.kept + factor.astray());
                let astray = slots.astray() * own + slots.kept * ranges.astray();
                let part = astray * held.neither + line * own * held.after;
                if part > 0.0 {
                    leaving.push(Leaving {
                        arm: Arm { experiment: &old.id, variant: &variant.id },
                        layer: &old_layer.id,
                        audience,
                        amount: Amount::Part(part),
                        why: why(pair, (old_layer, new_layer), (old, new), (slots, ranges), held.after > 0.0),
                    });
                }
            }
        }
    }
    leaving
}

/// The parts of a line by owner, so that one experiment among thousands is held against its own alone.
pub(crate) fn owned_by(all: Owned<'_>) -> BTreeMap<&str, Owned<'_>> {
    let mut by_owner: BTreeMap<&str, Owned<'_>> = BTreeMap::new();
    for part in all {
        by_owner.entry(part.1).or_default().push(part);
    }
    by_owner
}

fn why(
    pair: &Pair<'_>,
    (old_layer, new_layer): (&Layer, &Layer),
    (old, new): (&Experiment, &Experiment),
    (slots, ranges): (Factor, Factor),
    is_held_out: bool,
) -> Vec<String> {
    let mut why = Vec::new();
    let is_same_unit = pair.is_same_unit();
    let other_unit = || format!("layer {} deals another unit", new_layer.id);
    let afresh = |what: String, old: u32, new: u32| format!("epoch {old} -> {new} deals {what} afresh");
    if !slots.is_shrink() {
        why.push(if !is_same_unit {
            other_unit()
        } else if old_layer.line != new_layer.line {
            format!("line {} -> {}", old_layer.line, new_layer.line)
        } else if old_layer.epoch != new_layer.epoch {
            afresh(format!("line {}", new_layer.line), old_layer.epoch, new_layer.epoch)
        } else {
            format!("slots of {} are elsewhere", old.id)
        });
    }
    if !ranges.is_shrink() {
        why.push(if !is_same_unit {
            other_unit()
        } else if old.epoch != new.epoch {
            afresh(old.id.clone(), old.epoch, new.epoch)
        } else {
            "its ranges are elsewhere".to_owned()
        });
    }
    if is_held_out {
        why.push(format!("more are held out of layer {}", new_layer.id));
    }
    why.dedup();
    why
}
