//! The experiments that are read: those that edges count, and for a while those that they counted until lately. Else what was
//! counted last before a switch-off were missing, such as the errors that made somebody switch it off.

use std::collections::BTreeMap;

use weir_policy::evidence::COUNTERS_OF_VARIANT;
use weir_policy::limits::EVIDENCE_COUNTERS_MAX;

use super::experiments::Experiments;
use super::ledger::{Evidence, Ledger};

/// The polls that are accepted and have nothing new of an experiment, one after the other, after which it is read no more.
pub const QUIET_POLLS: u8 = 3;
/// The most variants that are read together: as many as edges may count.
pub const VARIANTS_MAX: usize = EVIDENCE_COUNTERS_MAX / COUNTERS_OF_VARIANT;

/// The experiments that are counted, and those that no longer are.
#[derive(Debug, Default)]
pub struct Followed {
    counted: Experiments,
    /// Each with the accepted polls since it had anything new.
    left: BTreeMap<String, u8>,
}

impl Followed {
    /// At the start of a server: those of which the ledger has anything may have been counted until lately.
    pub fn begin(known: &Experiments, ledger: &Ledger) -> Followed {
        let left = known.ids().filter(|id| ledger.knows(id)).map(|id| (id.to_owned(), 0));
        Followed { counted: Experiments::default(), left: left.collect() }
    }

    /// The experiments that are read now: those that are counted, and beside them others that are still known, as far as both
    /// together are no more than edges may count.
    pub fn turn(&mut self, counted: &Experiments, known: &Experiments) -> Experiments {
        self.left.extend(self.counted.ids().map(|id| (id.to_owned(), 0)));
        self.left.retain(|id, _| known.has(id) && !counted.has(id));
        self.counted = counted.clone();
        let mut read = counted.clone();
        for (id, variants) in self.left.keys().filter_map(|id| Some((id, known.variants(id)?))) {
            if read.count_variants().saturating_add(variants.len()) <= VARIANTS_MAX {
                read.insert(id, variants);
            }
        }
        read
    }

    /// A poll was accepted that gave out this.
    pub fn accepted(&mut self, given: &[Evidence]) {
        self.left.retain(|id, quiet| {
            let is_new = given.iter().any(|evidence| evidence.counts.has(id));
            *quiet = if is_new { 0 } else { quiet.saturating_add(1) };
            *quiet < QUIET_POLLS
        });
    }
}

#[cfg(test)]
mod tests {
    use weir_policy::evidence::Outcome;

    use super::*;
    use crate::evidence::testing::{counts, experiments, reading};

    fn some() -> Vec<Evidence> {
        vec![Evidence { mark: None, counts: counts(&[(Outcome::All, 1)]) }]
    }

    #[test]
    fn what_is_switched_off_is_read_until_three_accepted_polls_have_nothing_new() {
        let owl = experiments(&[("owl", &["canary"])]);
        let off = Experiments::default();
        let mut followed = Followed::default();
        assert_eq!(followed.turn(&off, &owl), off);
        assert_eq!(followed.turn(&owl, &owl), owl);
        // Quiet polls while it is on do not count.
        (0..9).for_each(|_| followed.accepted(&[]));
        for given in [vec![], vec![], some(), vec![], vec![], vec![]] {
            assert_eq!(followed.turn(&off, &owl), owl);
            followed.accepted(&given);
        }
        assert_eq!(followed.turn(&off, &owl), off);
    }

    #[test]
    fn what_left_the_policy_is_not_read_and_what_was_known_at_the_start_is() {
        let (owl, off) = (experiments(&[("owl", &["canary"])]), Experiments::default());
        let mut ledger = Ledger::default();
        assert_eq!(Followed::begin(&owl, &ledger).turn(&off, &owl), off);
        ledger.count("a", reading("1", 1), "m");
        let mut followed = Followed::begin(&owl, &ledger);
        assert_eq!(followed.turn(&off, &owl), owl);
        assert_eq!(followed.turn(&off, &off), off);
        assert_eq!(followed.turn(&off, &owl), off);
    }

    #[test]
    fn no_more_is_read_than_edges_may_count() {
        let names: Vec<String> = (0..VARIANTS_MAX).map(|number| number.to_string()).collect();
        let variants: Vec<&str> = names.iter().map(String::as_str).collect();
        for (new, is_read) in [(VARIANTS_MAX - 1, true), (VARIANTS_MAX, false)] {
            let (owl, new) = (experiments(&[("owl", &["canary"])]), experiments(&[("new", &variants[..new])]));
            let known = owl.iter().chain(new.iter()).map(|(id, variants)| (id.clone(), variants.clone())).collect();
            let mut followed = Followed::default();
            followed.turn(&owl, &known);
            assert_eq!(followed.turn(&new, &known).has("owl"), is_read);
        }
    }
}
