//! Where requests are sent and what they count for, told once more from the document and the decision alone.

use proptest::prelude::*;
use serde_json::Value;
use weir_policy::{CLUSTER_HEADER, Role, SUBSET_HEADER, Steer};

use crate::attachment::{attachment, plan, steer};
use crate::fresh;
use crate::headers::{Outcomes, hop};
use crate::policy::{Made, policy};
use crate::request::{destination, request};

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn a_request_goes_where_the_document_says(
        (made, lines) in policy().prop_flat_map(|made| {
            let request = request(made.tags.clone());
            (Just(made), request)
        }),
        destination in destination(),
        steer in steer(),
        mesh: bool,
    ) {
        let role = if mesh { Role::Mesh } else { Role::Edge };
        let plan = plan(&made, &attachment(role, steer));
        // A preflight is counted nowhere.
        let lines = lines.without(CLUSTER_HEADER.as_bytes()).without(b"access-control-request-method");
        let destination = destination.as_deref();
        let (outcomes, sent) = hop(&plan, &lines, destination);
        let routes = in_force(&made, &outcomes);
        let cluster = destination.map(String::from_utf8_lossy).unwrap_or_default();
        let parts: Vec<&str> = cluster.split('|').collect();
        let route = route(&routes, parts.get(3).unwrap_or(&&*cluster));

        let subset = route.map(|(_, _, target)| name(target).as_bytes().to_vec());
        let expected = subset.into_iter().filter(|_| steer == Steer::Subset).collect::<Vec<_>>();
        prop_assert_eq!(sent.values(SUBSET_HEADER), expected);
        let named = route.filter(|_| steer == Steer::Cluster && parts.len() > 3).map(|(_, _, target)| {
            let rest = parts[3..].join("|");
            match target["service"].as_str() {
                Some(service) => format!("outbound|{}||{service}", parts[1]),
                None => format!("{}|{}|{}|{rest}", parts[0], parts[1], name(target)),
            }
        });
        let expected: Vec<Vec<u8>> = named.into_iter().map(String::into_bytes).collect();
        prop_assert_eq!(sent.values(CLUSTER_HEADER), expected);

        let counted = lines.sent_to(&plan, destination).counted().count();
        let layers_on_it = route.map_or(0, |(_, service, target)| {
            let has_it = |layer: usize| routes.iter().any(|(l, key, to)| (*l, *key, *to) == (layer, service, target));
            (0..outcomes.len()).filter(|layer| has_it(*layer)).count()
        });
        prop_assert_eq!(counted, if mesh { layers_on_it } else { outcomes.len() });
    }
}

/// A layer's place among the outcomes, a service, and where the layer's variant in force leads it.
type Route<'a> = (usize, &'a str, &'a Value);

/// The routes of the variants in force, by layer id, then by service.
fn in_force<'a>(made: &'a Made, outcomes: &Outcomes) -> Vec<Route<'a>> {
    let each = |of: &'a Value, list: &str| of[list].as_array().into_iter().flatten();
    let experiments = || each(&made.policy, "layers").flat_map(|layer| each(layer, "experiments"));
    let mut routes = Vec::new();
    for (layer, (_, experiment, variant, _)) in outcomes.iter().enumerate() {
        let Some((experiment, variant)) = experiment.as_ref().zip(variant.as_ref()) else { continue };
        let experiment = experiments().find(|one| one["id"] == experiment.as_str()).unwrap();
        let variant = each(experiment, "variants").find(|one| one["id"] == variant.as_str()).unwrap();
        let mut of_variant: Vec<Route<'_>> = variant["routes"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(service, target)| (layer, service.as_str(), target))
            .collect();
        of_variant.sort_by_key(|(_, service, _)| *service);
        routes.extend(of_variant);
    }
    routes
}

/// The first that has the service as its key, else the first that leads to it.
fn route<'a>(routes: &[Route<'a>], service: &str) -> Option<Route<'a>> {
    let by_key = routes.iter().find(|(_, key, _)| *key == service);
    by_key.or_else(|| routes.iter().find(|(_, _, target)| target["service"] == service)).copied()
}

fn name(target: &Value) -> &str {
    target["service"].as_str().or(target.as_str()).unwrap()
}
