//! Envoy warms a changed cluster until its endpoints come once more, and gives up after 15 s (1.40, both forms of xDS). So
//! endpoints count as changed whenever a cluster that uses them has.

use std::collections::{BTreeMap, BTreeSet};

use envoy_types::pb::envoy::config::cluster::v3::Cluster;
use prost::Message;
use weir_xds::{Resource, ResourceKind, version};

/// Makes the versions of endpoints depend on those of the clusters that use them.
pub(crate) fn follow_clusters(resources: &mut [Resource]) {
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for cluster in resources.iter().filter(|resource| resource.kind == ResourceKind::Cluster) {
        if let Some(endpoints) = endpoints_of(cluster) {
            users.entry(endpoints).or_default().insert(cluster.version.clone());
        }
    }
    for endpoints in resources.iter_mut().filter(|resource| resource.kind == ResourceKind::Endpoints) {
        for user in users.get(&endpoints.name).into_iter().flatten() {
            endpoints.version = version(format!("{}{user}", endpoints.version).as_bytes());
        }
    }
}

/// The name by which a cluster asks for its endpoints.
fn endpoints_of(resource: &Resource) -> Option<String> {
    let cluster = Cluster::decode(resource.body.clone()).ok()?;
    let service = cluster.eds_cluster_config?.service_name;
    Some(if service.is_empty() { cluster.name } else { service })
}
