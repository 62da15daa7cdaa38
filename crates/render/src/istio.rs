//! The manifests of a mesh under Istio: filters, routes and subsets, in files whose names give the order of safe
//! application.

mod authority;
mod awaited;
mod chain;
mod domain;
mod envoy_route;
mod file;
mod filter;
mod host_name;
mod hosts;
mod indented;
mod into;
mod labels;
mod marks;
mod named;
mod object;
mod object_name;
mod order;
mod origin;
mod patches;
mod placed;
mod placement;
mod plugin;
mod routed;
mod routes;
mod server;
mod server_cluster;
mod service;
mod services;
mod subsets;
mod telemetry;
mod waits;
mod warnings;

use weir_policy::{At, Attachment, Model, Problem, Problems, Revision, Role, SourceId, Sources, codes};

use crate::{WrittenPolicy, unknown_targets};
use awaited::Waits;
pub use file::{File, joined};
pub use indented::INDENTED_BYTES_MAX;
use into::ExistingFile;
pub use marks::{Marks, PartOf};
use named::NamedRoutes;
pub use object::{CLIENT_SIDE_BYTES_MAX, OBJECT_BYTES_MAX};
use object::{Object, Phase};
pub use order::{By, order};
use placed::PlacedFilter;
pub use placed::{Enveloped, check};
use placement::Carrier;
use routed::RoutedService;
use routes::{OwnVirtualService, RouteNeeds};
pub use warnings::{MANY_TAGS, PERHAPS_TWO_FILTERS};

/// What is rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// Files, in the order of safe application.
    pub files: Vec<File>,
    /// What is not wrong, and likely not to be meant.
    pub warnings: Vec<Problem>,
}

/// The manifests of a policy at these attachments. Routes also go into the existing VirtualServices of the files `into` among
/// the `sources`.
///
/// # Errors
/// Every problem that was found; as warnings do, those of `into` know their places, those of the policy and of attachments do not yet.
pub fn render(
    policy: WrittenPolicy<'_>,
    attachments: Vec<Enveloped<'_>>,
    sources: &Sources,
    into: &[SourceId],
    marks: &Marks,
) -> Result<Rendered, Vec<Problem>> {
    let model = policy.model;
    let mut problems = Problems::default();
    let asked = attachments.len();
    let all = PlacedFilter::read_all(attachments, &mut problems);
    let mut unread = Problems::default();
    let domain = domain::read(&all, services::names(&all, policy).into_iter(), &mut unread);
    let into = into::read_all(sources, into, &domain, &mut unread);
    if all.len() == asked {
        services::check(&all, policy, &domain, &mut unread);
    }
    if all.len() < asked || !unread.is_empty() {
        // What the others say of services would be missing, and blamed on those who do not say it.
        problems.extend(unread.into_vec());
        return Err(problems.into_vec());
    }
    all.iter().for_each(|placed| check_targets(placed, &all, policy, &mut problems));
    let needs = RouteNeeds::of(&all, &model.env_tag);
    let mut routed = RoutedService::read_all(&all, policy, &mut problems);
    into::check_seen(&into, &mut routed, &needs, &mut problems);
    into::check_merged(&into, &routed, &needs, &mut problems);
    into::check_roots(&into, &routed, &mut problems);
    let own: Vec<OwnVirtualService<'_>> =
        routed.iter().filter_map(|routed| own_virtual_service(routed, &needs, &into, &mut problems)).collect();
    routed.iter().filter(|one| !into::has_rule(one, &into)).for_each(|one| one.check_seen(&all, &mut problems));
    hosts::check(&routed, &own, &into, &domain, &mut problems);
    for one in own.iter().filter(|one| one.is_for_sidecars()) {
        into::check_short_hosts(&one.routed.host, &into, &domain, &mut problems);
    }
    let named = NamedRoutes::of(&own, &routed, &needs, &into);
    let mut misnamed = Problems::default();
    all.iter().for_each(|placed| named.check(placed, &mut misnamed));
    // Where a name is wrong, nobody knows for which routes a file was given.
    let is_misnamed = !misnamed.is_empty();
    problems.extend(misnamed.into_vec());
    let mut warnings = warnings::many_tags(&all, &routed);
    chain::check(&all, &mut problems, &mut warnings);
    let in_mesh = in_mesh(model);
    let of_filters =
        all.iter().flat_map(|placed| filters(placed, model, marks, in_mesh).into_iter().map(move |one| (placed, one)));
    let of_filters: Vec<(&PlacedFilter<'_>, Object)> = of_filters.collect();
    check_titles(&of_filters, &mut problems);
    let servers = server_cluster::destination_rules(&all, &mut problems).into_iter();
    let servers = servers.map(|object| object.marked(marks, None));
    let subsets = routed.iter().filter(|routed| !into::has_rule(routed, &into)).filter_map(subsets::object);
    let of_services = subsets.chain(own.iter().map(|one| routes::object(one, &needs)));
    let of_services = of_services.map(|object| object.marked(marks, Some(in_mesh)));
    let of_filters = of_filters.into_iter().map(|(_, object)| object);
    let objects: Vec<Object> = of_filters.chain(servers).chain(of_services).collect();
    let largest = policy.largest(sources);
    objects.iter().for_each(|object| object.check_size(largest, &mut problems));
    let is_named = |route: &str| is_misnamed || all.iter().any(|placed| placed.placement.names_route(route));
    let mut files: Vec<File> = Phase::ALL.into_iter().filter_map(|phase| File::of(phase, &objects)).collect();
    files.extend(into.iter().map(|file| {
        let text = file.render(&routed, &needs, &is_named, &mut problems);
        let bytes = file.check_size(&text, &mut problems);
        File {
            name: file.file_name(&routed),
            text,
            server_side: bytes > CLIENT_SIDE_BYTES_MAX,
            replaces: Some(file.text.name.clone()),
            waits: Waits::default(),
        }
    }));
    waits::add(&mut files, &all, &routed, &own, &needs, &into);
    files.sort_by(|one, other| one.name.cmp(&other.name));
    if problems.is_empty() { Ok(Rendered { files, warnings }) } else { Err(problems.into_vec()) }
}

/// Reports services that variants lead to by cluster and no attachment names: nobody says that they are in the mesh.
fn check_targets(
    placed: &PlacedFilter<'_>,
    all: &[PlacedFilter<'_>],
    policy: WrittenPolicy<'_>,
    problems: &mut Problems,
) {
    let missing = |target: &str, _: &[&str]| {
        let named = all.iter().flat_map(|placed| &placed.placement.services).any(|(service, _)| service == target);
        (!named).then(|| {
            format!("no attachment names it; if it is in the mesh write istio: {{services: {{{target}: {{}}}}}}")
        })
    };
    let root = At::Root { source: placed.source };
    let at = root.key("istio");
    unknown_targets(&placed.file.attachment, &at.key("services"), policy.model, missing, problems);
}

/// The objects of an attachment, by the revision that its filter is sent.
fn filters(placed: &PlacedFilter<'_>, model: &Model, marks: &Marks, in_mesh: Revision) -> Vec<Object> {
    let is_ours = placed.placement.carrier == Carrier::EnvoyFilter;
    let forgeries = is_ours.then(|| filter::against_forgeries(placed, &model.env_tag)).flatten();
    let filter = if is_ours { filter::object(placed) } else { plugin::object(placed) };
    let telemetry = placed.placement.telemetry.then(|| telemetry::object(placed));
    // What holds nothing of the policy is not to change with it.
    let revision = placed.placement.server.is_none().then_some(placed.revision);
    let of_filter = [filter].into_iter().chain(telemetry).map(|object| object.marked(marks, revision));
    forgeries.map(|object| object.marked(marks, Some(in_mesh))).into_iter().chain(of_filter).collect()
}

/// The revision of what concerns routes and headers: that of the policy for those who follow, so that what changes for
/// those who decide alone changes nothing here.
fn in_mesh(model: &Model) -> Revision {
    Revision::of(&model.project(&Attachment { role: Role::Mesh, ..Attachment::default() }).canonical())
}

/// Reports objects of two attachments that would be one.
fn check_titles(objects: &[(&PlacedFilter<'_>, Object)], problems: &mut Problems) {
    for (index, (placed, object)) in objects.iter().enumerate() {
        let same =
            objects[..index].iter().find(|(other, earlier)| earlier.is_titled_as(object) && other.name != placed.name);
        if let Some((other, _)) = same {
            let message =
                format!("{} would be of {} and of {}; take another name", object.called(), other.name, placed.name);
            problems.add(codes::DUPLICATE_ID, &At::Root { source: placed.source }.key("name"), message);
        }
    }
}

/// A new VirtualService for a service, bound to the gateways for which no existing one routes the service.
fn own_virtual_service<'a>(
    routed: &'a RoutedService,
    needs: &RouteNeeds,
    into: &[ExistingFile<'_>],
    problems: &mut Problems,
) -> Option<OwnVirtualService<'a>> {
    if routed.is_mere_target {
        return None;
    }
    if let Some(root) = &routed.service.routed_by {
        routed.check_delegate(root, into::leads_to(routed, into), problems);
        return None;
    }
    let taken = into::bindings_of(&routed.host, into);
    let gateways: Vec<String> = needs.bound_to.iter().filter(|gateway| !taken.contains(gateway)).cloned().collect();
    if gateways.is_empty() {
        return None;
    }
    into::check_wildcards(&routed.host, &gateways, into, problems);
    into.iter().for_each(|file| file.check_title(&routed.title(), problems));
    routed.check_stable(problems);
    Some(OwnVirtualService { routed, gateways })
}

#[cfg(test)]
mod tests;
