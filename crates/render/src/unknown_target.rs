//! Services that a policy leads requests to and that nobody can find. Where an attachment steers by cluster the filter names
//! the cluster of such a service, and Envoy answers 503 where there is none.

use std::collections::BTreeMap;

use weir_policy::model::{Model, RouteTarget};
use weir_policy::{At, Attachment, Code, Problems, Role, Steer};

/// What is wrong with an attachment that leads to services which nobody can find.
pub const UNKNOWN_TARGET: Code = Code::new(
    "unknown_target",
    "An attachment steers by cluster, and a variant leads to a service that is not found among what is given.",
);

/// Reports the services that an attachment may have to name the clusters of and that are not found. `missing` is given each
/// with the services that are led there, and says what is missing, if anything, and what would do; it would do `at` this place. What is switched off
/// leads nowhere: a switch must not wait for clusters.
pub fn unknown_targets(
    attachment: &Attachment,
    at: &At<'_>,
    model: &Model,
    missing: impl Fn(&str, &[&str]) -> Option<String>,
    problems: &mut Problems,
) {
    if attachment.steer != Steer::Cluster || attachment.role == Role::Inbound {
        return;
    }
    for (target, services) in service_targets(model) {
        if let Some(what) = missing(target, &services) {
            let services = services.join(" and ");
            let message = format!("a variant leads {services} to {target}, and {what}; an unknown cluster is a 503");
            problems.add(UNKNOWN_TARGET, at, message);
        }
    }
}

/// The services that variants of what is switched on lead to, each with those that are led there.
fn service_targets(model: &Model) -> BTreeMap<&str, Vec<&str>> {
    let layers = model.layers.iter().filter(|layer| model.enabled && layer.enabled);
    let experiments = layers.flat_map(|layer| &layer.experiments).filter(|experiment| experiment.enabled);
    let routes = experiments.flat_map(|experiment| &experiment.variants).flat_map(|variant| &variant.routes);
    let mut targets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (service, target) in routes {
        if let RouteTarget::Service(target) = target {
            let services = targets.entry(target).or_default();
            if !services.contains(&service.as_str()) {
                services.push(service);
            }
        }
    }
    targets
}
