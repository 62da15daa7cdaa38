//! Two counters of a query, of which only what came is evidence.

use serde::{Deserialize, Serialize};

/// The counters of one arm as they stood last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    last: Option<(f64, f64)>,
}

/// What came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing yet: later numbers are held against these.
    Base,
    /// So many more.
    Grown {
        /// Of the bad ones.
        bad: u64,
        /// Of all.
        all: u64,
    },
    /// A number fell: nobody knows what came.
    Unsettled,
    /// There is no number.
    NoData,
}

impl Counted {
    /// The counters stand so now. Without a series of what is bad there was nothing bad.
    pub fn step(&mut self, bad: Option<f64>, all: Option<f64>, _at_ms: u64) -> Step {
        let Some(all) = all.filter(|all| all.is_finite()) else { return Step::NoData };
        let bad = bad.filter(|bad| bad.is_finite()).unwrap_or(0.0);
        let before = self.last.replace((bad, all));
        match before {
            None => Step::Base,
            Some((bad_before, all_before)) if bad < bad_before || all < all_before => Step::Unsettled,
            Some((bad_before, all_before)) => {
                Step::Grown { bad: (bad - bad_before) as u64, all: (all - all_before) as u64 }
            }
        }
    }
}
