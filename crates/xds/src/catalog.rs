//! The catalog: what all Envoys are to have, resources for everybody and filters each for some.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{FilterLabel, Node, Nodes, Resource, Snapshot};

/// An immutable set of resources for everybody, and of filters for some.
#[derive(Debug)]
pub struct Catalog {
    shared: Snapshot,
    filters: Vec<Filter>,
    /// The names of all filters, whoever gets them.
    filter_names: Arc<BTreeSet<String>>,
    /// Snapshots made so far, by the places of their filters: all nodes that get the same filters share one.
    snapshots: Mutex<HashMap<Vec<usize>, Arc<Snapshot>>>,
}

/// A filter, and who gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Who gets it.
    pub nodes: Nodes,
    /// What its configuration is known by.
    pub label: FilterLabel,
    /// The ECDS resource.
    pub resource: Arc<Resource>,
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Catalog) -> bool {
        (&self.shared, &self.filters) == (&other.shared, &other.filters)
    }
}

impl Catalog {
    /// These resources for everybody under this label, and these filters for some.
    pub fn new(
        label: impl Into<Arc<str>>,
        shared: impl IntoIterator<Item = Resource>,
        filters: Vec<Filter>,
    ) -> Catalog {
        let shared = Snapshot::new(label, shared);
        let names = filters.iter().map(|filter| &filter.resource.name).chain(shared.filters().keys());
        let filter_names = Arc::new(names.cloned().collect());
        Catalog { shared, filters, filter_names, snapshots: Mutex::default() }
    }

    /// The label of the whole, opaque here.
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

    /// The names of all filters, whoever gets them.
    pub(crate) fn filter_names(&self) -> &Arc<BTreeSet<String>> {
        &self.filter_names
    }

    /// The snapshot of this node. Of several filters with one name that match a node it gets none: nobody could say which of
    /// them it should run.
    pub fn snapshot(&self, node: &Node) -> Arc<Snapshot> {
        let matching = self.filters.iter().enumerate().filter(|(_, filter)| filter.nodes.include(node));
        let matching: Vec<usize> = matching.map(|(place, _)| place).collect();
        let mut snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        snapshots.entry(matching).or_insert_with_key(|places| Arc::new(self.with(places))).clone()
    }

    fn with(&self, places: &[usize]) -> Snapshot {
        let mut met = BTreeSet::new();
        let mut clashes = BTreeSet::new();
        let mut matching: Vec<&Filter> = places.iter().filter_map(|place| self.filters.get(*place)).collect();
        for filter in &matching {
            if !met.insert(&filter.resource.name) {
                clashes.insert(filter.resource.name.clone());
            }
        }
        matching.retain(|filter| !clashes.contains(&filter.resource.name));
        let labels: BTreeSet<&str> = matching.iter().map(|filter| &*filter.label.label).collect();
        let label = if labels.is_empty() { self.label().into() } else { Vec::from_iter(labels).join("+").into() };
        let filters = matching.into_iter().map(|filter| (filter.label.clone(), filter.resource.clone()));
        self.shared.with_filters(label, filters, clashes)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Attribute, NodeMatch, ResourceKind};

    fn resource(kind: ResourceKind, name: &str) -> Resource {
        Resource { kind, name: name.into(), version: "v1".into(), body: Bytes::new() }
    }

    fn filter(name: &str, label: &str, nodes: Nodes) -> Filter {
        Filter { nodes, label: labelled(label), resource: Arc::new(resource(ResourceKind::Extension, name)) }
    }

    fn labelled(label: &str) -> FilterLabel {
        FilterLabel { label: label.into(), mark: "m".into() }
    }

    fn cluster(pattern: NodeMatch) -> Nodes {
        Nodes::default().and(Attribute::Cluster, vec![pattern])
    }

    #[test]
    fn an_envoy_with_filters_of_two_labels_knows_which_has_which() {
        let filters = [("weir.edge", "r2"), ("weir.mesh", "r1")];
        let catalog = Catalog::new("r2", [], filters.map(|(name, label)| filter(name, label, Nodes::default())).into());
        let snapshot = catalog.snapshot(&Node::default());
        assert_eq!(&**snapshot.label(), "r1+r2");
        assert_eq!(**snapshot.filters(), filters.map(|(name, label)| (name.to_owned(), labelled(label))).into());
    }

    #[test]
    fn each_envoy_gets_its_filters_and_what_everybody_gets() {
        let edge = cluster(NodeMatch::Exact("edge".into()));
        let mesh = cluster(NodeMatch::Prefix("mesh".into()));
        let catalog = Catalog::new(
            "r2",
            [resource(ResourceKind::Cluster, "c")],
            vec![
                filter("weir.edge", "r1", edge),
                filter("weir.mesh", "r2", mesh.clone()),
                filter("weir.in", "r2", mesh),
                filter("weir.two", "r2", cluster(NodeMatch::Prefix("mesh-".into()))),
                filter("weir.two", "r2", cluster(NodeMatch::Prefix("mesh-x".into()))),
            ],
        );
        let table: [(&str, &str, &[&str], &[&str]); 4] = [
            ("edge", "r1", &["weir.edge"], &[]),
            ("mesh-1", "r2", &["weir.in", "weir.mesh", "weir.two"], &[]),
            ("mesh-x1", "r2", &["weir.in", "weir.mesh"], &["weir.two"]),
            ("other", "r2", &[], &[]),
        ];
        for (cluster, label, names, clashes) in table {
            let snapshot = catalog.snapshot(&Node { cluster: cluster.into(), ..Default::default() });
            let filters = snapshot.table(ResourceKind::Extension).iter();
            assert_eq!(filters.map(|filter| filter.name.as_str()).collect::<Vec<_>>(), names, "{cluster}");
            let all_labelled = names.iter().map(|name| ((*name).to_owned(), labelled(label))).collect();
            assert_eq!(**snapshot.filters(), all_labelled, "{cluster}");
            assert_eq!(
                (&**snapshot.label(), snapshot.table(ResourceKind::Cluster).iter().count()),
                (label, 1),
                "{cluster}"
            );
            assert_eq!(snapshot.clashes().collect::<Vec<_>>(), clashes, "{cluster}");
            for name in clashes {
                assert!(!snapshot.lacks(ResourceKind::Extension, name) && snapshot.lacks(ResourceKind::Cluster, name));
            }
            assert!(snapshot.lacks(ResourceKind::Extension, "weir.none"));
        }
    }
}
