//! A proposal: what the files would have served, their policy checked; and the one place where a policy, attachments and
//! resources are put together, without I/O.

use std::sync::Arc;

use weir_policy::{At, AttachmentFile, Checked, Problems, Role, SourceId, Sources, codes};
use weir_xds::{Nodes, Resource};

use super::clusters;
use super::deployment::{AttachedFilter, Deployment};
use super::nodes;
use super::written::{Written, WrittenAttachments};
use crate::effective::Effective;
use crate::load;
use crate::problems::Failure;

/// What the files would have served.
pub struct Proposal {
    /// The policy that takes effect of them.
    pub policy: Result<Effective, Failure>,
    /// The texts of all of it.
    pub sources: Sources,
    /// The attachments, whatever policy they are put together with.
    pub attachments: Result<WrittenAttachments, Failure>,
    /// The Envoy resources; `None` where the server is given none.
    pub resources: Result<Option<Arc<Vec<Resource>>>, Failure>,
}

impl Proposal {
    /// Checks the policy for what these attachments do.
    pub fn of(written: Written) -> Proposal {
        let Written { sources, policy, attachments, resources } = written;
        let role = attachments.as_ref().map(|attachments| load::role(&attachments.files)).map_err(Failure::clone);
        let policy = role.and_then(|role| Effective::of(&sources, &policy?, role));
        Proposal { policy, sources, attachments, resources: resources.map(|all| all.map(Arc::new)) }
    }

    /// The role that policies are checked for, if the attachments can be read.
    pub fn role(&self) -> Result<Role, Failure> {
        self.attachments.as_ref().map(|attachments| load::role(&attachments.files)).map_err(Failure::clone)
    }

    /// A policy at these attachments, which it must fit, and with these resources.
    pub fn deployment(&self, policy: &Arc<Checked>) -> Result<Deployment, Failure> {
        let attachments = self.attachments.as_ref().map_err(Failure::clone)?;
        let WrittenAttachments { files, placed } = attachments;
        load::check_fit(&self.sources, files, &policy.model)?;
        let all_nodes = read_nodes(&self.sources, files)?;
        let mut filters = Vec::with_capacity(files.len());
        for (((_, file), nodes), placed) in files.iter().zip(all_nodes).zip(placed) {
            let (name, module) = placed.clone()?;
            let (attachment, wasm) = (file.attachment.clone(), file.wasm.clone());
            filters.push(AttachedFilter { attachment, name, nodes, wasm, module });
        }
        let resources = self.resources.clone()?;
        if let Some(resources) = &resources {
            clusters::check_targets(&self.sources, files, &policy.model, resources)?;
        }
        let deployment = Deployment::of(policy.clone(), filters, resources.unwrap_or_default());
        deployment.check_size()?;
        Ok(deployment)
    }
}

/// The nodes that each attachment is for. Two of one name for the same nodes are a problem: only one of them could decide
/// there.
fn read_nodes(sources: &Sources, files: &[(SourceId, AttachmentFile)]) -> Result<Vec<Nodes>, Failure> {
    let mut problems = Problems::default();
    let mut all: Vec<Nodes> = Vec::with_capacity(files.len());
    for (source, file) in files {
        let root = At::Root { source: *source };
        let nodes = nodes::read(file.nodes.clone(), &root.key("nodes"), &mut problems);
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
    if problems.is_empty() { Ok(all) } else { Err(Failure::problems(sources, problems.into_vec())) }
}
