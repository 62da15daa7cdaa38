//! A numbered publication: a catalog for all Envoys, or a new one for canary nodes and the one before for all others.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{Catalog, Node};

/// A catalog that is published, to all Envoys or to canary nodes first.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Grows with each publication, so that acks can be told apart.
    pub number: u64,
    /// What is published.
    pub catalog: Arc<Catalog>,
    /// Where only canary nodes get it: their node ids, and the catalog of all other nodes.
    pub canaries: Option<(BTreeSet<String>, Arc<Catalog>)>,
}

impl Publication {
    /// Publishes a catalog to all Envoys.
    pub fn to_all(number: u64, catalog: Arc<Catalog>) -> Publication {
        Publication { number, catalog, canaries: None }
    }

    /// The catalog for this node.
    pub fn catalog_for(&self, node: &Node) -> &Catalog {
        match &self.canaries {
            Some((canaries, others)) if !canaries.contains(&node.id) => others,
            _ => &self.catalog,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canaries_get_the_new_catalog_and_all_others_the_one_before() {
        let [old, new] = ["old", "new"].map(|label| Arc::new(Catalog::new(label, [], Vec::new())));
        let node = |id: &str| Node { id: id.into(), ..Default::default() };
        let all = Publication::to_all(1, new.clone());
        let some = Publication { number: 1, catalog: new, canaries: Some((["a".to_owned()].into(), old)) };
        let labels = ["a", "b"].map(|id| (all.catalog_for(&node(id)).label(), some.catalog_for(&node(id)).label()));
        assert_eq!(labels, [("new", "new"), ("new", "old")]);
    }
}
