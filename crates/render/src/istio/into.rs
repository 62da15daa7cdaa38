//! VirtualServices that people have already: a route of ours before each of theirs that leads to a version, and every byte
//! of theirs kept. Istio does not merge two VirtualServices of one host for sidecars, so ours must go into theirs.

use weir_engine::{At, Code, Problems, Source};

use crate::istio::routed::RoutedService;
use crate::istio::routes::{MESH, RouteNeeds};

mod read;
mod splice;
mod steer;

use read::VirtualService;

/// A file of theirs.
pub(crate) struct ExistingFile<'a> {
    pub source: &'a Source,
    /// Which of the sources read together it is.
    document: usize,
    virtual_services: Vec<VirtualService>,
}

impl<'a> ExistingFile<'a> {
    /// Reads the files; the first is the source with the index `first`.
    pub fn read_all(sources: &'a [Source], first: usize, problems: &mut Problems) -> Vec<ExistingFile<'a>> {
        let mut all: Vec<ExistingFile<'_>> = Vec::with_capacity(sources.len());
        for (document, source) in (first..).zip(sources) {
            let virtual_services = read::virtual_services(source, document, problems);
            let file = ExistingFile { source, document, virtual_services };
            if let Some(other) = all.iter().find(|other| other.stem() == file.stem()) {
                let message = format!("called like {}; what is rendered would have one name", other.source.name);
                problems.add(Code::Conflict, &At::Root { document }, message);
            }
            all.push(file);
        }
        check_hosts(&all, problems);
        all
    }

    /// The name of the rendered file.
    pub fn file_name(&self) -> String {
        format!("25-{}.yaml", self.stem())
    }

    fn stem(&self) -> &str {
        let name = self.source.name.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// The text with our routes in it.
    pub fn render(&self, all: &[RoutedService], needs: &RouteNeeds, problems: &mut Problems) -> String {
        let mut insertions = Vec::new();
        let mut leads_somewhere = false;
        for theirs in &self.virtual_services {
            for route in &theirs.routes {
                let Some(routed) = steer::destination(route, theirs, all, problems) else { continue };
                leads_somewhere = true;
                let ours = steer::routes(route, theirs, routed, needs, problems);
                if ours.is_empty() {
                    continue;
                }
                match splice::before(route, ours, &self.source.text) {
                    Ok(insertion) => insertions.push(insertion),
                    Err(message) => theirs.refuse(route, "name", message, problems),
                }
            }
        }
        if !leads_somewhere && !self.virtual_services.is_empty() {
            let hosts: Vec<&str> = all.iter().map(|routed| routed.host.as_str()).collect();
            let message = format!("no route here leads to a service of the policy; it has {}", hosts.join(", "));
            problems.add(Code::BadValue, &At::Root { document: self.document }, message);
        }
        splice::insert(&self.source.text, &insertions)
    }
}

/// What already routes a service, by binding: theirs that have it as a host.
pub(crate) fn bindings_of(host: &str, all: &[ExistingFile<'_>]) -> Vec<String> {
    let virtual_services = all.iter().flat_map(|file| &file.virtual_services);
    let having = virtual_services.filter(|theirs| theirs.hosts.iter().any(|name| name == host));
    having.flat_map(|theirs| theirs.gateways.clone()).collect()
}

/// Reports hosts of theirs that an object of ours for `host`, bound to `gateways`, would take requests from.
pub(crate) fn check_wildcards(host: &str, gateways: &[String], all: &[ExistingFile<'_>], problems: &mut Problems) {
    for theirs in all.iter().flat_map(|file| &file.virtual_services) {
        let shared = theirs.gateways.iter().any(|gateway| gateways.contains(gateway));
        for (i, wildcard) in theirs.hosts.iter().enumerate() {
            let covers = wildcard.strip_prefix('*').is_some_and(|end| host.ends_with(end));
            if shared && covers {
                let message = format!(
                    "{wildcard} covers {host}, whose routes of ours would take its requests away from here; name {host} \
                     as a host of its own VirtualService and give that"
                );
                theirs.refuse_host(i, message, problems);
            }
        }
    }
}

/// Reports hosts that two of theirs route for sidecars. Those of one gateway are merged by Istio.
fn check_hosts(all: &[ExistingFile<'_>], problems: &mut Problems) {
    let mut seen: Vec<(&str, &VirtualService)> = Vec::new();
    let virtual_services = all.iter().flat_map(|file| &file.virtual_services);
    for theirs in virtual_services.filter(|theirs| theirs.gateways.iter().any(|gateway| gateway == MESH)) {
        for (i, host) in theirs.hosts.iter().enumerate() {
            if let Some((_, other)) = seen.iter().find(|(name, _)| name == host) {
                let message = format!(
                    "{host} is routed for sidecars by the VirtualService {} too, and Istio heeds one of them",
                    other.name
                );
                theirs.refuse_host(i, message, problems);
            }
            seen.push((host, theirs));
        }
    }
}
