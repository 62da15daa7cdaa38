//! Existing VirtualServices: routes to variants are added before each route that leads to a service of the policy, and
//! every byte that was there is kept. Istio does not merge two VirtualServices of one host for sidecars, so the routes
//! must go into the existing one.

use weir_policy::{At, Problems, Source, SourceId, Sources, codes};

use crate::istio::host_name::covers;
use crate::istio::routed::RoutedService;
use crate::istio::routes::{MESH, RouteNeeds};

mod read;
mod splice;
mod steer;

use read::VirtualService;

/// A file with existing VirtualServices.
pub(crate) struct ExistingFile<'a> {
    pub text: &'a Source,
    source: SourceId,
    virtual_services: Vec<VirtualService>,
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
            let virtual_services = read::virtual_services(text, source, domain, problems);
            let file = ExistingFile { text, source, virtual_services };
            if let Some(other) = all.iter().find(|other| other.stem() == file.stem()) {
                let message = format!("called like {}; what is rendered would have one name", other.text.name);
                problems.add(codes::CONFLICT, &At::Root { source }, message);
            }
            all.push(file);
        }
        check_hosts(&all, problems);
        check_delegates(&all, problems);
        all
    }

    /// The name of the rendered file.
    pub fn file_name(&self) -> String {
        format!("25-{}.yaml", self.stem())
    }

    fn stem(&self) -> &str {
        let name = self.text.name.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// Its HTTP routes by name, each with the number of destinations that are sent something, and the service of the policy that
    /// copies of it are added for.
    pub fn named_routes<'r>(
        &self,
        all: &'r [RoutedService],
    ) -> impl Iterator<Item = (String, usize, Option<&'r RoutedService>)> {
        self.virtual_services.iter().flat_map(move |existing| {
            existing.routes.iter().map(move |route| {
                let (sent, copied) = steer::sent_to(route, existing, all);
                (route.name.clone(), sent, copied)
            })
        })
    }

    /// Whether routes of it are those of another VirtualService, under names that begin with that one's.
    pub fn has_delegates(&self) -> bool {
        self.virtual_services.iter().any(|existing| existing.hosts.is_empty())
    }

    /// The text with the routes to variants in it. `is_named` says which routes an attachment names.
    pub fn render(
        &self,
        all: &[RoutedService],
        needs: &RouteNeeds,
        is_named: &dyn Fn(&str) -> bool,
        problems: &mut Problems,
    ) -> String {
        let (mut insertions, mut found) = (Vec::new(), Problems::default());
        // Where a route delegates, it is the other VirtualService that leads somewhere; and one may be here for its weights.
        let is_asked = |existing: &VirtualService| {
            existing.delegates().next().is_some() || existing.routes.iter().any(|route| is_named(&route.name))
        };
        let is_led = |existing: &VirtualService| {
            all.iter().any(|routed| !routed.variants.is_empty() && steer::leads_to(existing, routed))
        };
        let leads_somewhere = self.virtual_services.iter().any(|existing| is_asked(existing) || is_led(existing));
        for existing in &self.virtual_services {
            steer::check_others(existing, all, &mut found);
            for route in &existing.routes {
                let Some(routed) = steer::destination(route, existing, all, &mut found) else { continue };
                let added = steer::routes(route, existing, routed, needs, &mut found);
                if added.is_empty() {
                    continue;
                }
                let note = format!("By weir render: {} for who is in a variant.", route.name);
                match splice::before(&route.node, &note, added, &self.text.text) {
                    Some(insertion) => insertions.push(insertion),
                    None => {
                        let message = format!(
                            "{} begins neither behind `- ` nor with a brace, so that nothing can stand before it",
                            route.name
                        );
                        existing.refuse(route, "name", message, &mut found);
                    }
                }
            }
        }
        if !leads_somewhere && found.is_empty() && !self.virtual_services.is_empty() {
            let hosts: Vec<&str> = all.iter().map(|routed| routed.host.as_str()).collect();
            let message = format!("no route here leads to a service of the policy; it has {}", hosts.join(", "));
            found.add(codes::BAD_VALUE, &At::Root { source: self.source }, message);
        }
        problems.extend(found.into_vec());
        splice::insert(&self.text.text, insertions)
    }
}

/// Whether an existing VirtualService has a route that leads to a service.
pub(crate) fn leads_to(routed: &RoutedService, all: &[ExistingFile<'_>]) -> bool {
    all.iter().flat_map(|file| &file.virtual_services).any(|existing| steer::leads_to(existing, routed))
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

/// Reports existing VirtualServices without hosts to which nothing that was given delegates, and of which no attachment says
/// whose they are: beside them a second VirtualService of their host would be rendered.
pub(crate) fn check_roots(all: &[ExistingFile<'_>], routed: &[RoutedService], problems: &mut Problems) {
    let virtual_services = || all.iter().flat_map(|file| &file.virtual_services);
    for existing in virtual_services().filter(|existing| existing.hosts.is_empty()) {
        let has_root = virtual_services().any(|other| other.delegates().any(|(_, to)| to == existing.full_title()));
        let led_to = || routed.iter().filter(|routed| steer::leads_to(existing, routed));
        if has_root || led_to().all(|routed| routed.service.routed_by.is_some()) {
            continue;
        }
        for routed in led_to().take(1) {
            let host = &routed.host;
            let message = format!(
                "no hosts, so another one delegates to it; give that one as well, or name it in the attachment: \
                 istio: {{services: {{{host}: {{routed_by: NAMESPACE/NAME}}}}}}"
            );
            existing.refuse_itself(message, problems);
        }
    }
}

/// Reports hosts that two existing VirtualServices route for sidecars. Istio merges those of one gateway.
fn check_hosts(all: &[ExistingFile<'_>], problems: &mut Problems) {
    let mut seen: Vec<(&str, &VirtualService)> = Vec::new();
    let virtual_services = all.iter().flat_map(|file| &file.virtual_services);
    for existing in virtual_services.filter(|existing| existing.gateways.iter().any(|gateway| gateway == MESH)) {
        for (i, host) in existing.hosts.iter().enumerate() {
            if let Some((_, other)) = seen.iter().find(|(name, _)| name == host) {
                let message = format!(
                    "{host} is routed for sidecars by the VirtualService {} too, and Istio heeds one of them",
                    other.name
                );
                existing.refuse_host(i, message, problems);
            }
            seen.push((host, existing));
        }
    }
}
