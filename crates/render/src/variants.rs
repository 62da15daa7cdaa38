//! The variants of a policy by the services that they route, of which every kind of route is made.

use std::collections::BTreeSet;

use weir_policy::model::{Model, RouteTarget, Variant};

/// The subset for requests that are in no variant of the service.
pub(crate) const STABLE: &str = "stable";

/// The env tag of a variant, and where it leads a service.
pub(crate) type TaggedTarget = (String, RouteTarget);

/// The services that the policy routes.
pub(crate) fn services(model: &Model) -> BTreeSet<&str> {
    let experiments = model.layers.iter().flat_map(|layer| &layer.experiments);
    experiments.flat_map(|experiment| experiment.routed_services()).collect()
}

/// Env tag and target of every variant that routes the service, by layer id: the first that matches counts, as in the
/// filter where two layers disagree.
pub(crate) fn of_service(service: &str, model: &Model) -> Vec<TaggedTarget> {
    let experiments = model.layers.iter().flat_map(|layer| &layer.experiments);
    let variants = experiments.flat_map(|experiment| &experiment.variants);
    let target = |variant: &Variant| {
        let (_, target) = variant.routes.iter().find(|(routed, _)| routed == service)?;
        Some((variant.env_tag.clone(), target.clone()))
    };
    variants.filter_map(target).collect()
}

/// Whether some variant leads to this service instead of another.
pub(crate) fn is_target(service: &str, model: &Model) -> bool {
    led_to(model).contains(service)
}

/// The services that variants lead to instead of others.
pub(crate) fn led_to(model: &Model) -> BTreeSet<&str> {
    let experiments = model.layers.iter().flat_map(|layer| &layer.experiments);
    let routes = experiments.flat_map(|experiment| &experiment.variants).flat_map(|variant| &variant.routes);
    let targets = routes.map(|(_, target)| target).filter(|target| matches!(target, RouteTarget::Service(_)));
    targets.map(RouteTarget::name).collect()
}

/// The targets of variants, each once, in their order.
pub(crate) fn targets(variants: &[TaggedTarget]) -> Vec<&RouteTarget> {
    let mut targets: Vec<&RouteTarget> = Vec::new();
    for (_, target) in variants {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

/// Those of them that are subsets.
pub(crate) fn subsets(variants: &[TaggedTarget]) -> Vec<&str> {
    let subset = |target: &&RouteTarget| matches!(target, RouteTarget::Subset(_));
    targets(variants).into_iter().filter(subset).map(RouteTarget::name).collect()
}
