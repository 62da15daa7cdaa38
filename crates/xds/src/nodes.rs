//! Node matching: which Envoys something is for, by what they say of themselves.

use std::collections::BTreeMap;

use envoy_types::pb::envoy::config::core::v3::node::UserAgentVersionType;
use envoy_types::pb::google::protobuf::value::Kind as Value;

use crate::Node;

/// The nodes of which each of these attributes matches one of its patterns; without attributes, every node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nodes(BTreeMap<Attribute, Vec<NodeMatch>>);

/// An attribute of a node.
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

/// A pattern for the text of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeMatch {
    /// This text.
    Exact(String),
    /// Every text that begins so.
    Prefix(String),
}

impl Nodes {
    /// These nodes with one more attribute, which must match one of these patterns.
    #[must_use]
    pub fn and(mut self, attribute: Attribute, patterns: Vec<NodeMatch>) -> Nodes {
        self.0.insert(attribute, patterns);
        self
    }

    /// Whether this node is one of them. An attribute that it does not have is the empty text.
    pub fn include(&self, node: &Node) -> bool {
        self.0.iter().all(|(attribute, patterns)| {
            let text = attribute.of(node);
            patterns.iter().any(|pattern| pattern.matches(&text))
        })
    }

    /// Whether this attribute is one of theirs.
    pub fn ask_for(&self, attribute: &Attribute) -> bool {
        self.0.contains_key(attribute)
    }

    /// Whether both can be seen to include the same node: one has no attribute that the other has not, and no attribute of
    /// both keeps them apart. Where each has an attribute of its own, only a node can tell.
    pub fn overlap(&self, other: &Nodes) -> bool {
        let all_in = |one: &Nodes, other: &Nodes| one.0.keys().all(|attribute| other.0.contains_key(attribute));
        let can_meet = |(attribute, patterns): (&Attribute, &Vec<NodeMatch>)| {
            let others = other.0.get(attribute);
            others.is_none_or(|others| patterns.iter().any(|one| others.iter().any(|other| one.overlaps(other))))
        };
        (all_in(self, other) || all_in(other, self)) && self.0.iter().all(can_meet)
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

/// The value below these keys of a node's metadata, as text.
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

/// The release of a node, such as `1.40.0`; empty if it does not say.
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

impl NodeMatch {
    fn matches(&self, text: &str) -> bool {
        match self {
            NodeMatch::Exact(exact) => exact == text,
            NodeMatch::Prefix(prefix) => text.starts_with(prefix.as_str()),
        }
    }

    /// Whether a text can match both.
    fn overlaps(&self, other: &NodeMatch) -> bool {
        match (self, other) {
            (NodeMatch::Exact(exact), pattern) | (pattern, NodeMatch::Exact(exact)) => pattern.matches(exact),
            (NodeMatch::Prefix(one), NodeMatch::Prefix(other)) => one.starts_with(other) || other.starts_with(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> NodeMatch {
        NodeMatch::Exact(text.into())
    }

    fn prefix(text: &str) -> NodeMatch {
        NodeMatch::Prefix(text.into())
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
    fn a_node_matches_by_what_it_says_of_itself() {
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
    fn an_overlap_is_seen_unless_each_has_an_attribute_of_its_own() {
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
