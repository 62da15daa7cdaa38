//! Existing VirtualServices and DestinationRules: routes to variants are added before each route that leads to a service of the
//! policy, subsets to the rule of its host, and every byte that was there is kept. Istio does not merge two VirtualServices of one
//! host for sidecars, so the routes must go into the existing one.

use std::collections::{BTreeMap, BTreeSet};

use weir_policy::{At, Problems, Source, SourceId, Sources, codes};

use crate::istio::awaited::BoundRoute;
use crate::istio::envoy_route::EnvoyRoute;
use crate::istio::host_name::{covers, is_short_for};
use crate::istio::object::OBJECT_BYTES_MAX;
use crate::istio::routed::RoutedService;
use crate::istio::routes::{MESH, RouteNeeds, VariantRoute};
use crate::istio::subsets;

mod copies;
mod destination;
mod documents;
mod hosts;
mod led;
mod lines;
mod merged;
mod names;
mod node;
mod object;
mod odd;
mod place;
mod read;
mod refused;
mod rule;
mod rules;
mod shape;
mod shown;
mod splice;
mod virtual_service;

use lines::Lines;
use rule::DestinationRule;
use virtual_service::{Route, VirtualService};

/// A file with existing VirtualServices and DestinationRules.
pub(crate) struct ExistingFile<'a> {
    pub text: &'a Source,
    source: SourceId,
    virtual_services: Vec<VirtualService>,
    rules: Vec<DestinationRule>,
}

impl<'a> ExistingFile<'a> {
    /// Reads the files with these ids, in a cluster of this domain.
    pub fn read_all(
        sources: &'a Sources,
        ids: &[SourceId],
        domain: &str,
        problems: &mut Problems,
    ) -> Vec<ExistingFile<'a>> {
        let mut all: Vec<ExistingFile<'_>> = Vec::with_capacity(ids.len());
        for (source, text) in ids.iter().filter_map(|id| Some((*id, sources.get(*id)?))) {
            let read::Found { virtual_services, rules } = read::read(text, source, domain, problems);
            let file = ExistingFile { text, source, virtual_services, rules };
            if let Some(other) = all.iter().find(|other| other.stem() == file.stem()) {
                let message = format!("called like {}; what is rendered would have one name", other.text.name);
                problems.add(codes::CONFLICT, &At::Root { source }, message);
            }
            all.push(file);
        }
        check_titles(&all, problems);
        check_hosts(&all, problems);
        check_delegates(&all, problems);
        all
    }

    /// The name of the rendered file: one with subsets is applied before the routes that name them.
    pub fn file_name(&self, all: &[RoutedService]) -> String {
        let phase = if self.has_rules(all) { "15" } else { "25" };
        format!("{phase}-{}.yaml", self.stem())
    }

    fn stem(&self) -> &str {
        let name = self.text.name.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    fn has_rules(&self, all: &[RoutedService]) -> bool {
        all.iter().any(|routed| self.has_rule_of(routed))
    }

    /// Whether a DestinationRule in it is of a service, so that it needs none of ours.
    pub fn has_rule_of(&self, routed: &RoutedService) -> bool {
        self.rules.iter().any(|rule| rule.host == routed.host)
    }

    /// Every host of its VirtualServices, with the gateways for which it is routed, and the names of the VirtualService and of the file.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &[String], (&str, &str))> {
        self.virtual_services.iter().flat_map(|existing| {
            existing
                .hosts
                .iter()
                .map(|host| (host.as_str(), existing.gateways.as_slice(), (existing.name(), self.text.name.as_str())))
        })
    }

    /// Reports a VirtualService that is called as one of ours would be.
    pub fn check_title(&self, title: &str, problems: &mut Problems) {
        for existing in self.virtual_services.iter().filter(|existing| existing.full_title() == title) {
            let message = format!(
                "one that is rendered would be called {title} too, and take its place; call this one otherwise, or leave it out \
                 if it was rendered"
            );
            existing.refuse_name(message, problems);
        }
    }

    /// The routes to variants that are added to it, as far as every proxy that it is for must have them. What a delegate's are
    /// called only whoever delegates to it says.
    pub fn added_routes(&self, all: &[RoutedService], needs: &RouteNeeds) -> Vec<BoundRoute> {
        let mut added = Vec::new();
        let is_everywhere = |existing: &&VirtualService| !existing.hosts.is_empty() && existing.seen_by().is_none();
        for existing in self.virtual_services.iter().filter(is_everywhere) {
            for route in shown::everywhere(&existing.routes) {
                let (_, copied) = destination::sent_to(route, existing, all);
                let Some(routed) = copied else { continue };
                let name = |variant: VariantRoute| format!("{}/{}", route.name, variant.name);
                let names = needs.variant_routes(routed).into_iter().map(name);
                added.extend(names.map(|name| BoundRoute::of_theirs(&existing.gateways, &name)));
            }
        }
        added
    }

    /// The text with the routes to variants and the subsets in it. `is_named` says which routes an attachment names.
    pub fn render(
        &self,
        all: &[RoutedService],
        needs: &RouteNeeds,
        is_named: &dyn Fn(&str) -> bool,
        problems: &mut Problems,
    ) -> String {
        let (mut insertions, mut found) = (Vec::new(), Problems::default());
        let lines = Lines::of(&self.text.text);
        for existing in &self.virtual_services {
            refused::check_destinations(existing, all, &mut found);
            refused::check_host(existing, all, &mut found);
            for route in &existing.routes {
                refused::check_headers(route, existing, all, needs, &mut found);
                insertions.extend(self.copies((existing, route), &lines, all, needs, &mut found));
            }
        }
        for (rule, routed) in self.rules.iter().flat_map(|rule| all.iter().map(move |routed| (rule, routed))) {
            if rule.host == routed.host {
                match rules::added(rule, routed, &lines) {
                    Ok(insertion) => insertions.extend(insertion),
                    Err(message) => rule.refuse(&["subsets"], message, &mut found),
                }
            }
        }
        if found.is_empty() && !self.is_of_use(all, is_named) {
            let hosts: Vec<&str> = all.iter().map(|routed| routed.host.as_str()).collect();
            let what = if self.virtual_services.is_empty() { "no rule here is of" } else { "no route here leads to" };
            let led: BTreeSet<String> = self.virtual_services.iter().flat_map(VirtualService::hosts_led_to).collect();
            let led = Vec::from_iter(led).join(", ");
            let hint = if led.is_empty() {
                String::new()
            } else {
                format!(
                    "; it leads to {led}: a host of the stable pods alone of a service is to be named in an attachment, \
                     istio: {{services: {{SERVICE: {{stable_hosts: [HOST]}}}}}}"
                )
            };
            let message = format!("{what} a service of the policy, which has {}{hint}", hosts.join(", "));
            found.add(codes::BAD_VALUE, &At::Root { source: self.source }, message);
        }
        problems.extend(found.into_vec());
        splice::insert(&self.text.text, insertions)
    }

    /// The bytes of the largest object of what was rendered; reports one that Kubernetes would not take.
    pub fn check_size(&self, text: &str, problems: &mut Problems) -> usize {
        let bytes = read::largest(text);
        if bytes > OBJECT_BYTES_MAX {
            let message = format!(
                "with routes for variants an object would have {bytes} bytes; Kubernetes takes at most {OBJECT_BYTES_MAX}. Where \
                 many tags lead to few subsets, steer: subset makes fewer routes"
            );
            problems.add(codes::LIMIT, &At::Root { source: self.source }, message);
        }
        bytes
    }

    /// The copies of a route for variants, if it leads to stable pods.
    fn copies(
        &self,
        (existing, route): (&VirtualService, &Route),
        lines: &Lines<'_>,
        all: &[RoutedService],
        needs: &RouteNeeds,
        problems: &mut Problems,
    ) -> Option<splice::Insertion> {
        let routed = led::service(route, existing, all, needs, problems)?;
        let place = existing.place();
        place.within(problems, |root, problems| {
            odd::check_values(&route.node, lines, &root.key("spec").key("http").index(route.index), problems);
        });
        let added = copies::routes(route, existing, routed, needs, problems);
        if added.is_empty() {
            return None;
        }
        let note = format!("By weir render: {} for who is in a variant.", route.name);
        let insertion = splice::before(&route.node, &note, added, lines);
        if insertion.is_none() {
            let message = format!(
                "{} begins neither behind `- ` nor with a brace, so that nothing can stand before it",
                route.name
            );
            existing.refuse(route, "name", message, problems);
        }
        insertion
    }

    /// Whether anything in it is of a service of the policy, or is named by an attachment. Where a route delegates, it is the other
    /// VirtualService that leads somewhere.
    fn is_of_use(&self, all: &[RoutedService], is_named: &dyn Fn(&str) -> bool) -> bool {
        let leads = |existing: &VirtualService| {
            let is_of = |routed: &RoutedService| {
                existing.hosts.contains(&routed.host) || destination::leads_to(existing, routed)
            };
            all.iter().any(|routed| !routed.variants.is_empty() && is_of(routed))
        };
        let is_asked = |existing: &VirtualService| {
            existing.delegates().next().is_some()
                || existing.routes.iter().any(|route| names::names(route, existing).any(|name| is_named(&name)))
        };
        let is_around = |rule: &DestinationRule| all.iter().any(|routed| rule.covers(&routed.host));
        self.has_rules(all)
            || self.rules.iter().any(is_around)
            || self.virtual_services.iter().any(|existing| is_asked(existing) || leads(existing))
    }
}

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
        let Some(seen) = existing.seen_by().filter(|_| existing.gateways.iter().any(|gateway| gateway == MESH)) else {
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
        let is_for_sidecars = existing.gateways.iter().any(|gateway| gateway == MESH);
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
    for existing in virtual_services.filter(|existing| existing.gateways.iter().any(|gateway| gateway == MESH)) {
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
