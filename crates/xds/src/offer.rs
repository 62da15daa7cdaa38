//! What all Envoys are to have at one moment: resources for everybody, and filters each for some.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{Node, Nodes, Resource, Snapshot};

/// An immutable set of resources for everybody, and of filters for some.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    shared: Snapshot,
    filters: Vec<Filter>,
}

/// A filter, and who gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Who gets it.
    pub nodes: Nodes,
    /// What people know its configuration by: the policy's revision.
    pub label: String,
    /// What is served.
    pub resource: Arc<Resource>,
}

impl Offer {
    /// These resources for everybody under this label, and these filters for some.
    pub fn new(label: impl Into<String>, shared: impl IntoIterator<Item = Resource>, filters: Vec<Filter>) -> Offer {
        Offer { shared: Snapshot::new(label, shared), filters }
    }

    /// What people know all of it by: the policy's revision.
    pub fn label(&self) -> &str {
        self.shared.label()
    }

    /// How many resources there are in all.
    pub fn size(&self) -> usize {
        self.shared.size() + self.filters.len()
    }

    /// The filters, in their order.
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// What this Envoy is to have. A name that several filters have for it is none of them: nobody could say which of
    /// two attachments decides.
    pub fn snapshot(&self, node: &Node) -> Snapshot {
        let mut met = BTreeSet::new();
        let mut clashes = BTreeSet::new();
        let mut matching: Vec<&Filter> = self.filters.iter().filter(|filter| filter.nodes.include(node)).collect();
        for filter in &matching {
            if !met.insert(&filter.resource.name) {
                clashes.insert(filter.resource.name.clone());
            }
        }
        matching.retain(|filter| !clashes.contains(&filter.resource.name));
        let labels: BTreeSet<&str> = matching.iter().map(|filter| filter.label.as_str()).collect();
        let label = if labels.is_empty() { self.label().to_owned() } else { Vec::from_iter(labels).join("+") };
        self.shared.with_filters(label, matching.into_iter().map(|filter| filter.resource.clone()), clashes)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Attribute, Kind, Pattern};

    fn resource(kind: Kind, name: &str) -> Resource {
        Resource { kind, name: name.into(), version: "v1".into(), body: Bytes::new() }
    }

    fn filter(name: &str, label: &str, nodes: Nodes) -> Filter {
        Filter { nodes, label: label.into(), resource: Arc::new(resource(Kind::Extension, name)) }
    }

    fn cluster(pattern: Pattern) -> Nodes {
        Nodes::default().and(Attribute::Cluster, vec![pattern])
    }

    #[test]
    fn each_envoy_gets_its_filters_and_what_everybody_gets() {
        let edge = cluster(Pattern::Exact("edge".into()));
        let mesh = cluster(Pattern::Prefix("mesh".into()));
        let offer = Offer::new(
            "r2",
            [resource(Kind::Cluster, "c")],
            vec![
                filter("weir.edge", "r1", edge),
                filter("weir.mesh", "r2", mesh.clone()),
                filter("weir.in", "r2", mesh),
                filter("weir.two", "r2", cluster(Pattern::Prefix("mesh-".into()))),
                filter("weir.two", "r2", cluster(Pattern::Prefix("mesh-x".into()))),
            ],
        );
        let table: [(&str, &str, &[&str], &[&str]); 4] = [
            ("edge", "r1", &["weir.edge"], &[]),
            ("mesh-1", "r2", &["weir.in", "weir.mesh", "weir.two"], &[]),
            ("mesh-x1", "r2", &["weir.in", "weir.mesh"], &["weir.two"]),
            ("other", "r2", &[], &[]),
        ];
        for (cluster, label, names, clashes) in table {
            let snapshot = offer.snapshot(&Node { cluster: cluster.into(), ..Default::default() });
            let filters = snapshot.table(Kind::Extension).iter();
            assert_eq!(filters.map(|filter| filter.name.as_str()).collect::<Vec<_>>(), names, "{cluster}");
            assert_eq!((snapshot.label(), snapshot.table(Kind::Cluster).iter().count()), (label, 1), "{cluster}");
            assert_eq!(snapshot.clashes().collect::<Vec<_>>(), clashes, "{cluster}");
            for name in clashes {
                assert!(!snapshot.lacks(Kind::Extension, name) && snapshot.lacks(Kind::Cluster, name));
            }
            assert!(snapshot.lacks(Kind::Extension, "weir.none"));
        }
    }
}
