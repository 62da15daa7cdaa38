//! The steps of a layer in the mesh, where tags are followed; and who wins a service that two layers route.

use weir_policy::model::{Layer, Model};

use super::step::{Scope, Step, TagsFrom};
use crate::baggage::Member;
use crate::decision::Reason;
use crate::exchange::Exchange;
use crate::tags;

/// Tells the steps of a layer.
pub(super) fn steps<'m>(
    exchange: &Exchange<'_, '_>,
    model: &'m Model,
    layer: &'m Layer,
    index: usize,
) -> Vec<Step<'m>> {
    let off = |of| vec![Step::Off { of }];
    if !model.enabled {
        return off(Scope::Policy);
    }
    if !layer.enabled {
        return off(Scope::Layer(&layer.id));
    }
    let (_, arrived, _) = exchange.decision.plan.arrived(&exchange.request);
    let tag = arrived.iter().find(|tag| tag.layer == index);
    let experiment = tag.and_then(|tag| layer.experiments.get(tag.experiment));
    let variant = experiment.zip(tag).and_then(|(experiment, tag)| experiment.variants.get(tag.variant));
    let mut steps =
        vec![Step::Tag { tag: variant.map(|variant| variant.env_tag.as_str()), from: exchange.tags_from() }];
    steps.extend(experiment.filter(|one| !one.enabled).map(|one| Step::Off { of: Scope::Experiment(&one.id) }));
    steps
}

impl Exchange<'_, '_> {
    fn tags_from(&self) -> Option<TagsFrom> {
        let in_header = tags::read(self.request.tags.iter().copied(), |_| None::<(usize, ())>);
        match (&self.request.trace_tags, self.decision.plan.member(&self.request)) {
            _ if !in_header.tags.is_empty() => Some(TagsFrom::Header),
            (Some(_), _) => Some(TagsFrom::Trace),
            (None, Member::Value(_)) => Some(TagsFrom::Baggage),
            (None, _) => None,
        }
    }

    /// Who routes a service of this layer elsewhere, if anybody does and the layer says so.
    pub(super) fn conflict<'m>(&self, model: &'m Model, index: usize) -> Option<Step<'m>> {
        let outcomes = &self.decision.outcomes;
        let outcome = outcomes.get(index).filter(|outcome| outcome.reason == Reason::RouteConflict)?;
        let routes = &outcome.variant?.routes;
        let mut before = model.layers.iter().zip(outcomes).take(index);
        before.find_map(|(layer, outcome)| {
            let variant = outcome.variant?;
            let differs = |(service, target): &&(String, String)| {
                variant.routes.iter().any(|(other, won)| other == service && won != target)
            };
            let (service, _) = routes.iter().find(differs)?;
            let variants = layer.experiments.iter().flat_map(|experiment| &experiment.variants);
            let routes = variants.filter(|one| one.env_tag == variant.tag).flat_map(|one| &one.routes);
            let (service, target) = routes.into_iter().find(|(known, _)| known == service)?;
            Some(Step::Conflict { layer: &layer.id, service, target: target.name() })
        })
    }
}
