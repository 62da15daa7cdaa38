//! The manifests of a mesh under Istio: filters, routes and subsets, in files whose names give the order of safe
//! application.

mod domain;
mod file;
mod filter;
mod host_name;
mod indented;
mod into;
mod labels;
mod marks;
mod named;
mod object;
mod object_name;
mod order;
mod patches;
mod placed;
mod placement;
mod plugin;
mod routed;
mod routes;
mod service;
mod services;
mod subsets;
mod telemetry;

use weir_policy::{At, Attachment, Model, Problem, Problems, Revision, Role, SourceId, Sources};

use crate::{WrittenPolicy, unknown_targets};
pub use file::{File, joined};
pub use indented::INDENTED_BYTES_MAX;
use into::ExistingFile;
pub use marks::{Marks, PartOf};
use named::NamedRoutes;
pub use object::{CLIENT_SIDE_BYTES_MAX, OBJECT_BYTES_MAX};
use object::{Object, Phase};
pub use order::order;
pub use placed::Enveloped;
use placed::PlacedFilter;
use placement::Carrier;
use routed::RoutedService;
use routes::RouteNeeds;

/// The manifests of a policy at these attachments. Routes also go into the existing VirtualServices of the files `into` among
/// the `sources`.
///
/// # Errors
/// Every problem that was found; those of `into` know their places, those of the policy and of attachments do not yet.
pub fn render(
    policy: WrittenPolicy<'_>,
    attachments: Vec<Enveloped<'_>>,
    sources: &Sources,
    into: &[SourceId],
    marks: &Marks,
) -> Result<Vec<File>, Vec<Problem>> {
    let model = policy.model;
    let mut problems = Problems::default();
    let asked = attachments.len();
    let all = PlacedFilter::read_all(attachments, &mut problems);
    let domain = domain::read(&all, services::names(&all, policy).into_iter(), &mut problems);
    let mut unread = Problems::default();
    let into = ExistingFile::read_all(sources, into, &domain, &mut unread);
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
    into::check_roots(&into, &routed, &mut problems);
    let named = NamedRoutes::of(&routed, &needs, &into);
    all.iter().for_each(|placed| named.check(placed, &mut problems));
    let mut objects: Vec<Object> = all.iter().flat_map(|placed| filters(placed, model, marks)).collect();
    for routed in &routed {
        let routes = own_routes(routed, &needs, &into, &mut problems);
        let subsets = if into::has_rule(routed, &into) { None } else { subsets::object(routed) };
        let of_service = subsets.into_iter().chain(routes);
        objects.extend(of_service.map(|object| object.marked(marks, in_mesh(model))));
    }
    let largest = policy.largest(sources);
    objects.iter().for_each(|object| object.check_size(largest, &mut problems));
    let is_named = |route: &str| all.iter().any(|placed| placed.placement.names_route(route));
    let mut files: Vec<File> = Phase::ALL.into_iter().filter_map(|phase| File::of(phase, &objects)).collect();
    files.extend(into.iter().map(|file| File {
        name: file.file_name(&routed),
        text: file.render(&routed, &needs, &is_named, &mut problems),
        server_side: false,
        replaces: Some(file.text.name.clone()),
    }));
    files.sort_by(|one, other| one.name.cmp(&other.name));
    if problems.is_empty() { Ok(files) } else { Err(problems.into_vec()) }
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
fn filters(placed: &PlacedFilter<'_>, model: &Model, marks: &Marks) -> Vec<Object> {
    let is_ours = placed.placement.carrier == Carrier::EnvoyFilter;
    let forgeries = is_ours.then(|| filter::against_forgeries(placed, &model.env_tag)).flatten();
    let filter = if is_ours { filter::object(placed) } else { plugin::object(placed) };
    let telemetry = placed.placement.telemetry.then(|| telemetry::object(placed));
    let of_filter = [filter].into_iter().chain(telemetry).map(|object| object.marked(marks, placed.revision));
    forgeries.map(|object| object.marked(marks, in_mesh(model))).into_iter().chain(of_filter).collect()
}

/// The revision of what concerns routes and headers: that of the policy for those who follow, so that what changes for
/// those who decide alone changes nothing here.
fn in_mesh(model: &Model) -> Revision {
    Revision::of(&model.project(&Attachment { role: Role::Mesh, ..Attachment::default() }).canonical())
}

/// A new VirtualService for a service, bound to the gateways for which no existing one routes the service.
fn own_routes(
    routed: &RoutedService,
    needs: &RouteNeeds,
    into: &[ExistingFile<'_>],
    problems: &mut Problems,
) -> Option<Object> {
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
    routed.check_stable(problems);
    Some(routes::object(routed, needs, &gateways))
}

#[cfg(test)]
mod tests;
