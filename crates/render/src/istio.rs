//! The documents of a mesh under Istio: filters, routes and versions in the order of safe application.

mod attached;
mod filter;
mod into;
mod labels;
mod object;
mod order;
mod patches;
mod placement;
mod plugin;
mod routed;
mod routes;
mod service;
mod subsets;
mod telemetry;

use weir_engine::{AttachmentFile, Model, Problem, Problems, Source};

use attached::Attached;
use into::TheirFile;
pub use object::{CLIENT_SIDE_BYTES_MAX, OBJECT_BYTES_MAX};
use object::{Object, Stage};
pub use order::order;
use placement::Attach;
use routed::Routed;
use routes::Wanted;

/// An attachment file and the envelope that carries its part of the policy.
pub struct Sent<'a> {
    /// What a person wrote.
    pub file: &'a AttachmentFile,
    /// What the filter is configured with.
    pub envelope: String,
}

/// A file of manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name; the order of names is the order of safe application.
    pub name: String,
    /// YAML documents.
    pub text: String,
    /// Whether it holds an object that `kubectl apply` takes only with `--server-side`.
    pub server_side: bool,
    /// The file of theirs that it takes the place of.
    pub theirs: Option<String>,
}

/// The manifests of a policy at these attachments, with routes in VirtualServices that people have already.
///
/// # Errors
/// Every problem that was found. Its document counts the attachments first, then the files of `into`.
pub fn render(model: &Model, sent: Vec<Sent<'_>>, into: &[Source]) -> Result<Vec<File>, Vec<Problem>> {
    let mut problems = Problems::default();
    let first_into = sent.len();
    let all = Attached::read_all(sent, &mut problems);
    let into = TheirFile::read_all(into, first_into, &mut problems);
    if all.len() < first_into {
        // What the others say of services would be missing, and blamed on those who do not say it.
        return Err(problems.into_vec());
    }
    let wanted = Wanted::by(&all, &model.env_tag.header);
    let routed = Routed::read_all(&all, model, &mut problems);
    let mut objects: Vec<(usize, Object)> = Vec::new();
    for attached in &all {
        objects.extend(filters(attached, model).into_iter().map(|object| (attached.document, object)));
    }
    for routed in &routed {
        let routes = own_routes(routed, &wanted, &into, &mut problems);
        let of_service = subsets::object(routed).into_iter().chain(routes);
        objects.extend(of_service.map(|object| (routed.document, object)));
    }
    for (document, object) in &objects {
        object.check_size(*document, &mut problems);
    }
    let objects: Vec<Object> = objects.into_iter().map(|(_, object)| object).collect();
    let mut files: Vec<File> = Stage::ALL.into_iter().filter_map(|stage| file(stage, &objects)).collect();
    files.extend(into.iter().map(|file| File {
        name: file.file_name(),
        text: file.render(&routed, &wanted, &mut problems),
        server_side: false,
        theirs: Some(file.source.name.clone()),
    }));
    files.sort_by(|one, other| one.name.cmp(&other.name));
    if problems.is_empty() { Ok(files) } else { Err(problems.into_vec()) }
}

fn filters(attached: &Attached<'_>, model: &Model) -> Vec<Object> {
    let telemetry = attached.placement.telemetry.then(|| telemetry::object(attached));
    if attached.placement.attach != Attach::EnvoyFilter {
        return [plugin::object(attached)].into_iter().chain(telemetry).collect();
    }
    let forgeries = filter::against_forgeries(attached, &model.env_tag);
    forgeries.into_iter().chain([filter::object(attached)]).chain(telemetry).collect()
}

/// A VirtualService of ours, bound to what no VirtualService of theirs routes the service for.
fn own_routes(routed: &Routed, wanted: &Wanted, into: &[TheirFile<'_>], problems: &mut Problems) -> Option<Object> {
    let taken = into::bindings_of(&routed.host, into);
    let gateways: Vec<String> = wanted.bound_to.iter().filter(|gateway| !taken.contains(gateway)).cloned().collect();
    if gateways.is_empty() {
        return None;
    }
    into::check_wildcards(&routed.host, &gateways, into, problems);
    routed.check_stable(problems);
    Some(routes::object(routed, wanted, &gateways))
}

fn file(stage: Stage, objects: &[Object]) -> Option<File> {
    let objects: Vec<&Object> = objects.iter().filter(|object| object.stage == stage).collect();
    let texts: Vec<String> = objects.iter().map(|object| object.text()).collect();
    let server_side = objects.iter().any(|object| object.bytes() > CLIENT_SIDE_BYTES_MAX);
    (!texts.is_empty()).then(|| File {
        name: stage.file().to_owned(),
        text: texts.join("---\n"),
        server_side,
        theirs: None,
    })
}

#[cfg(test)]
mod tests;
