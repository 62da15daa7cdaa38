//! `weir rollback`: back to a revision that was in force.

use std::path::PathBuf;

use clap::Args;

use crate::problems::Failure;
use crate::state_dir::StateDir;

/// Has a server serve an earlier revision of the policy, until the policy's files are changed
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Rollback {
    /// The revision: 12 hex digits, as weir history shows them
    revision: String,
    /// The folder that weir serve was given as --state
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
}

const EXAMPLES: &str = "Examples:
  weir rollback 70882e21214e --state /var/lib/weir

Exit codes: 0 asked for, 1 no such revision is saved, 2 wrong use";

impl Rollback {
    /// Leaves the request in the state folder: a running server watches it, one that is started later reads it.
    pub fn run(self) -> Result<(), Failure> {
        let state = StateDir::existing(&self.state)?;
        if !state.history()?.iter().any(|entry| entry.revision == self.revision) {
            let folder = self.state.display();
            return Err(Failure::Message(format!(
                "weir: revision {:?} is not saved in {folder}; weir history --state {folder} shows which are\n",
                self.revision
            )));
        }
        state.request_rollback(&self.revision)?;
        println!("asked for {}; the server of {} takes it now", self.revision, self.state.display());
        Ok(())
    }
}
