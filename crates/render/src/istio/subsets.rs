//! DestinationRules: the pods of each version of a service, and the guard of each.

use crate::istio::labels::Labels;
use crate::istio::object::{Object, Phase};
use crate::istio::routed::RoutedService;
use crate::istio::service::Guard;
use crate::variants::STABLE;
use crate::yaml::{Yaml, map};

const DESTINATION_RULE: (&str, &str) = ("networking.istio.io/v1", "DestinationRule");

const COMMENT: &str = "The versions of the service. Istio merges this with a DestinationRule of the same host, namespace and exportTo\n\
                       where neither has a workloadSelector; a subset that stands in both is taken from the older one.\n";

/// The DestinationRule with the subsets of a service, if any is known.
pub(crate) fn object(routed: &RoutedService) -> Option<Object> {
    let subsets: Vec<Yaml> = all(routed).iter().map(|(name, labels)| subset(name, labels, routed)).collect();
    let spec = map! {"host" => &routed.host, "subsets" => subsets.clone()};
    let object =
        || Object::new(Phase::Subsets, DESTINATION_RULE, &routed.namespace, &routed.object_name(), COMMENT, spec);
    (!subsets.is_empty()).then(object)
}

/// The clusters of the subsets of a service, in the words of a proxy.
pub(crate) fn clusters(routed: &RoutedService) -> Vec<String> {
    all(routed).iter().map(|(name, _)| format!("|{name}|{}::", routed.host)).collect()
}

/// The subsets of a service by name, each with the labels of its pods.
pub(crate) fn all(routed: &RoutedService) -> Vec<(&str, Labels)> {
    let stable = routed.service.stable.iter().map(|labels| (STABLE, labels.clone()));
    stable.chain(routed.subsets().into_iter().map(|name| (name, routed.service.labels_of(name)))).collect()
}

/// One subset with its guard, as it stands in a DestinationRule.
pub(crate) fn subset(name: &str, labels: &Labels, routed: &RoutedService) -> Yaml {
    let guard = routed.service.guard_of(name);
    map! {"name" => name, "labels" => Yaml::labels(labels)}.with("trafficPolicy", guard.map(traffic_policy))
}

fn traffic_policy(guard: &Guard) -> Yaml {
    let mut pool = Vec::new();
    if let Some(connections) = guard.connections {
        pool.push(("tcp".to_owned(), map! {"maxConnections" => connections}));
    }
    let http = map! {}.with("http1MaxPendingRequests", guard.pending).with("http2MaxRequests", guard.requests);
    if http != (map! {}) {
        pool.push(("http".to_owned(), http));
    }
    let eject = guard.eject.map(|eject| {
        map! {
            "consecutive5xxErrors" => eject.errors,
            "baseEjectionTime" => format!("{}s", eject.seconds),
            // The default is 10: of a version with fewer than ten pods none would ever be left out.
            "maxEjectionPercent" => 100,
        }
    });
    map! {}.with("connectionPool", (!pool.is_empty()).then_some(Yaml::Map(pool))).with("outlierDetection", eject)
}
