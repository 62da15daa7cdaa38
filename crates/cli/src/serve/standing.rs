//! What stands at edges and in the mesh at one moment, as an offer is made of it.

use std::path::PathBuf;
use std::sync::Arc;

use weir_engine::{AttachmentFile, ENVELOPE_BYTES_MAX, Role, limits};
use weir_xds::{Filter, Nodes, Offer, Resource, filter};

use crate::load::Policy;
use crate::problems::Failure;

/// A policy for those that decide and one for all others, which are the same but during a push, and what else is served.
#[derive(Clone)]
pub struct Standing {
    /// Of attachments that decide.
    pub edges: Arc<Policy>,
    /// Of all others.
    pub mesh: Arc<Policy>,
    /// Where the filter is put.
    pub attachments: Arc<Vec<Attached>>,
    /// For everybody.
    pub resources: Arc<Vec<Resource>>,
}

/// An attachment that can be served.
#[derive(PartialEq)]
pub struct Attached {
    /// What is written.
    pub file: AttachmentFile,
    /// Its filter is `weir.NAME`.
    pub name: String,
    /// Whom it is for.
    pub nodes: Nodes,
    /// The module's absolute path.
    pub module: PathBuf,
}

impl Standing {
    /// One policy for all.
    pub fn of(policy: Policy, attachments: Vec<Attached>, resources: Vec<Resource>) -> Standing {
        let policy = Arc::new(policy);
        let (attachments, resources) = (Arc::new(attachments), Arc::new(resources));
        Standing { edges: policy.clone(), mesh: policy, attachments, resources }
    }

    /// What people know it by.
    pub fn revision(&self) -> String {
        self.mesh.revision.to_string()
    }

    /// All of it, each filter for those that it is for.
    pub fn offer(&self) -> Offer {
        let filters = self.attachments.iter().map(|attached| attached.filter(self.policy_of(attached))).collect();
        Offer::new(self.revision(), self.resources.iter().cloned(), filters)
    }

    /// A problem if a filter would not read it.
    pub fn check_size(&self) -> Result<(), Failure> {
        let max = limits::POLICY_BYTES_MAX + ENVELOPE_BYTES_MAX;
        for attached in self.attachments.iter() {
            let found = self.policy_of(attached).envelope(&attached.file.attachment).len();
            if found > max {
                let name = &attached.name;
                return Err(Failure::Use(format!(
                    "the policy takes {found} bytes on the wire to {name}; filters read at most {max}"
                )));
            }
        }
        Ok(())
    }

    fn policy_of(&self, attached: &Attached) -> &Policy {
        if attached.file.attachment.role == Role::Edge { &self.edges } else { &self.mesh }
    }
}

impl Attached {
    fn filter(&self, policy: &Policy) -> Filter {
        let vm_id = self.file.attachment.vm_id(&format!("weir.{}", self.name));
        let envelope = policy.envelope(&self.file.attachment);
        let resource = filter::resource(&self.name, &vm_id, &self.module.to_string_lossy(), &envelope);
        Filter { nodes: self.nodes.clone(), label: policy.revision.to_string(), resource: Arc::new(resource) }
    }
}
