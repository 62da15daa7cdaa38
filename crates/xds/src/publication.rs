//! What is offered from one moment on: one offer to everybody, or a new one to a few and the one before to the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{Node, Offer};

/// An offer to everybody, or to some first.
#[derive(Clone, Debug)]
pub struct Wave {
    /// Grows with each wave, so that answers can be told apart.
    pub number: u64,
    /// What is offered.
    pub offer: Arc<Offer>,
    /// If it is for some only: their node ids, and what all others are offered.
    pub canaries: Option<(BTreeSet<String>, Arc<Offer>)>,
}

impl Wave {
    /// An offer to everybody.
    pub fn to_all(number: u64, offer: Arc<Offer>) -> Wave {
        Wave { number, offer, canaries: None }
    }

    /// What this Envoy is offered.
    pub fn offer_to(&self, node: &Node) -> &Offer {
        match &self.canaries {
            Some((canaries, others)) if !canaries.contains(&node.id) => others,
            _ => &self.offer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canaries_are_offered_the_new_and_all_others_what_was() {
        let [old, new] = ["old", "new"].map(|label| Arc::new(Offer::new(label, [], Vec::new())));
        let node = |id: &str| Node { id: id.into(), ..Default::default() };
        let all = Wave::to_all(1, new.clone());
        let some = Wave { number: 1, offer: new, canaries: Some((["a".to_owned()].into(), old)) };
        let labels = ["a", "b"].map(|id| (all.offer_to(&node(id)).label(), some.offer_to(&node(id)).label()));
        assert_eq!(labels, [("new", "new"), ("new", "old")]);
    }
}
