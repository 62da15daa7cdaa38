//! Weir's releases, pure: their documents, and the evidence that they are judged by. It has no clock and does no I/O.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod backtest;
mod changes;
mod check;
pub mod codes;
pub mod decide;
mod documents;
pub mod effective;
pub mod evidence;
pub mod journal;
pub mod judge;
pub mod limits;
pub mod pool;
pub mod queue;
mod release;
pub mod request;
mod running;
mod shares;
pub mod state;
mod tally;
pub mod template;
#[cfg(test)]
mod testing;
mod tick;
mod window;
pub mod written;

pub use backtest::{Backtest, Looked, Recorded, is_of_evidence};
pub use check::{Around, Checked, Known, Query, QueryCheck, unjudged};
pub use decide::decide;
pub use documents::{Documents, read, read_alone};
pub use judge::judge;
pub use release::{
    AfterRollback, Arm, CANARY, CONTROL, End, Guardrail, Measure, On, OnHarm, Promote, Release, Step, Stop,
};
pub use running::Running;
pub use tick::{Answer, Queries, Tick, Totals};
pub use window::Window;
