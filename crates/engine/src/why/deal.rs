//! The steps of a layer at an edge, highest first.

use std::ops::ControlFlow::{self, Break, Continue};

use weir_policy::limits::UNIT_BYTES_MAX;
use weir_policy::model::{Condition, Experiment, Layer, Model, Override, Who};
use weir_policy::{Range, SLOTS};

use super::step::{Scope, Step};
use super::verdict::verdict;
use crate::exchange::Exchange;
use crate::plan::{Dealing, ExperimentPlan, LayerPlan, Plan, owner};
use crate::request::Request;
use crate::targeting::{EvalContext, Predicate};

/// Tells the steps of a layer. `as_it_came` is the request before any id was made.
pub(super) fn steps<'m>(
    exchange: &Exchange<'_, '_>,
    as_it_came: &Request<'_>,
    model: &'m Model,
    layer: &'m Layer,
    index: usize,
) -> Vec<Step<'m>> {
    let (plan, request) = (exchange.decision.plan, &exchange.request);
    let Some(compiled) = plan.layers.get(index) else { return Vec::new() };
    let mut teller = Teller { plan, request, as_it_came, model, layer, index, compiled, steps: Vec::new() };
    // However it ends, the last step says so.
    let _ = teller.tell();
    teller.steps
}

/// One layer of a request being told. A step that settles the layer breaks.
struct Teller<'x, 'a, 'h, 'm> {
    plan: &'x Plan,
    request: &'x Request<'a>,
    as_it_came: &'x Request<'h>,
    model: &'m Model,
    layer: &'m Layer,
    /// The layer's place in model and plan.
    index: usize,
    compiled: &'x LayerPlan,
    steps: Vec<Step<'m>>,
}

impl<'x, 'm> Teller<'x, '_, '_, 'm> {
    fn tell(&mut self) -> ControlFlow<()> {
        self.switch(Scope::Policy, self.model.enabled)?;
        self.switch(Scope::Layer(&self.layer.id), self.layer.enabled)?;
        self.asked_as_it_came()?;
        let unit = self.unit();
        self.overridden(unit)?;
        self.ruled(unit)?;
        let Some(unit) = unit else { return Break(()) };
        self.held_out()?;
        let slot = self.compiled.salt.slot(unit);
        let (experiment, compiled) = self.slot(slot)?;
        self.switch(Scope::Experiment(&experiment.id), experiment.enabled)?;
        let compiled = self.dealt(experiment, compiled, unit)?;
        self.share(experiment, compiled, unit);
        Break(())
    }

    fn switch(&mut self, of: Scope<'m>, is_on: bool) -> ControlFlow<()> {
        if is_on {
            return Continue(());
        }
        self.steps.push(Step::Off { of });
        Break(())
    }

    /// Targeting of policy and layer.
    fn asked_as_it_came(&mut self) -> ControlFlow<()> {
        let Some(asks) = &self.plan.asks else { return Continue(()) };
        if let Some((targeting, compiled)) = self.model.targeting.as_ref().zip(asks.targeting.as_ref()) {
            self.targeting(Scope::Policy, targeting, compiled, &self.came(None))?;
        }
        let Some(targeting) = &self.layer.targeting else { return Continue(()) };
        let own = asks.layers.iter().find(|(index, _)| *index == self.index);
        let Some((_, compiled)) = own else { return Continue(()) };
        let unit = self.compiled.unit.and_then(|unit| self.plan.units.get(unit));
        let unit = unit.and_then(|unit| self.as_it_came.unit_that_came(unit));
        let context = self.came(unit);
        self.targeting(Scope::Layer(&self.layer.id), targeting, compiled, &context)
    }

    fn targeting(
        &mut self,
        of: Scope<'m>,
        targeting: &'m Condition,
        compiled: &Predicate,
        context: &EvalContext<'_>,
    ) -> ControlFlow<()> {
        let verdict = verdict(targeting, compiled, context);
        let holds = verdict.holds;
        self.steps.push(Step::Targeting { of, verdict });
        if holds { Continue(()) } else { Break(()) }
    }

    fn unit(&mut self) -> Option<&'x [u8]> {
        let index = self.compiled.unit?;
        let (name, sources) = self.model.units.get(index)?;
        let request = self.request;
        let values = request.values();
        let compiled = &self.plan.units.get(index)?.sources;
        let found = compiled.iter().enumerate().find_map(|(place, source)| Some((place, source.read(values)?)));
        let place = found.map_or(sources.len(), |(place, _)| place);
        let is_too_long = found.is_some_and(|(_, value)| value.len() > UNIT_BYTES_MAX);
        let value = found.map(|(_, value)| value).filter(|_| !is_too_long);
        self.steps.push(Step::Unit {
            unit: name,
            value: value.map(<[u8]>::to_vec),
            source: sources.get(place),
            passed: sources.iter().take(place).collect(),
            is_made: self.request.issued.iter().any(|issued| issued.unit == index && issued.source == place),
            is_too_long,
        });
        value
    }

    /// A unit stands in one override of a layer only. Those of experiments that are off are not asked.
    fn overridden(&mut self, unit: Option<&[u8]>) -> ControlFlow<()> {
        let Some(unit) = unit else { return Continue(()) };
        let of_layer = self.layer.overrides.iter().enumerate().map(|one| (Scope::Layer(&self.layer.id), None, one));
        let of_experiments = self.layer.experiments.iter().flat_map(|experiment| {
            let id = experiment.id.as_str();
            experiment.overrides.iter().enumerate().map(move |one| (Scope::Experiment(id), Some(id), one))
        });
        let is_on = |id: &str| self.layer.experiments.iter().any(|one| one.id == id && one.enabled);
        let in_force = of_layer.chain(of_experiments).filter_map(|(of, owner, (place, one))| {
            let experiment = one.experiment.as_deref().or(owner);
            experiment.is_none_or(is_on).then_some((of, place.saturating_add(1), one, experiment))
        });
        let (mut overrides, mut lists, mut units) = (0_usize, Vec::new(), 0_usize);
        for (of, number, one, experiment) in in_force {
            if let Some(list) = self.lists(one, unit) {
                let variant = one.variant.as_deref();
                self.steps.push(Step::Override { of, number, list, experiment, variant });
                return Break(());
            }
            overrides = overrides.saturating_add(1);
            match &one.who {
                Who::List(name) if lists.contains(&name.as_str()) => {}
                Who::List(name) => lists.push(name.as_str()),
                Who::Units(written) => units = units.saturating_add(written.len()),
            }
        }
        if overrides > 0 {
            self.steps.push(Step::NoOverride { overrides, lists, units });
        }
        Continue(())
    }

    /// Whether an override names a unit, and by which list.
    fn lists(&self, one: &'m Override, unit: &[u8]) -> Option<Option<&'m str>> {
        let has = |values: &[String]| values.binary_search_by(|value| value.as_bytes().cmp(unit)).is_ok();
        match &one.who {
            Who::Units(units) => has(units).then_some(None),
            Who::List(name) => {
                let list = self.model.lists.iter().find(|(known, _)| known == name);
                list.is_some_and(|(_, values)| has(values)).then_some(Some(name))
            }
        }
    }

    fn ruled(&mut self, unit: Option<&[u8]>) -> ControlFlow<()> {
        let experiments = self.layer.experiments.iter().filter(|experiment| experiment.enabled);
        let rules = experiments.flat_map(|experiment| {
            let numbered = experiment.rules.iter().zip(1_usize..);
            numbered.map(move |(rule, number)| (experiment, rule, number))
        });
        let context = self.context(unit);
        for ((experiment, rule, number), compiled) in rules.zip(self.compiled.rules.in_order()) {
            let verdict = verdict(&rule.when, &compiled.when, &context);
            let (holds, variant) = (verdict.holds, rule.variant.as_deref());
            self.steps.push(Step::Rule { experiment: &experiment.id, number, variant, verdict });
            if holds {
                return Break(());
            }
        }
        Continue(())
    }

    fn held_out(&mut self) -> ControlFlow<()> {
        for index in &self.compiled.holdouts {
            let Some(holdout) = self.model.holdouts.get(*index) else { continue };
            let Some(compiled) = self.plan.holdouts.get(*index) else { continue };
            let unit = self.plan.units.get(compiled.unit).and_then(|unit| self.request.unit(unit));
            let slot = unit.map(|unit| compiled.salt.slot(unit));
            let (share, is_held_out) = (compiled.share, slot.is_some_and(|slot| slot < compiled.share));
            self.steps.push(Step::Holdout { holdout: &holdout.id, unit: &holdout.unit, slot, share });
            if is_held_out {
                return Break(());
            }
        }
        Continue(())
    }

    fn slot(&mut self, slot: u32) -> ControlFlow<(), (&'m Experiment, &'x ExperimentPlan)> {
        let slots = &self.compiled.slots;
        let owner = owner(slots, slot);
        let experiment = owner.and_then(|owner| self.layer.experiments.get(owner));
        self.steps.push(Step::Slot {
            line: &self.layer.line,
            slot,
            range: around(slots, slot),
            experiment: experiment.map(|experiment| experiment.id.as_str()),
        });
        let compiled = owner.and_then(|owner| self.compiled.experiments.get(owner));
        experiment.zip(compiled).map_or(Break(()), Continue)
    }

    /// The experiment as it is for the audience that holds, if the request is targeted.
    fn dealt(
        &mut self,
        experiment: &'m Experiment,
        compiled: &'x ExperimentPlan,
        unit: &[u8],
    ) -> ControlFlow<(), &'x ExperimentPlan> {
        let context = self.context(Some(unit));
        let targeting = match &compiled.dealing {
            Dealing::Everybody => None,
            Dealing::Targeted(targeting) => Some(targeting),
            Dealing::Audiences(audiences) => audiences.targeting.as_ref(),
        };
        if let Some((condition, targeting)) = experiment.targeting.as_ref().zip(targeting) {
            self.targeting(Scope::Experiment(&experiment.id), condition, targeting, &context)?;
        }
        let Dealing::Audiences(audiences) = &compiled.dealing else { return Continue(compiled) };
        for (audience, (when, compiled)) in experiment.audiences.iter().zip(&audiences.each) {
            let verdict = verdict(&audience.when, when, &context);
            let holds = verdict.holds;
            self.steps.push(Step::Audience { experiment: &experiment.id, audience: &audience.id, verdict });
            if holds {
                return Continue(compiled);
            }
        }
        Continue(compiled)
    }

    fn share(&mut self, experiment: &'m Experiment, compiled: &ExperimentPlan, unit: &[u8]) {
        let slot = compiled.salt.slot(unit);
        let owned = |place: usize| {
            let ranges = compiled.ranges.iter().filter(|(_, owner)| *owner == place).map(|(range, _)| *range);
            ranges.collect::<Vec<Range>>()
        };
        let variants = experiment.variants.iter().enumerate();
        let ranges = variants.map(|(place, variant)| (variant.id.as_str(), owned(place)));
        let variant = owner(&compiled.ranges, slot).and_then(|owner| experiment.variants.get(owner));
        self.steps.push(Step::Share {
            experiment: &experiment.id,
            slot,
            ranges: ranges.filter(|(_, ranges)| !ranges.is_empty()).collect(),
            variant: variant.map(|variant| variant.id.as_str()),
        });
    }

    /// What conditions within the layer see.
    fn context<'u>(&self, unit: Option<&'u [u8]>) -> EvalContext<'u>
    where
        'x: 'u,
    {
        context(self.plan, self.request, unit)
    }

    /// What conditions see that are asked of the request as it came.
    fn came<'u>(&self, unit: Option<&'u [u8]>) -> EvalContext<'u>
    where
        'x: 'u,
    {
        context(self.plan, self.as_it_came, unit)
    }
}

fn context<'u>(plan: &'u Plan, request: &'u Request<'_>, unit: Option<&'u [u8]>) -> EvalContext<'u> {
    let answers = request.asked.as_deref().map_or(&[][..], |asked| &asked.answers);
    EvalContext { values: request.values(), unit, listed: &plan.listed, answers }
}

/// The range that has a slot, be it one that nobody owns.
fn around(ranges: &[(Range, usize)], slot: u32) -> Range {
    let behind = ranges.partition_point(|(range, _)| range.start <= slot);
    let before = behind.checked_sub(1).and_then(|place| ranges.get(place)).map(|(range, _)| *range);
    match before {
        Some(range) if slot < range.end => range,
        before => Range {
            start: before.map_or(0, |range| range.end),
            end: ranges.get(behind).map_or(SLOTS, |(range, _)| range.start),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_nobody_owns_lies_between_two_ranges() {
        let owned = [
            (Range { start: 10, end: 20 }, 0),
            (Range { start: 20, end: 30 }, 1),
            (Range { start: 40, end: SLOTS }, 0),
        ];
        for (slot, start, end) in [
            (0, 0, 10),
            (9, 0, 10),
            (10, 10, 20),
            (19, 10, 20),
            (20, 20, 30),
            (30, 30, 40),
            (39, 30, 40),
            (40, 40, SLOTS),
        ] {
            assert_eq!(around(&owned, slot), Range { start, end }, "{slot}");
        }
        assert_eq!(around(&[], 7), Range::ALL);
    }
}
