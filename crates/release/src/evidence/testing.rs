//! What tests of several files make: experiments by name, and readings.

use weir_policy::evidence::{Assigned, Outcome};

use super::counts::Counts;
use super::experiments::Experiments;
use super::reading::Reading;

/// The experiments of these ids with these variants.
pub fn experiments(of: &[(&str, &[&str])]) -> Experiments {
    of.iter().map(|(id, variants)| ((*id).to_owned(), variants.iter().map(|one| (*one).to_owned()).collect())).collect()
}

/// A reading in which `owl`'s `canary` has so many requests in one part.
pub fn reading(start: &str, requests: u64) -> Reading {
    let counts = counts(&[(Outcome::All, requests)]);
    Reading { start: start.into(), took_over: false, counts }
}

/// Counts of `owl`'s `canary` in one part.
pub fn counts(of: &[(Outcome, u64)]) -> Counts {
    let mut counts = Counts::none_of(&experiments(&[("owl", &["canary"])]));
    for (outcome, value) in of {
        counts.set(Assigned { experiment: "owl", variant: "canary", part: 3, outcome: *outcome }, *value);
    }
    counts
}
