//! Whether a policy, attachments and Envoy resources fit each other: the one judgement of `weir serve` and `weir check`,
//! without I/O.

use std::collections::BTreeSet;

use weir_policy::written::Policy;
use weir_policy::{
    At, AttachmentFile, Checked, ENVELOPE_BYTES_MAX, Model, Problem, Problems, SourceId, Sources, codes, limits,
};
use weir_resources::ResourceFiles;
use weir_xds::{Nodes, Resource};

use crate::load;

mod clusters;
mod nodes;

/// The nodes that each attachment is for. Two of one name for the same nodes are a problem: only one of them could decide
/// there.
pub fn nodes(files: &[(SourceId, AttachmentFile)], problems: &mut Problems) -> Vec<Nodes> {
    let mut all: Vec<Nodes> = Vec::with_capacity(files.len());
    for (source, file) in files {
        let root = At::Root { source: *source };
        let nodes = nodes::read(file.nodes.clone(), &root.key("nodes"), problems);
        for ((_, other), other_nodes) in files.iter().zip(&all) {
            let name = file.attachment.name.as_ref();
            if let Some(name) = name.filter(|_| other.attachment.name.as_ref() == name && other_nodes.overlap(&nodes)) {
                let message = format!(
                    "another attachment gives the filter weir.{name} to the same Envoys; take another name, or nodes \
                     that keep them apart"
                );
                problems.add(codes::CONFLICT, &root.key("name"), message);
            }
        }
        all.push(nodes);
    }
    all
}

/// What these attachments ask of the policy, and of the resources where there are any, and do not get.
pub fn check(
    files: &[(SourceId, AttachmentFile)],
    policy: &Checked,
    resources: Option<&[Resource]>,
    problems: &mut Problems,
) {
    problems.extend(load::misfits(files, &policy.model));
    if let Some(resources) = resources {
        clusters::check_targets(files, &policy.model, resources, problems);
    }
    for (source, file) in files {
        check_size(*source, file, policy, problems);
    }
}

/// What is likely to be a mistake in the resources, by themselves and by a policy, with its documents, at these attachments; in
/// the order of the files.
pub fn warnings(
    sources: &Sources,
    policy: Option<(&Model, &[Policy])>,
    files: &[(SourceId, AttachmentFile)],
    resources: &ResourceFiles,
) -> Vec<Problem> {
    // Where an attachment is for Istio, its routes are in VirtualServices.
    let here = files.iter().filter(|(_, file)| file.istio.is_none());
    let attachments: Vec<_> = here.map(|(source, file)| (*source, &file.attachment)).collect();
    let policy = policy.filter(|_| files.is_empty() || !attachments.is_empty());
    let mut found = weir_resources::warnings(resources, policy, &attachments);
    let names: Vec<&str> = files.iter().filter_map(|(_, file)| file.attachment.name.as_deref()).collect();
    found.extend(weir_resources::unknown_filters(resources, &names));
    sources.locate(&mut found);
    found.sort_by_key(|one| (one.source, one.position));
    found
}

/// What an offer says of the resources that are served beside a filter.
pub fn beside(resources: &[Resource]) -> Vec<String> {
    let line = |resource: &Resource| format!("{} {} {}", resource.kind, resource.name, resource.version);
    let lines: BTreeSet<String> = resources.iter().map(line).collect();
    lines.into_iter().collect()
}

/// Whether the envelope is larger than a filter reads.
fn check_size(source: SourceId, file: &AttachmentFile, policy: &Checked, problems: &mut Problems) {
    let max = limits::POLICY_BYTES_MAX + ENVELOPE_BYTES_MAX;
    let found = policy.envelope(&file.attachment.with_offer(None, &[])).len();
    if found > max {
        let message = format!("the policy takes {found} bytes on the wire to this filter, which reads at most {max}");
        problems.add(codes::LIMIT, &At::Root { source }, message);
    }
}
