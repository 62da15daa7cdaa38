//! What asks over the network runs in.

use tokio::runtime::{Builder, Runtime};

use crate::problems::Failure;

/// One that needs no thread but this: for commands that ask, and end.
pub fn of_this_thread() -> Result<Runtime, Failure> {
    Builder::new_current_thread().enable_all().build().map_err(|error| Failure::Usage(format!("no runtime: {error}")))
}
