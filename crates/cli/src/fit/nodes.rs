//! The key `nodes` of an attachment file: which Envoys get the filter.

use weir_policy::fields::{self, Fields};
use weir_policy::{At, Entry, Problems, Spanned, Value, codes};
use weir_xds::{Attribute, NodeMatch, Nodes};

/// Reads the key; without it the filter is for every Envoy. What cannot be read is reported and left out.
pub fn read(node: Option<Spanned>, at: &At<'_>, problems: &mut Problems) -> Nodes {
    let mut nodes = Nodes::default();
    let Some(node) = node else { return nodes };
    let Some(mut fields) = Fields::open(node, at, problems) else { return nodes };
    for (name, attribute) in [("id", Attribute::Id), ("cluster", Attribute::Cluster)] {
        nodes = asked(nodes, attribute, fields.take(name), &at.key(name), problems);
    }
    if let Some(locality) = fields.take("locality") {
        nodes = read_locality(nodes, locality, &at.key("locality"), problems);
    }
    if let Some(metadata) = fields.take("metadata") {
        nodes = read_metadata(nodes, metadata, &[], &at.key("metadata"), problems);
    }
    fields.finish(problems);
    nodes
}

fn read_locality(mut nodes: Nodes, node: Spanned, at: &At<'_>, problems: &mut Problems) -> Nodes {
    let parts = [("region", Attribute::Region), ("zone", Attribute::Zone), ("sub_zone", Attribute::SubZone)];
    let Some(mut fields) = Fields::open(node, at, problems) else { return nodes };
    for (name, attribute) in parts {
        nodes = asked(nodes, attribute, fields.take(name), &at.key(name), problems);
    }
    fields.finish(problems);
    nodes
}

/// Keys as deep as metadata goes; an object with the one key `prefix` and a text is a pattern.
fn read_metadata(mut nodes: Nodes, node: Spanned, above: &[String], at: &At<'_>, problems: &mut Problems) -> Nodes {
    for entry in fields::object(node, at, problems).unwrap_or_default() {
        let keys = [above, std::slice::from_ref(&entry.key)].concat();
        let at = at.key(&entry.key);
        nodes = match &entry.node.value {
            Value::Map(inner) if !is_pattern(inner) => read_metadata(nodes, entry.node, &keys, &at, problems),
            _ => asked(nodes, Attribute::Metadata(keys), Some(entry.node), &at, problems),
        };
    }
    nodes
}

fn asked(nodes: Nodes, attribute: Attribute, node: Option<Spanned>, at: &At<'_>, problems: &mut Problems) -> Nodes {
    let Some(node) = node else { return nodes };
    let patterns: Vec<NodeMatch> = match node.value {
        Value::List(each) => {
            if each.is_empty() {
                problems.add(codes::BAD_VALUE, at, "an empty list fits no Envoy; leave the field out to take all");
            }
            each.into_iter().enumerate().filter_map(|(i, node)| pattern(node, &at.index(i), problems)).collect()
        }
        _ => pattern(node, at, problems).into_iter().collect(),
    };
    nodes.and(attribute, patterns)
}

/// `TEXT` or `{prefix: TEXT}`.
fn pattern(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<NodeMatch> {
    if !matches!(node.value, Value::Map(_)) {
        return fields::string(node, at, problems).map(NodeMatch::Exact);
    }
    let mut fields = Fields::open(node, at, problems)?;
    let prefix = fields.require("prefix", problems).and_then(|node| fields::string(node, &at.key("prefix"), problems));
    fields.finish(problems);
    prefix.map(NodeMatch::Prefix)
}

/// Not where `prefix` is a key of metadata itself, which takes a list of texts or a pattern of its own.
fn is_pattern(entries: &[Entry]) -> bool {
    matches!(entries, [only] if only.key == "prefix" && !matches!(only.node.value, Value::List(_) | Value::Map(_)))
}

#[cfg(test)]
mod tests {
    use weir_policy::{AttachmentFile, Format, Source, SourceId, Sources};

    use super::*;

    fn read_text(text: &str) -> Result<Nodes, Vec<String>> {
        let source = Source::from_bytes("a.yaml", format!("weir: 1\nnodes: {text}").into_bytes(), Format::Yaml);
        let file = AttachmentFile::read(&Sources::of([source]), SourceId::FIRST).unwrap();
        let mut problems = Problems::default();
        let nodes = read(file.nodes, &At::Root { source: SourceId::FIRST }.key("nodes"), &mut problems);
        let problems: Vec<String> =
            problems.into_vec().iter().map(|problem| format!("{} at {}", problem.code.name(), problem.path)).collect();
        if problems.is_empty() { Ok(nodes) } else { Err(problems) }
    }

    #[test]
    fn every_attribute_is_asked_for_by_text_or_prefix() {
        let exact = |text: &str| vec![NodeMatch::Exact(text.into())];
        let prefix = |text: &str| vec![NodeMatch::Prefix(text.into())];
        let metadata = |keys: &[&str]| Attribute::Metadata(keys.iter().map(|key| (*key).to_owned()).collect());
        let table = [
            ("{}", Nodes::default()),
            ("{id: edge-1}", Nodes::default().and(Attribute::Id, exact("edge-1"))),
            ("{cluster: {prefix: edge}}", Nodes::default().and(Attribute::Cluster, prefix("edge"))),
            ("{id: [a, {prefix: b}]}", Nodes::default().and(Attribute::Id, [exact("a"), prefix("b")].concat())),
            (
                "{locality: {region: eu, zone: {prefix: eu-}, sub_zone: a}}",
                Nodes::default()
                    .and(Attribute::Region, exact("eu"))
                    .and(Attribute::Zone, prefix("eu-"))
                    .and(Attribute::SubZone, exact("a")),
            ),
            (
                "{metadata: {labels: {app: shop, a/b: {prefix: x}}, prefix: y}}",
                Nodes::default()
                    .and(metadata(&["labels", "app"]), exact("shop"))
                    .and(metadata(&["labels", "a/b"]), prefix("x"))
                    .and(metadata(&["prefix"]), exact("y")),
            ),
            ("{metadata: {LABELS: {prefix: x}}}", Nodes::default().and(metadata(&["LABELS"]), prefix("x"))),
            ("{metadata: {LABELS: {prefix: [x]}}}", Nodes::default().and(metadata(&["LABELS", "prefix"]), exact("x"))),
            (
                "{metadata: {LABELS: {prefix: {prefix: x}}}}",
                Nodes::default().and(metadata(&["LABELS", "prefix"]), prefix("x")),
            ),
        ];
        for (text, nodes) in table {
            assert_eq!(read_text(text), Ok(nodes), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let table = [
            ("edge", "wrong_type at nodes"),
            ("{name: edge}", "unknown_field at nodes.name"),
            ("{id: 7}", "unquoted_number at nodes.id"),
            ("{id: []}", "bad_value at nodes.id"),
            ("{id: [a, {suffix: b}]}", "missing_field at nodes.id[1], unknown_field at nodes.id[1].suffix"),
            ("{locality: {city: x}}", "unknown_field at nodes.locality.city"),
            ("{metadata: {canary: true}}", "wrong_type at nodes.metadata.canary"),
        ];
        for (text, problems) in table {
            assert_eq!(read_text(text).unwrap_err().join(", "), problems, "{text}");
        }
    }
}
