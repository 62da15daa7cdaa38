//! Which Envoys something is for: patterns on what an Envoy says of itself.

use std::collections::BTreeMap;

use envoy_types::pb::envoy::config::core::v3::node::UserAgentVersionType;
use envoy_types::pb::google::protobuf::value::Kind as Value;

use crate::Node;

/// Envoys of which each attribute that is asked for fits one of its patterns. Without any, every Envoy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nodes(BTreeMap<Attribute, Vec<Pattern>>);

/// Something that an Envoy says of itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// `node.id`.
    Id,
    /// `node.cluster`.
    Cluster,
    /// `node.locality.region`.
    Region,
    /// `node.locality.zone`.
    Zone,
    /// `node.locality.sub_zone`.
    SubZone,
    /// The value below these keys of `node.metadata`: a text, a boolean or a whole number, each as text.
    Metadata(Vec<String>),
}

/// A text, or how one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This text.
    Exact(String),
    /// Every text that begins so.
    Prefix(String),
}

impl Nodes {
    /// Asks one more attribute for one of these patterns.
    #[must_use]
    pub fn and(mut self, attribute: Attribute, patterns: Vec<Pattern>) -> Nodes {
        self.0.insert(attribute, patterns);
        self
    }

    /// Whether this Envoy is one of them. What it says nothing of is the empty text.
    pub fn include(&self, node: &Node) -> bool {
        self.0.iter().all(|(attribute, patterns)| {
            let said = attribute.of(node);
            patterns.iter().any(|pattern| pattern.fits(&said))
        })
    }

    /// Whether both can be seen to hold the same Envoy: one asks for no attribute that the other does not ask for, and
    /// nothing that both ask for keeps them apart. Where each asks for something of its own, only an Envoy can tell.
    pub fn overlap(&self, other: &Nodes) -> bool {
        let all_in = |one: &Nodes, other: &Nodes| one.0.keys().all(|attribute| other.0.contains_key(attribute));
        let meet = |(attribute, patterns): (&Attribute, &Vec<Pattern>)| {
            let others = other.0.get(attribute);
            others.is_none_or(|others| patterns.iter().any(|one| others.iter().any(|other| one.meets(other))))
        };
        (all_in(self, other) || all_in(other, self)) && self.0.iter().all(meet)
    }
}

impl Attribute {
    fn of(&self, node: &Node) -> String {
        let locality = |part: fn(&_) -> &String| node.locality.as_ref().map(part).cloned().unwrap_or_default();
        match self {
            Attribute::Id => node.id.clone(),
            Attribute::Cluster => node.cluster.clone(),
            Attribute::Region => locality(|locality| &locality.region),
            Attribute::Zone => locality(|locality| &locality.zone),
            Attribute::SubZone => locality(|locality| &locality.sub_zone),
            Attribute::Metadata(keys) => metadata(node, keys).unwrap_or_default(),
        }
    }
}

/// The value below these keys of an Envoy's metadata, as text.
pub fn metadata(node: &Node, keys: &[impl AsRef<str>]) -> Option<String> {
    let (last, before) = keys.split_last()?;
    let mut fields = &node.metadata.as_ref()?.fields;
    for key in before {
        let Value::StructValue(inner) = fields.get(key.as_ref())?.kind.as_ref()? else { return None };
        fields = &inner.fields;
    }
    match fields.get(last.as_ref())?.kind.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::BoolValue(value) => Some(value.to_string()),
        Value::NumberValue(number) if number.fract() == 0.0 => Some(format!("{number:.0}")),
        _ => None,
    }
}

/// The release that an Envoy says it is, such as `1.40.0`; empty if it does not.
pub fn envoy_version(node: &Node) -> String {
    match &node.user_agent_version_type {
        Some(UserAgentVersionType::UserAgentVersion(text)) => text.clone(),
        Some(UserAgentVersionType::UserAgentBuildVersion(build)) => {
            let version = build.version.as_ref();
            version.map(|it| format!("{}.{}.{}", it.major_number, it.minor_number, it.patch)).unwrap_or_default()
        }
        None => String::new(),
    }
}

impl Pattern {
    fn fits(&self, text: &str) -> bool {
        match self {
            Pattern::Exact(exact) => exact == text,
            Pattern::Prefix(prefix) => text.starts_with(prefix.as_str()),
        }
    }

    /// Whether a text fits both.
    fn meets(&self, other: &Pattern) -> bool {
        match (self, other) {
            (Pattern::Exact(exact), pattern) | (pattern, Pattern::Exact(exact)) => pattern.fits(exact),
            (Pattern::Prefix(one), Pattern::Prefix(other)) => one.starts_with(other) || other.starts_with(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Pattern {
        Pattern::Exact(text.into())
    }

    fn prefix(text: &str) -> Pattern {
        Pattern::Prefix(text.into())
    }

    /// `id=exact|prefix*|…`, separated by blanks; `k.l=…` for metadata.
    fn nodes(text: &str) -> Nodes {
        text.split_whitespace().fold(Nodes::default(), |nodes, part| {
            let (name, patterns) = part.split_once('=').unwrap();
            let attribute = match name {
                "id" => Attribute::Id,
                "cluster" => Attribute::Cluster,
                "region" => Attribute::Region,
                "zone" => Attribute::Zone,
                "sub_zone" => Attribute::SubZone,
                keys => Attribute::Metadata(keys.split('.').map(str::to_owned).collect()),
            };
            let pattern = |text: &str| text.strip_suffix('*').map_or_else(|| exact(text), prefix);
            nodes.and(attribute, patterns.split('|').map(pattern).collect())
        })
    }

    fn node() -> Node {
        use envoy_types::pb::envoy::config::core::v3::Locality;
        use envoy_types::pb::google::protobuf::{Struct, Value as Any};
        let any = |kind| Any { kind: Some(kind) };
        let object = |fields: Vec<(&str, Any)>| Struct {
            fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        };
        let labels = object(vec![("app", any(Value::StringValue("shop".into())))]);
        Node {
            id: "edge-1".into(),
            cluster: "edge".into(),
            locality: Some(Locality { region: "eu".into(), zone: "eu-1".into(), sub_zone: "a".into() }),
            metadata: Some(object(vec![
                ("labels", any(Value::StructValue(labels))),
                ("canary", any(Value::BoolValue(true))),
                ("port", any(Value::NumberValue(9901.0))),
                ("half", any(Value::NumberValue(0.5))),
            ])),
            ..Default::default()
        }
    }

    #[test]
    fn an_envoy_fits_what_it_says_of_itself() {
        let table = [
            ("", true),
            ("id=edge-1", true),
            ("id=edge", false),
            ("id=edge*", true),
            ("id=mesh*|edge-1", true),
            ("id=mesh*|edge-2", false),
            ("cluster=edge region=eu zone=eu-* sub_zone=a", true),
            ("cluster=edge region=us", false),
            ("labels.app=shop", true),
            ("labels.app=owl", false),
            ("labels.version=shop", false),
            ("labels=shop", false),
            ("labels.app.name=shop", false),
            ("canary=true port=9901", true),
            ("canary=yes", false),
            ("half=0.5", false),
            ("nothing=*", true),
        ];
        for (asked, included) in table {
            assert_eq!(nodes(asked).include(&node()), included, "{asked}");
        }
        assert!(!nodes("region=eu").include(&Node::default()));
    }

    #[test]
    fn an_overlap_is_seen_unless_each_asks_for_something_of_its_own() {
        let table = [
            ("", "", true),
            ("", "id=a", true),
            ("id=a", "id=a", true),
            ("id=a", "id=b", false),
            ("id=a|b", "id=b|c", true),
            ("id=edge*", "id=edge-1", true),
            ("id=edge*", "id=mesh-1", false),
            ("id=edge*", "id=edge-*", true),
            ("id=edge*", "id=mesh*", false),
            ("cluster=edge", "cluster=edge id=edge-1", true),
            ("cluster=edge", "cluster=mesh id=edge-1", false),
            ("cluster=edge", "region=eu", false),
            ("cluster=edge id=a", "cluster=edge region=eu", false),
        ];
        for (one, other, overlap) in table {
            assert_eq!(nodes(one).overlap(&nodes(other)), overlap, "{one} / {other}");
            assert_eq!(nodes(other).overlap(&nodes(one)), overlap, "{other} / {one}");
        }
    }
}
