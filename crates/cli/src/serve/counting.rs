//! What edges count for releases, and which Envoys are edges, by what is deployed.

use weir_release::evidence::Experiments;
use weir_xds::{Node, Nodes};

/// The experiments that are counted at the edges, and whose attachments decide.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counting {
    /// The experiments that are counted.
    pub experiments: Experiments,
    /// Those that may be counted again: they are switched off, or their layer or the policy is.
    pub known: Experiments,
    /// The attachments that decide, by name, each with the nodes that it is for.
    pub edges: Vec<(String, Nodes)>,
}

impl Counting {
    /// Whether of these attachments of an Envoy one decides.
    pub fn are_edge<'a>(&self, node: &Node, mut attachments: impl Iterator<Item = &'a str>) -> bool {
        let decides = |name: &str| self.edges.iter().any(|(edge, nodes)| edge == name && nodes.include(node));
        attachments.any(decides)
    }
}

#[cfg(test)]
mod tests {
    use weir_xds::{Attribute, NodeMatch};

    use super::*;

    #[test]
    fn who_is_an_edge_is_by_the_attachment_that_a_node_gets_under_a_name() {
        let clusters = |name: &str| Nodes::default().and(Attribute::Cluster, vec![NodeMatch::Exact(name.into())]);
        // The mesh's attachment of the same name is not among them.
        let counting = Counting { edges: vec![("shop".into(), clusters("edge"))], ..Counting::default() };
        for (cluster, attachments, is_edge) in [
            ("edge", &["shop"][..], true),
            ("edge", &["other", "shop"], true),
            ("edge", &["other"], false),
            ("edge", &[], false),
            ("mesh", &["shop"], false),
        ] {
            let node = Node { cluster: cluster.into(), ..Node::default() };
            assert_eq!(counting.are_edge(&node, attachments.iter().copied()), is_edge, "{cluster} {attachments:?}");
        }
    }
}
