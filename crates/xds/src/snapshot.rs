//! The snapshot: what one node is to have, an immutable set of resources with their versions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use murmur3::murmur3_x64_128;

use crate::ResourceKind;

/// A resource. Two of the same kind, name and version are equal: a client that has one is not sent the other.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The kind.
    pub kind: ResourceKind,
    /// The name clients subscribe to.
    pub name: String,
    /// Equal for equal content.
    pub version: String,
    /// The encoded message.
    pub body: Bytes,
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        // Bodies may differ where the content does not: protobuf's maps have no order.
        (self.kind, &self.name, &self.version) == (other.kind, &other.name, &other.version)
    }
}

/// The version of some content: 16 hex digits.
pub fn version(content: &[u8]) -> String {
    let mut rest = content;
    // Reading from memory cannot fail; the crate's signature only allows for sources that do.
    let hash = murmur3_x64_128(&mut rest, 0).unwrap_or_default();
    format!("{:016x}", hash as u64)
}

/// The labels of filters, by name.
pub type Labels = BTreeMap<String, FilterLabel>;

/// What a filter's configuration is known by, opaque here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterLabel {
    /// Its label, which that of a snapshot is made of.
    pub label: Arc<str>,
    /// Another one, which tells apart what has the same label; empty for none.
    pub mark: Arc<str>,
}

/// An immutable set of resources under a label, by which people know it and of which nothing is known here. Sets share what
/// they have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    label: Arc<str>,
    tables: BTreeMap<ResourceKind, Arc<Table>>,
    filters: Arc<Labels>,
    clashes: BTreeSet<String>,
}

impl Snapshot {
    /// A set of these resources; of two with the same kind and name the later counts. The label is reported with each
    /// answer of a client and is never sent.
    pub fn new(label: impl Into<Arc<str>>, resources: impl IntoIterator<Item = Resource>) -> Self {
        let mut tables = BTreeMap::from(ResourceKind::ALL.map(|kind| (kind, BTreeMap::new())));
        for resource in resources {
            tables.entry(resource.kind).or_default().insert(resource.name.clone(), Arc::new(resource));
        }
        let label = label.into();
        let own = FilterLabel { label: label.clone(), mark: Arc::default() };
        let filters = tables[&ResourceKind::Extension].keys().map(|name| (name.clone(), own.clone())).collect();
        let tables = tables.into_iter().map(|(kind, table)| (kind, Arc::new(Table::new(table)))).collect();
        Snapshot { label, tables, filters: Arc::new(filters), clashes: BTreeSet::new() }
    }

    /// This set under another label and with these filters besides, each under its own. Of filters in `clashes` a client
    /// is told nothing, neither that they exist nor that they are gone.
    pub(crate) fn with_filters(
        &self,
        label: Arc<str>,
        filters: impl IntoIterator<Item = (FilterLabel, Arc<Resource>)>,
        clashes: BTreeSet<String>,
    ) -> Snapshot {
        let mut tables = self.tables.clone();
        let mut all = self.table(ResourceKind::Extension).resources.clone();
        let mut labels = Labels::clone(&self.filters);
        for (label, filter) in filters {
            labels.insert(filter.name.clone(), label);
            all.insert(filter.name.clone(), filter);
        }
        tables.insert(ResourceKind::Extension, Arc::new(Table::new(all)));
        Snapshot { label, tables, filters: Arc::new(labels), clashes }
    }

    /// The label.
    pub fn label(&self) -> &Arc<str> {
        &self.label
    }

    /// The labels of its filters.
    pub fn filters(&self) -> &Arc<Labels> {
        &self.filters
    }

    /// The resources of one kind.
    pub fn table(&self, kind: ResourceKind) -> &Table {
        &self.tables[&kind]
    }

    /// The names that several filters for this node have; it gets none of them.
    pub fn clashes(&self) -> impl Iterator<Item = &str> {
        self.clashes.iter().map(String::as_str)
    }

    /// Whether a client that asks for the name is to be told that it does not exist.
    pub(crate) fn lacks(&self, kind: ResourceKind, name: &str) -> bool {
        let unsaid = kind == ResourceKind::Extension && self.clashes.contains(name);
        !unsaid && self.table(kind).get(name).is_none()
    }

    /// How many resources there are in all.
    pub fn size(&self) -> usize {
        self.tables.values().map(|table| table.resources.len()).sum()
    }
}

/// The resources of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    version: String,
    resources: BTreeMap<String, Arc<Resource>>,
}

impl Table {
    fn new(resources: BTreeMap<String, Arc<Resource>>) -> Self {
        let mut all = String::new();
        for (name, resource) in &resources {
            all.extend([name, "\0", &resource.version, "\0"]);
        }
        Table { version: version(all.as_bytes()), resources }
    }

    /// Equal for equal names and versions.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The resource of this name.
    pub fn get(&self, name: &str) -> Option<&Resource> {
        self.resources.get(name).map(Arc::as_ref)
    }

    /// Every resource, by name, to be kept.
    pub(crate) fn shared(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources.values()
    }

    /// Every resource, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values().map(Arc::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(name: &str, content: &str) -> Resource {
        Resource {
            kind: ResourceKind::Cluster,
            name: name.into(),
            version: version(content.as_bytes()),
            body: Bytes::copy_from_slice(content.as_bytes()),
        }
    }

    #[test]
    fn versions_follow_content_and_nothing_else() {
        let base = Snapshot::new("one", [cluster("a", "1"), cluster("b", "2")]);
        let table: [(&str, bool, Vec<Resource>); 6] = [
            ("order", true, vec![cluster("b", "2"), cluster("a", "1")]),
            ("the later of two", true, vec![cluster("a", "0"), cluster("b", "2"), cluster("a", "1")]),
            ("content", false, vec![cluster("a", "1"), cluster("b", "3")]),
            ("name", false, vec![cluster("a", "1"), cluster("c", "2")]),
            ("swapped content", false, vec![cluster("a", "2"), cluster("b", "1")]),
            ("one less", false, vec![cluster("a", "1")]),
        ];
        for (what, same, resources) in table {
            let other = Snapshot::new("one", resources);
            assert_eq!(base == other, same, "{what}");
            let [base, other] = [&base, &other].map(|snapshot| snapshot.table(ResourceKind::Cluster).version());
            assert_eq!(base == other, same, "{what}");
        }
    }

    #[test]
    fn a_version_is_16_hex_digits_that_never_change() {
        // Of two replicas built apart, one must recognise what the other sent.
        assert_eq!(version(b""), "0000000000000000");
        assert_eq!(version(b"L:checkout:0:user-1"), "6ae335409fec02af");
    }

    #[test]
    fn kinds_have_tables_of_their_own() {
        let snapshot = Snapshot::new("label", [cluster("a", "1")]);
        assert_eq!(&**snapshot.label(), "label");
        assert_eq!(snapshot.size(), 1);
        assert_eq!(snapshot.table(ResourceKind::Listener).iter().count(), 0);
        assert_eq!(snapshot.table(ResourceKind::Cluster).get("a"), Some(&cluster("a", "1")));
    }
}
