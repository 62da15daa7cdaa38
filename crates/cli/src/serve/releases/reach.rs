//! How far Envoys are with what releases change of the policy.

use std::collections::BTreeMap;

use weir_release::evidence::READ_PERCENT_MIN;

use crate::serve::fleet::Fleet;
use crate::serve::progress::Progress;

/// The push numbers that connected Envoys have answered.
#[derive(Debug, Default, PartialEq)]
pub struct Reach {
    /// The highest one that nine of ten edges have.
    pub answered: u64,
    /// The edges that have not the newest, by node.
    pub behind: Vec<String>,
    /// The highest one that each has.
    pub nodes: BTreeMap<String, u64>,
}

impl Reach {
    /// Of the Envoys that are connected now.
    pub fn of(fleet: &Fleet, progress: &Progress) -> Reach {
        let counting = &progress.counting;
        let newest = progress.pushes.newest().edges;
        let (mut edges, mut reach) = (Vec::new(), Reach::default());
        for (_, row) in fleet.connected() {
            let decides_by = |name: &str| counting.are_edge(&row.about, [name].into_iter());
            let decides = row.attachments.iter().any(|attachment| decides_by(&attachment.name));
            let follows = row.attachments.iter().any(|attachment| !decides_by(&attachment.name));
            let pushed = progress.pushes.of(&row.node, row.answered());
            if decides {
                edges.push(pushed.edges);
                if pushed.edges < newest {
                    reach.behind.push(row.node.clone());
                }
            }
            let answered = pushed.up_to(decides, follows);
            // Of two that use one name, what both have.
            reach.nodes.entry(row.node.clone()).and_modify(|one| *one = answered.min(*one)).or_insert(answered);
        }
        reach.answered = of_most(edges);
        reach
    }
}

/// The highest number that nine of ten have.
fn of_most(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    let most = (numbers.len() * READ_PERCENT_MIN).div_ceil(100);
    most.checked_sub(1).and_then(|last| numbers.get(last)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_have_it() {
        for (numbers, expected) in [
            (&[][..], 0),
            (&[7], 7),
            (&[7, 8], 7),
            (&[8, 8, 8, 8, 8, 8, 8, 8, 8, 3], 8),
            (&[8, 8, 8, 8, 8, 8, 8, 8, 4, 3], 4),
            (&[9, 8, 8, 8, 8, 8, 8, 8, 8, 8, 3], 8),
        ] {
            assert_eq!(of_most(numbers.to_vec()), expected, "{numbers:?}");
        }
    }
}
