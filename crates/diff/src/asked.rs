//! Who moves of units that are asked, each by the very engine that decides in Envoy.

use std::collections::BTreeMap;

use weir_engine::{LayerOutcome, Plan, Reason};
use weir_policy::model::Experiment;
use weir_policy::{Attachment, Model, Range};

use crate::leaving::{Amount, Leaving, Lines, lines, owned_by};
use crate::place::{Arm, Place};
use crate::request::{Asked, Header};
use crate::side::{Pair, Side, arms};
use crate::sweep::Owned;

/// Units of which the names are told.
const SOME: usize = 5;

/// Who moves in a layer, of units that were asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts<'a> {
    /// Units that were asked.
    pub asked: u64,
    /// Of these, such as have no unit of this layer on one side or the other.
    pub without_unit: u64,
    /// Units by where they are before and after, those that stay left out.
    pub flows: BTreeMap<(Place<'a>, Place<'a>), u64>,
}

/// Both policies, ready to decide.
pub(crate) struct Deciders {
    before: Plan,
    after: Plan,
}

impl Deciders {
    pub(crate) fn new(old: &Model, new: &Model) -> Deciders {
        let [before, after] = [old, new].map(|model| Plan::compile(model, &Attachment::default(), None));
        Deciders { before, after }
    }
}

/// What became of the units of one layer that are asked one after the other.
pub(crate) struct Poll<'p, 'a> {
    pair: &'p Pair<'a>,
    before: Known<'a>,
    after: Known<'a>,
    /// Of arms, by audience, whether what their experiment and what they lose is lost by a shrink.
    shrinks: BTreeMap<(Arm<'a>, Option<String>), [bool; 2]>,
    counts: Counts<'a>,
    leaving: BTreeMap<Arm<'a>, Left>,
}

/// Experiments by id, and what each owns of the line.
struct Known<'a> {
    experiments: BTreeMap<&'a str, &'a Experiment>,
    slots: BTreeMap<&'a str, Owned<'a>>,
}

/// Units that left an arm without its shrink.
#[derive(Default)]
struct Left {
    count: u64,
    some: Vec<String>,
    reasons: BTreeMap<&'static str, u64>,
}

impl<'p, 'a> Poll<'p, 'a> {
    pub(crate) fn new(pair: &'p Pair<'a>) -> Poll<'p, 'a> {
        let (before, after) = (Known::of(&pair.before), Known::of(&pair.after));
        let (shrinks, leaving) = (BTreeMap::new(), BTreeMap::new());
        Poll { pair, before, after, shrinks, counts: Counts::default(), leaving }
    }

    /// Counts, and whom some leave without its shrink.
    pub(crate) fn into_found(self) -> (Counts<'a>, Vec<Leaving<'a>>) {
        let layer = self.pair.before.layer.map_or("", |layer| &layer.id);
        let found = self.leaving.into_iter().map(|(arm, Left { count, some, reasons })| {
            let why = reasons.into_iter().map(|(reason, count)| format!("{count} now {reason}")).collect();
            Leaving { arm, layer, audience: None, amount: Amount::Units { count, some }, why }
        });
        (self.counts, found.collect())
    }

    /// Asks both sides a request.
    pub(crate) fn ask(deciders: &Deciders, asked: &Asked, polls: &mut [Poll<'_, '_>]) {
        let Some(Poll { pair, .. }) = polls.first() else { return };
        let (old, new) = (asked.headers_for(pair.before.model), asked.headers_for(pair.after.model));
        let (before, after) = (decide(&deciders.before, &old), decide(&deciders.after, &new));
        for poll in polls {
            let (old, new) = (of_layer(&poll.pair.before, &before), of_layer(&poll.pair.after, &after));
            poll.take(asked, old, new);
        }
    }

    fn take(&mut self, asked: &Asked, before: Option<LayerOutcome<'_>>, after: Option<LayerOutcome<'_>>) {
        let is_lost = |one: &Option<LayerOutcome<'_>>| one.is_some_and(|one| one.reason == Reason::NoUnit);
        add(&mut self.counts.asked);
        if is_lost(&before) || is_lost(&after) {
            add(&mut self.counts.without_unit);
        }
        let (from, to) = (self.before.place(before), self.after.place(after));
        if from == to {
            return;
        }
        add(self.counts.flows.entry((from, to)).or_default());
        let (Place::Arm(arm), Some(before)) = (from, before) else { return };
        if self.is_by_shrink(arm, &before, after.as_ref()) {
            return;
        }
        let left = self.leaving.entry(arm).or_default();
        add(&mut left.count);
        add(left.reasons.entry(after.map_or("without the layer", |after| after.reason.name())).or_default());
        if left.some.len() < SOME {
            left.some.push(name(asked));
        }
    }

    /// Whether a unit left an arm by a shrink of what it was dealt by.
    fn is_by_shrink(&mut self, arm: Arm<'a>, before: &LayerOutcome<'_>, after: Option<&LayerOutcome<'_>>) -> bool {
        let pair = self.pair;
        let known = self.before.experiments.get(arm.experiment).zip(self.after.experiments.get(arm.experiment));
        let Some((old, new)) = known.filter(|(_, new)| pair.after.is_on() && new.enabled) else { return true };
        if !new.variants.iter().any(|variant| variant.id == arm.variant) {
            return true;
        }
        let (Some(slot), Some(own_slot)) = (before.slot, before.experiment_slot) else {
            // Forced, and the arm is still there.
            return false;
        };
        let audience = before.audience.filter(|id| *id != "-");
        let none = Owned::new();
        let [was, is] = [&self.before, &self.after].map(|side| side.slots.get(arm.experiment).unwrap_or(&none));
        let of_arm = self.shrinks.entry((arm, audience.map(str::to_owned)));
        let [slots_shrink, ranges_shrink] = *of_arm.or_insert_with(|| {
            let Lines { slots, ranges } = lines(pair, (was, is), (old, new), arm.variant, audience);
            [slots.is_shrink(), ranges.is_shrink()]
        });
        // On a line that is dealt afresh what counts is where the unit is now.
        let slot = if pair.is_same_line() { Some(slot) } else { after.and_then(|after| after.slot) };
        let own_slot = match pair.is_same_own_line(old, new) {
            true => Some(own_slot),
            false => after.and_then(|after| after.experiment_slot.filter(|_| after.experiment == Some(arm.experiment))),
        };
        let is_outside = slot.is_some_and(|slot| !new.slots.iter().any(|range| contains(range, slot)));
        let mut own = arms(new, audience).into_iter().filter(|(_, owner)| *owner == arm.variant);
        let is_outside_own = own_slot.is_some_and(|slot| !own.any(|(range, _)| contains(&range, slot)));
        is_outside && slots_shrink || is_outside_own && ranges_shrink
    }
}

impl<'a> Known<'a> {
    fn of(side: &Side<'a>) -> Known<'a> {
        let experiments = side.experiments().map(|one| (one.id.as_str(), one)).collect();
        Known { experiments, slots: owned_by(side.slots()) }
    }

    /// Where a unit is on this side, by the names of its model: of an experiment that is not looked at here, nowhere.
    fn place(&self, outcome: Option<LayerOutcome<'_>>) -> Place<'a> {
        let arm = outcome.and_then(|outcome| Some((outcome.experiment?, outcome.variant?)));
        let known = arm.and_then(|(experiment, variant)| {
            let experiment = self.experiments.get(experiment)?;
            Some((experiment, experiment.variants.iter().find(|one| one.id == variant)?))
        });
        known.map_or(Place::Stable, |(experiment, variant)| Place::of(Some(&experiment.id), Some(&variant.id)))
    }
}

fn decide<'p>(plan: &'p Plan, headers: &[Header]) -> Vec<LayerOutcome<'p>> {
    let pairs = headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
    plan.exchange(pairs, || None, |_| None, || None).decision().layers().collect()
}

fn of_layer<'p>(side: &Side<'_>, outcomes: &[LayerOutcome<'p>]) -> Option<LayerOutcome<'p>> {
    let id = side.layer?.id.as_str();
    let place = outcomes.binary_search_by_key(&id, |outcome| outcome.layer).ok()?;
    outcomes.get(place).copied()
}

/// The values of its units, each once.
fn name(asked: &Asked) -> String {
    let mut names: Vec<String> = Vec::new();
    for (_, value) in &asked.units {
        let value = String::from_utf8_lossy(value).into_owned();
        if !names.contains(&value) {
            names.push(value);
        }
    }
    names.join(", ")
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}

fn contains(range: &Range, slot: u32) -> bool {
    (range.start..range.end).contains(&slot)
}
