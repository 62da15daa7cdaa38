//! Evidence: from what Envoys' admin interfaces answer to counts that are given out once each.
//!
//! ```text
//! texts of an admin interface ─Reading::parse→ Reading ─Ledger::count→ what waits ─Poll, Ledger::accept→ Evidence
//!                                                         └ record ┘
//! ```

mod counts;
mod experiments;
mod followed;
mod ledger;
mod poll;
mod reading;
pub mod record;
#[cfg(test)]
pub(crate) mod testing;

pub use counts::{Counts, VariantCounts};
pub use experiments::Experiments;
pub use followed::{Followed, QUIET_POLLS, VARIANTS_MAX};
pub use ledger::{Evidence, Ledger, MARKS_MAX, PROCESSES_MAX};
pub use poll::{EDGES_MAX, Poll, READ_PERCENT_MIN, Refusal, TICK};
pub use reading::{PROCESS, Reading, Unreadable, counters};
