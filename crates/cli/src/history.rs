//! `weir history`: the revisions that were in force and what changed by each, newest first.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::problems::Failure;
use crate::state_dir::{Cause, StateDir};

/// Shows which revisions of the policy a server had in force, and what changed by each, newest first
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct History {
    /// The folder that weir serve was given as --state
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  weir history --state /var/lib/weir
  weir history --state /var/lib/weir --json

CAUSE is files or rollback, or beside where attachments or Envoy resources changed and the policy did not.

Exit codes: 0 shown, 2 wrong use";

impl History {
    /// Prints the history, and the rollback that stands.
    pub fn run(self) -> Result<(), Failure> {
        let state = StateDir::existing(&self.state)?;
        let (mut history, rollback) = (state.history()?, state.rollback()?);
        history.reverse();
        if self.json {
            println!("{}", json!({ "history": history, "rollback": rollback }));
            return Ok(());
        }
        println!("REVISION      SINCE                 CAUSE     CHANGES");
        for entry in &history {
            let cause = match entry.cause {
                _ if entry.beside => "beside",
                Cause::Files => "files",
                Cause::Rollback => "rollback",
            };
            let line = format!("{}  {}  {cause:8}  {}", entry.revision, entry.since, entry.changes.join("; "));
            println!("{}", line.trim_end());
        }
        if let Some(rollback) = rollback {
            let to = rollback.to;
            match (rollback.refused, rollback.over) {
                (Some(why), _) => println!("\n{to} is asked for and not served: {why}"),
                (None, Some(over)) => println!("\n{to} is served instead of {over} until the files change"),
                (None, None) => println!("\n{to} is asked for, and no server has taken it yet"),
            }
        }
        Ok(())
    }
}
