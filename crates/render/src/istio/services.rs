//! The names of all services, judged as Istio reads them: what it would not find is said before anything is made of it.

use std::collections::BTreeSet;

use weir_policy::{At, Problems, codes};

use crate::WrittenPolicy;
use crate::istio::host_name::refused_service;
use crate::istio::placed::PlacedFilter;
use crate::istio::service::Service;
use crate::variants;

/// The names of all services, of the policy and of attachments.
pub(crate) fn names<'a>(all: &'a [PlacedFilter<'_>], policy: WrittenPolicy<'a>) -> BTreeSet<&'a str> {
    let mut names = variants::services(policy.model);
    names.extend(variants::led_to(policy.model));
    names.extend(described(all).map(|(_, name, _)| name));
    names
}

/// Reports names by which Istio finds no service, each where it stands.
pub(crate) fn check(all: &[PlacedFilter<'_>], policy: WrittenPolicy<'_>, domain: &str, problems: &mut Problems) {
    let entries = described(all).filter(|(_, _, service)| service.service_entry);
    let entries: BTreeSet<&str> = entries.map(|(_, name, _)| name).collect();
    let refused = |name: &str| refused_service(name, domain, entries.contains(name));
    let of_policy: BTreeSet<&str> =
        variants::services(policy.model).into_iter().chain(variants::led_to(policy.model)).collect();
    for name in &of_policy {
        if let Some(message) = refused(name) {
            policy.report(name, codes::BAD_SERVICE, message, problems);
        }
    }
    for (placed, name, service) in described(all) {
        let root = At::Root { source: placed.source };
        let istio = root.key("istio");
        let services = istio.key("services");
        let at = services.key(name);
        if let Some(message) = refused(name).filter(|_| !of_policy.contains(name)) {
            problems.add(codes::BAD_SERVICE, &at, message);
        }
        let at = at.key("stable_hosts");
        for (index, host) in service.stable_hosts.iter().enumerate() {
            if let Some(message) = refused(host) {
                problems.add(codes::BAD_SERVICE, &at.index(index), message);
            }
        }
    }
}

/// Every description of a service in an attachment.
fn described<'a, 'p>(
    all: &'a [PlacedFilter<'p>],
) -> impl Iterator<Item = (&'a PlacedFilter<'p>, &'a str, &'a Service)> {
    all.iter().flat_map(|placed| {
        placed.placement.services.iter().map(move |(name, service)| (placed, name.as_str(), service))
    })
}
