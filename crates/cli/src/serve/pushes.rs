//! Push numbers: which change of what releases add to the policy each Envoy has, by the publications that it has answered.

use std::collections::{BTreeSet, VecDeque};

/// Publications that are remembered; who has answered older ones only is taken for one that has answered none.
const PUBLICATIONS_MAX: usize = 64;

/// The changes that came with publications, of this run of the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pushes(VecDeque<Published>);

/// What Envoys have that have answered a publication, and none after it.
#[derive(Clone, Debug, PartialEq)]
struct Published {
    publication: u64,
    pushed: Pushed,
    /// Nodes that have something newer by it, before all others.
    canaries: BTreeSet<String>,
}

/// The push numbers of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// By which edges decide.
    pub edges: u64,
    /// Which all others follow.
    pub mesh: u64,
}

impl Pushes {
    /// A publication carries this to all.
    pub fn published(&mut self, publication: u64, pushed: Pushed) {
        self.take(Published { publication, pushed, canaries: BTreeSet::new() });
    }

    /// A publication carries something newer to these nodes first.
    pub fn published_first(&mut self, publication: u64, canaries: BTreeSet<String>) {
        self.take(Published { publication, pushed: self.newest(), canaries });
    }

    /// What everybody is to have, canary nodes aside.
    pub fn newest(&self) -> Pushed {
        self.0.back().map(|last| last.pushed).unwrap_or_default()
    }

    /// What a node has that has answered everything up to this publication. Nothing is known of one that has something newer:
    /// what it does belongs neither to what was before nor to what comes for all.
    pub fn of(&self, node: &str, answered: u64) -> Pushed {
        let last = self.0.iter().rfind(|one| one.publication <= answered);
        last.filter(|one| !one.canaries.contains(node)).map(|one| one.pushed).unwrap_or_default()
    }

    fn take(&mut self, one: Published) {
        match self.0.back_mut() {
            // What it holds is the same for Envoys.
            Some(last) if last.publication == one.publication => *last = one,
            Some(last) if last.pushed == one.pushed && last.canaries.is_empty() && one.canaries.is_empty() => {}
            _ => self.0.push_back(one),
        }
        if self.0.len() > PUBLICATIONS_MAX {
            self.0.pop_front();
        }
    }
}

impl Pushed {
    /// The number up to which a node has everything: one that decides, or one that follows, or both.
    pub fn up_to(self, decides: bool, follows: bool) -> u64 {
        match (decides, follows) {
            (true, false) => self.edges,
            (false, true) => self.mesh,
            (true, true) => self.edges.min(self.mesh),
            // It has none of our filters, and so nothing to learn.
            (false, false) => self.edges.max(self.mesh),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(push: u64) -> Pushed {
        Pushed { edges: push, mesh: push }
    }

    #[test]
    fn a_node_has_what_came_with_the_last_publication_that_it_has_answered() {
        let mut pushes = Pushes::default();
        assert_eq!((pushes.newest(), pushes.of("a", 9)), (both(0), both(0)));
        pushes.published(1, both(7));
        // A stage: first the mesh.
        pushes.published(2, Pushed { edges: 7, mesh: 8 });
        pushes.published(3, both(8));
        // A policy of people, and a push that changes nothing for Envoys.
        pushes.published(4, both(8));
        pushes.published(6, both(9));
        pushes.published(6, both(10));
        for (answered, edges, mesh) in [(0, 0, 0), (1, 7, 7), (2, 7, 8), (3, 8, 8), (5, 8, 8), (6, 10, 10), (9, 10, 10)]
        {
            assert_eq!(pushes.of("a", answered), Pushed { edges, mesh }, "{answered}");
        }
    }

    #[test]
    fn of_canary_nodes_nothing_is_known_until_all_have_the_same() {
        let mut pushes = Pushes::default();
        pushes.published(1, both(7));
        pushes.published_first(2, BTreeSet::from(["a".to_owned()]));
        assert_eq!(pushes.newest(), both(7));
        assert_eq!([pushes.of("a", 1), pushes.of("a", 2), pushes.of("b", 2)], [both(7), both(0), both(7)]);
        // Taken back.
        pushes.published(3, both(7));
        assert_eq!([pushes.of("a", 2), pushes.of("a", 3)], [both(0), both(7)]);
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let mut pushes = Pushes::default();
        (1..=PUBLICATIONS_MAX as u64 + 1).for_each(|number| pushes.published(number, both(number)));
        assert_eq!([pushes.of("a", 1), pushes.of("a", 2)], [both(0), both(2)]);
    }

    #[test]
    fn who_decides_and_follows_has_what_both_have() {
        let pushed = Pushed { edges: 7, mesh: 8 };
        let each = [(true, false), (false, true), (true, true), (false, false)];
        assert_eq!(each.map(|(decides, follows)| pushed.up_to(decides, follows)), [7, 8, 7, 8]);
    }
}
