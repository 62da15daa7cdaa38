//! An existing DestinationRule, as far as it matters for adding subsets.

use weir_policy::{Entry, Problems, Spanned, Value};

use super::node::{child, list, text};
use super::object::Object;
use crate::istio::host_name::covers;
use crate::istio::labels::Labels;

/// A DestinationRule.
pub(super) struct DestinationRule {
    object: Object,
    /// The full name of the host that it is for.
    pub host: String,
    pub subsets: Vec<Subset>,
}

/// A subset of an existing DestinationRule.
pub(super) struct Subset {
    pub name: String,
    pub labels: Labels,
    pub node: Spanned,
}

impl DestinationRule {
    /// Reads one; none that is for no host.
    pub fn read(object: Object) -> Option<DestinationRule> {
        let host = object.full_name(text(&object.spec, "host"));
        let subset = |node: &Spanned| Subset {
            name: text(node, "name").to_owned(),
            labels: labels(child(node, "labels")),
            node: node.clone(),
        };
        let subsets = list(child(&object.spec, "subsets")).iter().map(subset).collect();
        (!text(&object.spec, "host").is_empty()).then_some(DestinationRule { object, host, subsets })
    }

    /// Whether its host is a wildcard in which a service is.
    pub fn covers(&self, service: &str) -> bool {
        covers(&self.host, service)
    }

    pub fn object(&self) -> &Object {
        &self.object
    }

    pub fn name(&self) -> &str {
        &self.object.name
    }

    pub fn namespace(&self) -> &str {
        &self.object.namespace
    }

    /// Its spec, as it is written.
    pub fn spec(&self) -> &Spanned {
        &self.object.spec
    }

    /// The key of its subsets with what stands behind it, if it has the key.
    pub fn subsets_entry(&self) -> Option<&Entry> {
        let Value::Map(entries) = &self.object.spec.value else { return None };
        entries.iter().find(|entry| entry.key == "subsets")
    }

    /// The namespaces that see it; `None` where all do.
    pub fn seen_by(&self) -> Option<Vec<&str>> {
        self.object.seen_by()
    }

    /// Whether it is for some callers alone.
    pub fn has_selector(&self) -> bool {
        child(&self.object.spec, "workloadSelector").is_some()
    }

    /// Reports the rule as such, or a field of it.
    pub fn refuse(&self, fields: &[&str], message: String, problems: &mut Problems) {
        self.object.refuse(fields, message, problems);
    }

    /// Reports a subset of it.
    pub fn refuse_subset(&self, index: usize, message: String, problems: &mut Problems) {
        self.object.refuse_in("subsets", index, &[], message, problems);
    }
}

fn labels(node: Option<&Spanned>) -> Labels {
    let Some(Value::Map(entries)) = node.map(|node| &node.value) else { return Labels::new() };
    let value = |entry: &Entry| match &entry.node.value {
        Value::Str(text) => text.clone(),
        other => other.describe(),
    };
    entries.iter().map(|entry| (entry.key.clone(), value(entry))).collect()
}
