//! A deployment: what edges and the mesh have at one moment, and the catalog of it.

use std::path::PathBuf;
use std::sync::Arc;

use weir_policy::{Attachment, Checked, Module, Origin, Role};
use weir_release::evidence::Experiments;
use weir_render::FilterSpec;
use weir_xds::{Catalog, Filter, FilterLabel, Nodes, Resource, ResourceKind, version};

use super::counting::Counting;
use super::progress::PartRevision;
use super::pushes::Pushed;
use crate::effective::Effective;
use crate::fit;
use crate::state_dir::DeployedRevisions;

/// A policy at edges and one in the mesh, which differ only during a rollout, and Envoy resources for everybody.
#[derive(Clone)]
pub struct Deployment {
    /// Attachments that decide.
    pub edges: Tier,
    /// All others.
    pub mesh: Tier,
    /// Envoy resources, for everybody.
    pub resources: Arc<Vec<Resource>>,
    /// What people wrote that this comes of, or is on its way to.
    pub written: Arc<Checked>,
}

/// A policy, and the filters that have it. The two change together: an old policy might not have what a new attachment asks
/// for.
#[derive(Clone)]
pub struct Tier {
    /// The policy that its filters decide or follow by.
    pub policy: Arc<Checked>,
    /// The number of the change of what releases add to it.
    pub push: u64,
    /// The filters.
    pub filters: Arc<Vec<AttachedFilter>>,
}

/// An attachment that can be served.
#[derive(PartialEq)]
pub struct AttachedFilter {
    /// What it does.
    pub attachment: Attachment,
    /// Its filter is `weir.NAME`.
    pub name: String,
    /// Where `weir render` has the same filter take its policy from, if the file says it.
    pub origin: Option<Origin>,
    /// The nodes that it is for.
    pub nodes: Nodes,
    /// Where the module lies, as the attachment says it.
    pub wasm: Option<Module>,
    /// The absolute path of the module.
    pub module: PathBuf,
}

impl Deployment {
    /// One policy for both tiers.
    pub fn of(effective: Effective, filters: Vec<AttachedFilter>, resources: Arc<Vec<Resource>>) -> Deployment {
        let Effective { written, policy, push } = effective;
        let decides = |filter: &AttachedFilter| filter.attachment.role == Role::Edge;
        let [edges, mesh] = <[Vec<AttachedFilter>; 2]>::from(filters.into_iter().partition(decides))
            .map(|filters| Tier { policy: policy.clone(), push, filters: Arc::new(filters) });
        Deployment { edges, mesh, resources, written }
    }

    /// The same attachments and resources with another policy.
    #[must_use]
    pub fn with(&self, effective: &Effective) -> Deployment {
        let Effective { written, policy, push } = effective;
        let [edges, mesh] = [&self.edges, &self.mesh].map(|tier| tier.with(policy.clone(), *push));
        Deployment { edges, mesh, resources: self.resources.clone(), written: written.clone() }
    }

    /// The revision that Envoys know it by.
    pub fn revision(&self) -> String {
        self.mesh.policy.revision.to_string()
    }

    /// The revisions of the parts of the policy that the filters hold which do not decide, and may be had without a server too,
    /// sorted.
    pub fn without_server(&self) -> Vec<PartRevision> {
        let Tier { policy, filters, .. } = &self.mesh;
        let of_filter = |filter: &AttachedFilter| PartRevision {
            attachment: filter.name.clone(),
            revision: policy.part(&filter.attachment).revision.to_string(),
        };
        let elsewhere = filters.iter().filter(|filter| filter.origin != Some(Origin::Server));
        let mut all: Vec<PartRevision> = elsewhere.map(of_filter).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What edges count by it for releases.
    pub fn counting(&self) -> Counting {
        let Tier { policy, filters, .. } = &self.edges;
        Counting {
            experiments: Experiments::counted(&policy.model),
            known: Experiments::on_pool_lines(&policy.model),
            edges: filters.iter().map(|filter| (filter.name.clone(), filter.nodes.clone())).collect(),
        }
    }

    /// The number of its resources, filters included.
    pub fn size(&self) -> usize {
        self.resources.len() + self.edges.filters.len() + self.mesh.filters.len()
    }

    /// The revisions of both tiers.
    pub fn revisions(&self) -> DeployedRevisions {
        let [edges, mesh] = [&self.edges, &self.mesh].map(|tier| tier.policy.revision.to_string());
        DeployedRevisions { edges, mesh, edges_push: self.edges.push, mesh_push: self.mesh.push }
    }

    /// The push numbers of both tiers.
    pub fn pushed(&self) -> Pushed {
        Pushed { edges: self.edges.push, mesh: self.mesh.push }
    }

    /// The catalog of it: each filter for the nodes that it is for.
    pub fn catalog(&self) -> Catalog {
        let beside = fit::beside(&self.resources);
        let filters = [&self.edges, &self.mesh].into_iter().flat_map(|tier| tier.served(&beside)).collect();
        Catalog::new(self.revision(), self.resources.iter().cloned(), filters)
    }
}

impl Tier {
    /// The same filters by another policy.
    #[must_use]
    pub fn with(&self, policy: Arc<Checked>, push: u64) -> Tier {
        Tier { policy, push, filters: self.filters.clone() }
    }

    fn served(&self, beside: &[String]) -> impl Iterator<Item = Filter> {
        self.filters.iter().map(|filter| filter.resource(&self.policy, beside))
    }
}

impl PartialEq for Deployment {
    fn eq(&self, other: &Deployment) -> bool {
        self.written.revision == other.written.revision
            && (&self.edges, &self.mesh, &self.resources) == (&other.edges, &other.mesh, &other.resources)
    }
}

impl PartialEq for Tier {
    fn eq(&self, other: &Tier) -> bool {
        (&self.policy.revision, self.push, &self.filters) == (&other.policy.revision, other.push, &other.filters)
    }
}

impl AttachedFilter {
    /// The filter with its policy, for those that it is for; it tells of the resources beside it whether they are the same.
    fn resource(&self, policy: &Checked, beside: &[String]) -> Filter {
        let module = Module::File(self.module.to_string_lossy().into_owned());
        let attachment = self.attachment.with_offer(self.wasm.as_ref(), beside);
        let envelope = policy.envelope(&attachment);
        let spec = FilterSpec::new(&self.name, &self.attachment, &module, &envelope);
        let body = spec.to_proto();
        let (kind, name, version) = (ResourceKind::Extension, spec.resource_name(), version(&body));
        let resource = Resource { kind, name, version, body: body.into() };
        let mark = attachment.offer.map(|offer| offer.to_string()).unwrap_or_default().into();
        let label = FilterLabel { label: policy.revision.to_string().into(), mark };
        Filter { nodes: self.nodes.clone(), label, resource: Arc::new(resource) }
    }
}
