//! Tallies: what is kept of the evidence of one release, and what it says.

mod comparison;
mod counted;
mod deviation;
mod planned;
mod recent;
mod run;

pub(crate) use comparison::{Comparison, Seen};
pub(crate) use counted::{Counted, Step};
pub use deviation::Off;
pub(crate) use deviation::{Deviation, threshold};
pub(crate) use planned::planned;
pub(crate) use recent::Recent;
pub(crate) use run::Run;
