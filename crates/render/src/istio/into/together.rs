//! All existing files together: what they have of a service, and what one of them would keep another one, or ours, from doing.

use std::collections::BTreeMap;

use weir_policy::Problems;

use super::existing_file::ExistingFile;
use super::rule::DestinationRule;
use super::virtual_service::VirtualService;
use super::{destination, hosts, merged, names, rules};
use crate::istio::envoy_route::EnvoyRoute;
use crate::istio::host_name::{covers, is_short_for};
use crate::istio::routed::RoutedService;
use crate::istio::routes::{MESH, RouteNeeds};
use crate::istio::subsets;

/// Whether an existing DestinationRule is of a service, so that it needs none of ours.
pub(crate) fn has_rule(routed: &RoutedService, all: &[ExistingFile<'_>]) -> bool {
    all.iter().any(|file| file.has_rule_of(routed))
}

/// Reports DestinationRules that cannot be those of services of the policy, and VirtualServices that not all callers see; and tells
/// each service in which of their subsets pods of its variants are.
pub(crate) fn check_seen(
    all: &[ExistingFile<'_>],
    services: &mut [RoutedService],
    needs: &RouteNeeds,
    problems: &mut Problems,
) {
    let of_all: Vec<&DestinationRule> = all.iter().flat_map(|file| &file.rules).collect();
    for routed in services.iter_mut() {
        rules::check(&of_all, routed, needs, problems);
        let of_host = of_all.iter().filter(|rule| rule.host == routed.host);
        let given = of_host.clone().flat_map(|rule| &rule.subsets).map(|subset| subset.name.clone());
        let ours = subsets::all(routed).into_iter().map(|(name, _)| name.to_owned());
        routed.given_subsets = of_host.clone().next().map(|_| ours.chain(given).collect());
        routed.wide_subsets = of_host.flat_map(|rule| rules::wide_subsets(rule, routed)).collect();
    }
    for existing in all.iter().flat_map(|file| &file.virtual_services) {
        hosts::check_case(existing, services, problems);
        let is_for = |routed: &&RoutedService| !routed.variants.is_empty() && existing.hosts.contains(&routed.host);
        let Some(routed) = services.iter().find(|routed| is_for(routed)) else { continue };
        let Some(seen) = existing.seen_by().filter(|_| existing.is_for_sidecars()) else {
            continue;
        };
        if let Some(blind) = needs.sidecar_namespaces.iter().find(|namespace| !seen.contains(&namespace.as_str())) {
            let message = format!(
                "sidecars in {blind} do not see it, and would send requests for {} to all its pods; export it to {blind}",
                routed.host
            );
            existing.refuse_itself(&["exportTo"], message, problems);
        }
    }
}

/// The routes of existing VirtualServices in Envoy, with the copies that are added.
pub(crate) fn envoy_routes(all: &[ExistingFile<'_>], routed: &[RoutedService], needs: &RouteNeeds) -> Vec<EnvoyRoute> {
    let all: Vec<&VirtualService> = all.iter().flat_map(|file| &file.virtual_services).collect();
    names::envoy_routes(&all, routed, needs)
}

/// Whether an existing VirtualService has a route that leads to a service.
pub(crate) fn leads_to(routed: &RoutedService, all: &[ExistingFile<'_>]) -> bool {
    all.iter().flat_map(|file| &file.virtual_services).any(|existing| destination::leads_to(existing, routed))
}

/// The gateways for which an existing VirtualService routes a service: those that have it as a host.
pub(crate) fn bindings_of(host: &str, all: &[ExistingFile<'_>]) -> Vec<String> {
    let virtual_services = all.iter().flat_map(|file| &file.virtual_services);
    let having = virtual_services.filter(|existing| existing.hosts.iter().any(|name| name == host));
    having.flat_map(|existing| existing.gateways.clone()).collect()
}

/// Reports existing wildcard hosts from which a new VirtualService for `host`, bound to `gateways`, would take
/// requests.
pub(crate) fn check_wildcards(host: &str, gateways: &[String], all: &[ExistingFile<'_>], problems: &mut Problems) {
    for existing in all.iter().flat_map(|file| &file.virtual_services) {
        let shared = existing.gateways.iter().any(|gateway| gateways.contains(gateway));
        for (i, wildcard) in existing.hosts.iter().enumerate() {
            if shared && covers(wildcard, host) {
                let message = format!(
                    "{wildcard} covers {host}, and the VirtualService that is rendered for {host} would take requests away \
                     from here; name {host} as a host of a VirtualService of its own and give that"
                );
                existing.refuse_host(i, message, problems);
            }
        }
    }
}

/// Reports existing hosts for sidecars that are short for a service, beside which another VirtualService of it would be rendered.
pub(crate) fn check_short_hosts(service: &str, all: &[ExistingFile<'_>], domain: &str, problems: &mut Problems) {
    for existing in all.iter().flat_map(|file| &file.virtual_services) {
        let is_for_sidecars = existing.is_for_sidecars();
        for (i, host) in existing.hosts.iter().enumerate() {
            if is_for_sidecars && is_short_for(host, service, domain) {
                let message = format!(
                    "for Istio {host} is another host than {service}, of which a second VirtualService would be rendered; write \
                     {service}"
                );
                existing.refuse_host(i, message, problems);
            }
        }
    }
}

/// Reports what the files say against each other, whatever the policy is.
pub(super) fn check_given(all: &[ExistingFile<'_>], problems: &mut Problems) {
    check_titles(all, problems);
    check_hosts(all, problems);
    check_delegates(all, problems);
}

/// Reports objects that are given twice: the second takes the place of the first.
fn check_titles(all: &[ExistingFile<'_>], problems: &mut Problems) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for file in all {
        let services = file.virtual_services.iter().map(VirtualService::object);
        for object in services.chain(file.rules.iter().map(DestinationRule::object)) {
            let title = format!("{} {}/{}", object.kind, object.namespace, object.name);
            if let Some(other) = seen.insert(title.clone(), &file.text.name) {
                let message = format!("{title} is given in {other} too, and what is applied last takes its place");
                object.refuse_name(message, problems);
            }
        }
    }
}

/// Reports routes that delegate to a VirtualService which was not given.
fn check_delegates(all: &[ExistingFile<'_>], problems: &mut Problems) {
    let virtual_services = || all.iter().flat_map(|file| &file.virtual_services);
    for existing in virtual_services() {
        for (route, to) in existing.delegates() {
            if !virtual_services().any(|other| other.full_title() == to) {
                let message = format!("{} delegates to {to}; give that VirtualService as well", route.name);
                existing.refuse(route, "delegate", message, problems);
            }
        }
    }
}

/// Reports VirtualServices that Istio merges, or delegates between, in a way that copies of their routes would be lost or come
/// before others.
pub(crate) fn check_merged(
    all: &[ExistingFile<'_>],
    routed: &[RoutedService],
    needs: &RouteNeeds,
    problems: &mut Problems,
) {
    let virtual_services: Vec<&VirtualService> = all.iter().flat_map(|file| &file.virtual_services).collect();
    for (i, existing) in virtual_services.iter().enumerate() {
        for (by, to) in existing.delegates() {
            for delegate in virtual_services.iter().filter(|other| other.full_title() == to) {
                merged::check_root((existing, by), delegate, routed, needs, problems);
            }
        }
        let shares = |other: &VirtualService| {
            let gateways = existing.gateways.iter().filter(|gateway| *gateway != MESH);
            gateways.into_iter().any(|gateway| other.gateways.contains(gateway))
                && existing.hosts.iter().any(|host| other.hosts.contains(host))
        };
        let others = virtual_services.iter().enumerate().filter(|(j, other)| *j != i && shares(other));
        others.for_each(|(_, other)| merged::check_merged(existing, other, routed, problems));
    }
}

/// Reports existing VirtualServices without hosts to which nothing that was given delegates, and of which no attachment says
/// whose they are: beside them a second VirtualService of their host would be rendered.
pub(crate) fn check_roots(all: &[ExistingFile<'_>], routed: &[RoutedService], problems: &mut Problems) {
    let virtual_services = || all.iter().flat_map(|file| &file.virtual_services);
    for existing in virtual_services().filter(|existing| existing.hosts.is_empty()) {
        let has_root = virtual_services().any(|other| other.delegates().any(|(_, to)| to == existing.full_title()));
        let led_to = || routed.iter().filter(|routed| destination::leads_to(existing, routed));
        if has_root || led_to().all(|routed| routed.service.routed_by.is_some()) {
            continue;
        }
        for routed in led_to().take(1) {
            let host = &routed.host;
            let message = format!(
                "no hosts, so another one delegates to it; give that one as well, or name it in the attachment: \
                 istio: {{services: {{{host}: {{routed_by: NAMESPACE/NAME}}}}}}. If it is a patch of kustomize, give what \
                 kubectl kustomize prints"
            );
            existing.refuse_itself(&[], message, problems);
        }
    }
}

/// Reports hosts that two existing VirtualServices route for sidecars. Istio merges those of one gateway.
fn check_hosts(all: &[ExistingFile<'_>], problems: &mut Problems) {
    let mut seen: Vec<(&str, &VirtualService)> = Vec::new();
    let virtual_services = all.iter().flat_map(|file| &file.virtual_services);
    for existing in virtual_services.filter(|existing| existing.is_for_sidecars()) {
        for (i, host) in existing.hosts.iter().enumerate() {
            if host == "*" {
                let message =
                    "Istio takes * for gateways only, and this is for sidecars as well; name a gateway".to_owned();
                existing.refuse_host(i, message, problems);
            }
            if let Some((_, other)) = seen.iter().find(|(name, other)| name == host && !std::ptr::eq(*other, existing))
            {
                let message = format!(
                    "{host} is routed for sidecars by the VirtualService {} too, and Istio heeds one of them",
                    other.object().called()
                );
                existing.refuse_host(i, message, problems);
            }
            seen.push((host, existing));
        }
    }
}
