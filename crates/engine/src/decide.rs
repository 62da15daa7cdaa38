//! `Plan x Request -> Decision`: per layer the first of the steps that has an answer. Total: it cannot fail.

use std::cell::Cell;

use smallvec::{SmallVec, smallvec};
use weir_policy::Role;

use crate::asked::Asked;
use crate::attributes::Values;
use crate::baggage::{self, Member};
use crate::decision::{Decision, Kept, Outcome, Reason};
use crate::listed::Entry;
use crate::plan::{Dealing, LayerPlan, Plan, TagOf, owner};
use crate::request::Request;
use crate::rules::Forced;
use crate::slot::{part_of, slot_of};
use crate::tags::{self, Arrival, Arrived, Dropped};
use crate::targeting::EvalContext;
use crate::trace::TraceTags;

impl Plan {
    /// Decides a request. `edge` decides afresh, whatever tags arrived; `mesh` follows them and never hashes.
    ///
    /// `inbound` decides nothing, for no layer.
    pub fn decide<'p>(&'p self, request: &Request<'_>, decision: &mut Decision<'p>) {
        match self.attachment.role {
            Role::Edge => self.deal(request, decision),
            Role::Mesh => self.follow(request, decision),
            Role::Inbound => {}
        }
        decision.settle_routes();
    }

    fn deal<'p>(&'p self, request: &Request<'_>, decision: &mut Decision<'p>) {
        let mut dealer = Dealer::new(self, request);
        decision.outcomes.extend(self.layers.iter().enumerate().map(|(index, layer)| dealer.deal(index, layer)));
        if matches!(self.member(request), Member::TooLarge { .. }) {
            decision.dropped.baggage_too_large = 1;
        }
    }

    fn follow<'p>(&'p self, request: &Request<'_>, decision: &mut Decision<'p>) {
        let (kept, arrived, dropped) = self.arrived(request);
        decision.outcomes.extend(self.layers.iter().enumerate().map(|(index, layer)| {
            let tag = arrived.iter().find(|tag| tag.layer == index);
            if !self.enabled || !layer.enabled {
                return Outcome::stable(Reason::Disabled);
            }
            let Some(tag) = tag else { return Outcome::stable(Reason::NoTag) };
            let forced = Forced { experiment: Some(tag.experiment), variant: Some(tag.variant) };
            let outcome = Outcome::forced(layer, forced, Reason::Tag);
            match outcome.experiment {
                Some(experiment) if experiment.enabled => outcome,
                _ => Outcome { variant: None, reason: Reason::ExperimentDisabled, ..outcome },
            }
        }));
        decision.kept = kept;
        decision.dropped = dropped;
    }

    /// The tags that arrived: in the header if it has any, else in the baggage, else with what came into the workload.
    pub(crate) fn arrived(&self, request: &Request<'_>) -> (Vec<Kept>, Vec<TagOf>, Dropped) {
        let known = |tag: &[u8]| {
            let tag = self.tags.get(str::from_utf8(tag).ok()?)?;
            Some((tag.layer, *tag))
        };
        let header = tags::read(request.tags.iter().copied(), known);
        let mut dropped = header.dropped;
        let member = self.member(request);
        if matches!(member, Member::TooLarge { .. }) {
            dropped.baggage_too_large = 1;
        }
        if !header.tags.is_empty() {
            let (kept, known) = sorted_out(&header);
            return (kept, known, dropped);
        }
        let other = match (&member, &request.trace_tags) {
            (_, Some(TraceTags::Tags(tags))) => tags.as_slice(),
            (_, Some(TraceTags::Conflict)) => {
                dropped.join_conflict = 1;
                return (Vec::new(), Vec::new(), dropped);
            }
            (Member::Value(value), None) => value,
            (_, None) => return (Vec::new(), Vec::new(), dropped),
        };
        let other = tags::read([other], known);
        let dropped = dropped.plus(other.dropped);
        let (kept, known) = sorted_out(&other);
        (kept, known, dropped)
    }

    /// Our member of the baggage that arrived.
    pub(crate) fn member<'a>(&self, request: &Request<'a>) -> Member<'a> {
        self.baggage.as_ref().map_or(Member::Absent, |key| baggage::read(&request.baggage, key.as_bytes()))
    }
}

fn sorted_out(arrival: &Arrival<'_, TagOf>) -> (Vec<Kept>, Vec<TagOf>) {
    let keep = |arrived: &Arrived<'_, TagOf>| match arrived {
        Arrived::Unknown(tag) => Kept::Unknown(tag.to_vec()),
        Arrived::Known { layer, .. } => Kept::Layer(*layer),
    };
    let known = |arrived: &Arrived<'_, TagOf>| match arrived {
        Arrived::Unknown(_) => None,
        Arrived::Known { entry, .. } => Some(*entry),
    };
    (arrival.tags.iter().map(keep).collect(), arrival.tags.iter().filter_map(known).collect())
}

/// A request being dealt, layer by layer.
struct Dealer<'p, 'a> {
    plan: &'p Plan,
    values: Values<'a>,
    asked: Option<&'a Asked>,
    /// The unit that was asked for last, by its index: most policies deal one.
    unit: Option<(usize, Dealt<'a>)>,
    held_out: SmallVec<[Option<bool>; 2]>,
}

/// A unit of the request: its bytes if it has one, and whether anything lists it.
#[derive(Clone, Copy)]
struct Dealt<'a> {
    unit: Option<&'a [u8]>,
    listed: Option<Entry>,
}

impl<'p, 'a> Dealer<'p, 'a> {
    fn new(plan: &'p Plan, request: &'a Request<'_>) -> Dealer<'p, 'a> {
        let held_out = smallvec![None; plan.holdouts.len()];
        Dealer { plan, values: request.values(), asked: request.asked.as_deref(), unit: None, held_out }
    }

    /// The steps of a layer, highest first.
    fn deal(&mut self, index: usize, layer: &'p LayerPlan) -> Outcome<'p> {
        if !layer.is_always_in_play
            && let Some(reason) = self.out_of_play(index, layer)
        {
            return Outcome::stable(reason);
        }
        let Dealt { unit, listed } = self.unit(layer.unit);
        if let Some(forced) = listed.and_then(|entry| self.overridden(layer, entry)) {
            return Outcome::forced(layer, forced, Reason::Override);
        }
        let context = &EvalContext { values: self.values, unit, listed: &self.plan.listed, answers: self.answers() };
        if let Some(forced) = layer.rules.first(context) {
            return Outcome::forced(layer, forced, Reason::Rule);
        }
        let Some(unit) = unit else { return Outcome::stable(Reason::NoUnit) };
        if layer.holdouts.iter().any(|holdout| self.is_held_out(*holdout)) {
            return Outcome::stable(Reason::Holdout);
        }
        let slot = layer.salt.slot(unit);
        let mut outcome = Outcome { slot: Some(slot), ..Outcome::stable(Reason::NotOwned) };
        outcome.experiment = owner(&layer.slots, slot).and_then(|index| layer.experiments.get(index));
        let Some(experiment) = outcome.experiment else { return outcome };
        if !experiment.enabled {
            outcome.reason = Reason::ExperimentDisabled;
            return outcome;
        }
        let targeted = match &experiment.dealing {
            Dealing::Everybody => Some(experiment),
            Dealing::Targeted(targeting) => targeting.holds(context).then_some(experiment),
            Dealing::Audiences(audiences) => audiences.of(experiment, context),
        };
        let Some(experiment) = targeted else {
            outcome.reason = Reason::NotTargeted;
            return outcome;
        };
        let hash = experiment.salt.hash(unit);
        let slot = slot_of(hash);
        outcome.experiment = Some(experiment);
        outcome.experiment_slot = Some(slot);
        outcome.part = part_of(hash);
        outcome.variant = owner(&experiment.ranges, slot).and_then(|index| experiment.variants.get(index));
        outcome.reason = if outcome.variant.is_some() { Reason::Assigned } else { Reason::NoVariant };
        outcome
    }

    /// Why a layer is stable whatever it says, if it is.
    #[cold]
    fn out_of_play(&self, index: usize, layer: &LayerPlan) -> Option<Reason> {
        if !self.plan.enabled || !layer.enabled {
            return Some(Reason::Disabled);
        }
        let is_in_play = self.asked.is_none_or(|asked| asked.is_in_play(index));
        (!is_in_play).then_some(Reason::NotTargeted)
    }

    fn answers(&self) -> &'a [Cell<Option<bool>>] {
        self.asked.map_or(&[], |asked| &asked.answers)
    }

    fn overridden(&self, layer: &LayerPlan, entry: Entry) -> Option<Forced> {
        self.plan.listed.lists_of(entry).find_map(|list| {
            let index = layer.overrides.binary_search_by_key(&list, |(list, _)| *list).ok()?;
            layer.overrides.get(index).map(|(_, forced)| *forced)
        })
    }

    fn unit(&mut self, index: Option<usize>) -> Dealt<'a> {
        let none = Dealt { unit: None, listed: None };
        let Some(index) = index else { return none };
        match self.unit {
            Some((known, dealt)) if known == index => return dealt,
            _ => {}
        }
        let unit = self.plan.units.get(index).and_then(|unit| unit.read(self.values));
        let dealt = Dealt { unit, listed: unit.and_then(|unit| self.plan.listed.find(unit)) };
        self.unit = Some((index, dealt));
        dealt
    }

    fn is_held_out(&mut self, index: usize) -> bool {
        if let Some(Some(known)) = self.held_out.get(index) {
            return *known;
        }
        let Some(holdout) = self.plan.holdouts.get(index) else { return false };
        let unit = self.unit(Some(holdout.unit)).unit;
        let held_out = unit.is_some_and(|unit| holdout.salt.slot(unit) < holdout.share);
        if let Some(place) = self.held_out.get_mut(index) {
            *place = Some(held_out);
        }
        held_out
    }
}

#[cfg(test)]
mod tests;
