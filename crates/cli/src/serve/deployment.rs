//! What stands at edges and in the mesh at one moment, as an offer is made of it.

use std::path::PathBuf;
use std::sync::Arc;

use weir_policy::{AttachmentFile, ENVELOPE_BYTES_MAX, Module, Role, limits};
use weir_render::FilterSpec;
use weir_xds::{Catalog, Filter, Nodes, Resource, ResourceKind, version};

use crate::load::Policy;
use crate::problems::Failure;
use crate::state_dir::DeployedRevisions;

/// What those that decide have, what all others have, which is of one policy but during a push, and what else is served.
#[derive(Clone)]
pub struct Deployment {
    /// Attachments that decide.
    pub edges: Tier,
    /// All others.
    pub mesh: Tier,
    /// For everybody.
    pub resources: Arc<Vec<Resource>>,
}

/// A policy, and where it is put. The two change together: an old policy might not have what a new attachment asks for.
#[derive(Clone)]
pub struct Tier {
    /// What its filters decide or follow by.
    pub policy: Arc<Policy>,
    /// Where they are put.
    pub attachments: Arc<Vec<AttachedFilter>>,
}

/// An attachment that can be served.
#[derive(PartialEq)]
pub struct AttachedFilter {
    /// What is written.
    pub file: AttachmentFile,
    /// Its filter is `weir.NAME`.
    pub name: String,
    /// Whom it is for.
    pub nodes: Nodes,
    /// The module's absolute path.
    pub module: PathBuf,
}

impl Deployment {
    /// One policy for all.
    pub fn of(policy: Policy, attachments: Vec<AttachedFilter>, resources: Vec<Resource>) -> Deployment {
        let policy = Arc::new(policy);
        let decides = |attached: &AttachedFilter| attached.file.attachment.role == Role::Edge;
        let [edges, mesh] =
            <[_; 2]>::from(attachments.into_iter().partition(decides)).map(|attachments: Vec<AttachedFilter>| Tier {
                policy: policy.clone(),
                attachments: Arc::new(attachments),
            });
        Deployment { edges, mesh, resources: Arc::new(resources) }
    }

    /// What people know it by.
    pub fn revision(&self) -> String {
        self.mesh.policy.revision.to_string()
    }

    /// The revisions of both tiers.
    pub fn revisions(&self) -> DeployedRevisions {
        let [edges, mesh] = [&self.edges, &self.mesh].map(|tier| tier.policy.revision.to_string());
        DeployedRevisions { edges, mesh }
    }

    /// All of it, each filter for those that it is for.
    pub fn offer(&self) -> Catalog {
        let filters = [&self.edges, &self.mesh].into_iter().flat_map(Tier::filters).collect();
        Catalog::new(self.revision(), self.resources.iter().cloned(), filters)
    }

    /// A problem if a filter would not read it.
    pub fn check_size(&self) -> Result<(), Failure> {
        [&self.edges, &self.mesh].into_iter().try_for_each(Tier::check_size)
    }
}

impl Tier {
    /// The same attachments by another policy.
    #[must_use]
    pub fn with(&self, policy: Arc<Policy>) -> Tier {
        Tier { policy, attachments: self.attachments.clone() }
    }

    fn filters(&self) -> impl Iterator<Item = Filter> {
        self.attachments.iter().map(|attached| attached.filter(&self.policy))
    }

    fn check_size(&self) -> Result<(), Failure> {
        let max = limits::POLICY_BYTES_MAX + ENVELOPE_BYTES_MAX;
        for attached in self.attachments.iter() {
            let found = self.policy.envelope(&attached.file.attachment).len();
            if found > max {
                let name = &attached.name;
                return Err(Failure::Usage(format!(
                    "the policy takes {found} bytes on the wire to {name}; filters read at most {max}"
                )));
            }
        }
        Ok(())
    }
}

impl PartialEq for Tier {
    fn eq(&self, other: &Tier) -> bool {
        (&self.policy.revision, &self.attachments) == (&other.policy.revision, &other.attachments)
    }
}

impl AttachedFilter {
    fn filter(&self, policy: &Policy) -> Filter {
        let module = Module::File(self.module.to_string_lossy().into_owned());
        let envelope = policy.envelope(&self.file.attachment);
        let spec = FilterSpec::new(&self.name, &self.file.attachment, &module, &envelope);
        let body = spec.to_proto();
        let (kind, name, version) = (ResourceKind::Extension, spec.resource_name(), version(&body));
        let resource = Resource { kind, name, version, body: body.into() };
        Filter { nodes: self.nodes.clone(), label: policy.revision.to_string(), resource: Arc::new(resource) }
    }
}
