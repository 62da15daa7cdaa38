//! Who moves by slots and ranges: exact parts, for lines are independent of each other and of the line afresh.

use std::collections::BTreeMap;

use weir_policy::SLOTS;
use weir_policy::model::Experiment;

use crate::held::{Held, held};
use crate::place::Place;
use crate::side::{Pair, Side, are_same_audiences, arms};
use crate::sweep::{joint, size};

/// A part of the units that goes from one place to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow<'a> {
    /// Of those of an audience alone, by its experiment and its id, which is `-` for who is in none.
    pub audience: Option<(&'a str, &'a str)>,
    /// Before.
    pub from: Place<'a>,
    /// After.
    pub to: Place<'a>,
    /// The part of the units, or of those of the audience, above 0 and at most 1.
    pub part: f64,
}

/// Who moves in a layer, of those whom no rule and no override forces and who are targeted wherever somebody asks; by audience
/// and place.
pub(crate) fn flows<'a>(pair: &Pair<'a>) -> Vec<Flow<'a>> {
    let mut flows = Flows { held: held(pair), parts: BTreeMap::new() };
    if pair.is_same_line() {
        flows.on_one_line(pair)
    } else {
        flows.dealt_afresh(pair)
    }
    let moves = flows.parts.into_iter().filter(|((_, from, to), part)| from != to && *part > 0.0);
    moves.map(|((audience, from, to), part)| Flow { audience, from, to, part }).collect()
}

/// The arms before and after, in one experiment each.
type Arms<'a> = (Option<&'a str>, Option<&'a str>);
type Audience<'a> = Option<(&'a str, &'a str)>;

struct Flows<'a> {
    held: Held,
    parts: BTreeMap<(Audience<'a>, Place<'a>, Place<'a>), f64>,
}

impl<'a> Flows<'a> {
    fn on_one_line(&mut self, pair: &Pair<'a>) {
        let [before, after] = [&pair.before, &pair.after].map(by_id);
        for ((old, new), slots) in joint(&pair.before.slots(), &pair.after.slots()) {
            let of = |all: &BTreeMap<&str, &'a Experiment>, id: Option<&str>| id.and_then(|id| all.get(id).copied());
            let (old, new) = (of(&before, old), of(&after, new));
            for view in views(old, new) {
                for ((from, to), part) in own_line(pair, old, new, &view) {
                    let from = Place::of(old.map(|one| one.id.as_str()), from);
                    let to = Place::of(new.map(|one| one.id.as_str()), to);
                    self.add(view.audience, from, to, on_line(slots) * part);
                }
            }
        }
    }

    /// Where a unit was says nothing of where it is, but within one experiment whose own line stayed.
    fn dealt_afresh(&mut self, pair: &Pair<'a>) {
        let [before, after] = [&pair.before, &pair.after].map(by_id);
        let [was, is] = [&before, &after].map(Dealt::of);
        let view = View { audience: None, before: None, after: None };
        let ids = before.keys().chain(after.keys().filter(|id| !before.contains_key(*id)));
        for id in ids {
            let (old, new) = (before.get(id).copied(), after.get(id).copied());
            let [old_part, new_part] = [old, new].map(|one| one.map_or(0.0, |one| on_line(size(&one.slots))));
            let (was, is) = (was.beside(old), is.beside(new));
            for ((from, to), part) in own_line(pair, old, new, &view) {
                let (from, to) = (Place::of(Some(*id), from), Place::of(Some(*id), to));
                self.add(None, from, to, old_part * new_part * part);
            }
            for (variant, part) in own_parts(old) {
                let from = Place::of(Some(*id), Some(variant));
                self.add(None, from, Place::Others, old_part * part * is.in_arms);
                self.add(None, from, Place::Stable, old_part * part * is.stable);
            }
            for (variant, part) in own_parts(new) {
                let to = Place::of(Some(*id), Some(variant));
                self.add(None, Place::Others, to, new_part * part * was.in_arms);
                self.add(None, Place::Stable, to, new_part * part * was.stable);
            }
        }
    }

    fn add(&mut self, audience: Audience<'a>, from: Place<'a>, to: Place<'a>, part: f64) {
        let held = self.held;
        let mut add = |from, to, part| *self.parts.entry((audience, from, to)).or_default() += part;
        add(from, to, part * held.neither);
        // Who is in or goes to an arm of others is told of that arm too.
        if to != Place::Others {
            add(Place::Stable, to, part * held.before);
        }
        if from != Place::Others {
            add(from, Place::Stable, part * held.after);
        }
    }
}

/// What all experiments of a side deal, in millionths of a millionth.
struct Dealt {
    in_arms: u64,
}

/// The parts of the units whose slots are not those of one experiment.
struct Beside {
    in_arms: f64,
    stable: f64,
}

impl Dealt {
    fn of(experiments: &BTreeMap<&str, &Experiment>) -> Dealt {
        Dealt { in_arms: experiments.values().map(|one| cells(one)).fold(0, u64::saturating_add) }
    }

    fn beside(&self, one: Option<&Experiment>) -> Beside {
        let line = u64::from(SLOTS);
        let in_arms = self.in_arms.saturating_sub(one.map_or(0, cells));
        let slots = line.saturating_sub(one.map_or(0, |one| size(&one.slots).into()));
        let all = slots.saturating_mul(line);
        // Both are below 2^53, and so nothing of them is lost.
        let part = |cells: u64| cells as f64 / (f64::from(SLOTS) * f64::from(SLOTS));
        Beside { in_arms: part(in_arms), stable: part(all.saturating_sub(in_arms)) }
    }
}

fn cells(one: &Experiment) -> u64 {
    let arms = one.variants.iter().map(|arm| size(&arm.ranges)).fold(0, u32::saturating_add);
    u64::from(size(&one.slots)).saturating_mul(arms.into())
}

fn own_parts(one: Option<&Experiment>) -> impl Iterator<Item = (&str, f64)> {
    let variants = one.map_or(&[][..], |one| &one.variants);
    variants.iter().map(|arm| (arm.id.as_str(), on_line(size(&arm.ranges))))
}

fn by_id<'a>(side: &Side<'a>) -> BTreeMap<&'a str, &'a Experiment> {
    side.in_force().map(|one| (one.id.as_str(), one)).collect()
}

/// The audiences in which the ranges of experiments are compared.
struct View<'a> {
    audience: Audience<'a>,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// That of everybody else, and one for each audience. Where the audiences themselves changed only units can tell.
fn views<'a>(old: Option<&'a Experiment>, new: Option<&'a Experiment>) -> Vec<View<'a>> {
    let of = |one: &'a Experiment| one.audiences.iter().map(move |audience| (one.id.as_str(), audience.id.as_str()));
    let has_audiences = |one: &&Experiment| !one.audiences.is_empty();
    let with = [new, old].into_iter().flatten().find(has_audiences);
    let mut views = vec![View { audience: with.map(|one| (one.id.as_str(), "-")), before: None, after: None }];
    match (old, new) {
        (Some(old), Some(new)) if old.id == new.id => {
            if are_same_audiences(old, new) {
                let both =
                    of(new).map(|(id, one)| View { audience: Some((id, one)), before: Some(one), after: Some(one) });
                views.extend(both);
            }
        }
        (old, new) => {
            let old = old.into_iter().flat_map(of);
            views.extend(old.map(|(id, one)| View { audience: Some((id, one)), before: Some(one), after: None }));
            let new = new.into_iter().flat_map(of);
            views.extend(new.map(|(id, one)| View { audience: Some((id, one)), before: None, after: Some(one) }));
        }
    }
    views
}

/// The parts of those who are in these two experiments, by arms.
fn own_line<'a>(
    pair: &Pair<'a>,
    old: Option<&'a Experiment>,
    new: Option<&'a Experiment>,
    view: &View<'a>,
) -> Vec<(Arms<'a>, f64)> {
    let was = old.map(|one| arms(one, view.before)).unwrap_or_default();
    let is = new.map(|one| arms(one, view.after)).unwrap_or_default();
    if old.zip(new).is_some_and(|(old, new)| pair.is_same_own_line(old, new)) {
        return joint(&was, &is).into_iter().map(|(arms, slots)| (arms, on_line(slots))).collect();
    }
    let before = joint(&was, &Vec::new());
    let after: Vec<_> = joint(&Vec::new(), &is).into_iter().collect();
    let times = |((from, _), part)| {
        let each = after.iter().map(move |((_, to), other)| ((from, *to), on_line(part) * on_line(*other)));
        each.collect::<Vec<_>>()
    };
    before.into_iter().flat_map(times).collect()
}

fn on_line(slots: u32) -> f64 {
    f64::from(slots) / f64::from(SLOTS)
}
