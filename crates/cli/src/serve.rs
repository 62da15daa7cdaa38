//! `weir serve`: a policy and plain Envoy resources over xDS.

use std::path::PathBuf;

use clap::Args;

use crate::problems::Failure;

/// Serves a policy to Envoys over xDS
#[derive(Args)]
pub struct Serve {
    #[arg(long)]
    policy: PathBuf,
}

impl Serve {
    /// Serves until it is told to stop.
    pub fn run(self) -> Result<(), Failure> {
        Err(Failure::Use(format!("{}: not here yet", self.policy.display())))
    }
}
