//! Existing VirtualServices and DestinationRules: routes to variants are added before each route that leads to a service of the
//! policy, subsets to the rule of its host, and every byte that was there is kept. Istio does not merge two VirtualServices of one
//! host for sidecars, so the routes must go into the existing one.

use weir_policy::{At, Problems, SourceId, Sources, codes};

mod copies;
mod destination;
mod documents;
mod existing_file;
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
mod together;
mod virtual_service;

pub(crate) use existing_file::ExistingFile;
pub(crate) use together::{
    bindings_of, check_merged, check_roots, check_seen, check_short_hosts, check_wildcards, envoy_routes, has_rule,
    leads_to,
};

/// The files with these ids, in a cluster of this domain.
pub(crate) fn read_all<'a>(
    sources: &'a Sources,
    ids: &[SourceId],
    domain: &str,
    problems: &mut Problems,
) -> Vec<ExistingFile<'a>> {
    let mut all: Vec<ExistingFile<'_>> = Vec::with_capacity(ids.len());
    for (source, text) in ids.iter().filter_map(|id| Some((*id, sources.get(*id)?))) {
        let file = ExistingFile::read(text, source, domain, problems);
        if let Some(other) = all.iter().find(|other| other.stem() == file.stem()) {
            let message = format!("called like {}; what is rendered would have one name", other.text.name);
            problems.add(codes::CONFLICT, &At::Root { source }, message);
        }
        all.push(file);
    }
    together::check_given(&all, problems);
    all
}
