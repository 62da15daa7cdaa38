//! An existing object of Istio: whose it is, what it says, and who sees it.

use weir_policy::{Problems, Spanned, Value, codes};

use super::node::{child, list};
use super::place::Place;
use crate::istio::host_name::full_name;

/// An object of Istio.
pub(super) struct Object {
    pub kind: &'static str,
    pub name: String,
    pub namespace: String,
    /// The domain of the services that it names in short.
    pub domain: String,
    pub spec: Spanned,
    pub place: Place,
}

impl Object {
    /// The full name of a host that it names.
    pub fn full_name(&self, host: &str) -> String {
        full_name(host, &self.namespace, &self.domain)
    }

    /// Its name and its file, for problems of another object.
    pub fn called(&self) -> String {
        format!("{} of {}", self.name, self.place.alone.name)
    }

    /// The namespaces that see it by its `exportTo`; `None` where all do.
    pub fn seen_by(&self) -> Option<Vec<&str>> {
        let export = child(&self.spec, "exportTo")?;
        let names = list(Some(export)).iter().filter_map(|node| match &node.value {
            Value::Str(name) if name == "." => Some(self.namespace.as_str()),
            Value::Str(name) => Some(name.as_str()),
            _ => None,
        });
        let names: Vec<&str> = names.collect();
        (!names.contains(&"*")).then_some(names)
    }

    /// Reports it as such, or a field of its spec.
    pub fn refuse(&self, fields: &[&str], message: String, problems: &mut Problems) {
        self.place.refuse(&[], fields, self.said(message), problems);
    }

    /// Reports its name.
    pub fn refuse_name(&self, message: String, problems: &mut Problems) {
        let message = self.said(message);
        self.place.within(problems, |root, problems| {
            problems.add(codes::CONFLICT, &root.key("metadata").key("name"), message);
        });
    }

    /// Reports an entry of one of its lists, or a field of that.
    pub fn refuse_in(&self, list: &str, index: usize, fields: &[&str], message: String, problems: &mut Problems) {
        self.place.refuse(&[(list, index)], fields, self.said(message), problems);
    }

    fn said(&self, message: String) -> String {
        format!("{} {}: {message}", self.kind, self.name)
    }
}
