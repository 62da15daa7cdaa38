//! The variants of a policy by the services that they route, of which every kind of route is made.

use std::collections::BTreeSet;

use weir_policy::model::{Model, Variant};

/// The subset for requests that are in no variant of the service.
pub(crate) const STABLE: &str = "stable";

/// The services that the policy routes.
pub(crate) fn services(model: &Model) -> BTreeSet<&str> {
    let experiments = model.layers.iter().flat_map(|layer| &layer.experiments);
    experiments.flat_map(|experiment| experiment.routed_services()).collect()
}

/// Env tag and subset of every variant that routes the service, by layer id: the first that matches counts, as in the
/// filter where two layers disagree.
pub(crate) fn of_service(service: &str, model: &Model) -> Vec<(String, String)> {
    let experiments = model.layers.iter().flat_map(|layer| &layer.experiments);
    let variants = experiments.flat_map(|experiment| &experiment.variants);
    let subset = |variant: &Variant| {
        let (_, subset) = variant.routes.iter().find(|(routed, _)| routed == service)?;
        Some((variant.env_tag.clone(), subset.clone()))
    };
    variants.filter_map(subset).collect()
}

/// The subsets of variants, each once, in their order.
pub(crate) fn subsets(variants: &[(String, String)]) -> Vec<&str> {
    let mut subsets: Vec<&str> = Vec::new();
    for (_, subset) in variants {
        if !subsets.contains(&subset.as_str()) {
            subsets.push(subset);
        }
    }
    subsets
}

/// The regex that matches the tag in a header, alone or among the tags of other layers.
pub(crate) fn tag_regex(tag: &str) -> String {
    // Of all that a tag may contain, only the dot means something in a regex.
    format!("(.*,)?{}(,.*)?", tag.replace('.', "\\."))
}
