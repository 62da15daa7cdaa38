//! `weir rollback`: back to a revision that was in force.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;

use crate::duration;
use crate::problems::Failure;
use crate::state_dir::{Cause, RollbackRequest, StateDir};

/// Has a server serve an earlier revision of the policy, until the policy's files are changed
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Rollback {
    /// The revision: 12 hex digits, as weir history shows them
    revision: String,
    /// The folder that weir serve was given as --state
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Ask for it even if no server runs: the next one that starts takes it
    #[arg(long)]
    offline: bool,
    /// How long to wait until the server serves it; 0s for not at all
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::read)]
    wait: humantime::Duration,
}

const EXAMPLES: &str = "Examples:
  weir rollback 70882e21214e --state /var/lib/weir
  weir rollback 70882e21214e --state /var/lib/weir --offline

Exit codes: 0 the server took it, or the next one will, 1 it is not saved, no server runs, or the server does not take it,
2 wrong use";

/// The time between two looks at what became of the request.
const PAUSE: Duration = Duration::from_millis(50);

/// What became of a request.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// Nobody has taken it yet.
    Waiting,
    /// It is on its way to the Envoys.
    Taken,
    /// It is in force.
    InForce,
    /// It will not be: why.
    Not(String),
}

impl Rollback {
    /// Leaves the request in the state folder, which a running server watches and a starting one reads, and tells what became
    /// of it.
    pub fn run(self) -> Result<(), Failure> {
        let state = StateDir::existing(&self.state)?;
        let (revision, folder) = (&self.revision, self.state.display());
        if !state.history()?.iter().any(|entry| entry.revision == *revision) {
            return Err(failed(&format!(
                "revision {revision:?} is not saved in {folder}; weir history --state {folder} shows which are"
            )));
        }
        let is_served = state.is_served()?;
        if !is_served && !self.offline {
            return Err(failed(&format!(
                "no weir serve runs on {folder}, so nobody would go back to {revision}; start weir serve --state {folder} \
                 first, or ask the next one by --offline"
            )));
        }
        state.request_rollback(revision)?;
        if !is_served {
            println!("asked for {revision}: the next weir serve --state {folder} takes it");
            return Ok(());
        }
        if self.wait.is_zero() {
            println!("asked for {revision}: the server of {folder} takes it now");
            return Ok(());
        }
        match self.follow(&state)? {
            Outcome::InForce => println!("{revision} is in force until the policy's files change"),
            Outcome::Taken => {
                println!("{revision} is taken, and on its way after {}: not all Envoys have answered", self.wait)
            }
            Outcome::Waiting if state.is_served()? => {
                let wait = self.wait;
                return Err(failed(&format!(
                    "{revision} is not taken within {wait}: the log of weir serve may say why"
                )));
            }
            Outcome::Waiting => {
                return Err(failed(&format!("the server of {folder} has ended; the next one takes {revision}")));
            }
            Outcome::Not(why) => return Err(failed(&format!("{revision} is not served: {why}"))),
        }
        Ok(())
    }

    /// Looks until it is decided, or until it has taken too long.
    fn follow(&self, state: &StateDir) -> Result<Outcome, Failure> {
        let deadline = Instant::now() + *self.wait;
        loop {
            // The request first: what is in force by then was taken before.
            let request = state.rollback()?;
            let last = state.history()?.pop();
            let is_in_force = last.is_some_and(|last| last.revision == self.revision && last.cause == Cause::Rollback);
            let outcome = outcome(&self.revision, request.as_ref(), is_in_force);
            if !matches!(outcome, Outcome::Waiting | Outcome::Taken) || Instant::now() >= deadline {
                return Ok(outcome);
            }
            thread::sleep(PAUSE);
        }
    }
}

/// What became of a request, by the request that stands and what is in force.
fn outcome(revision: &str, request: Option<&RollbackRequest>, is_in_force: bool) -> Outcome {
    match request {
        None => Outcome::Not("the policy's files say something new".to_owned()),
        Some(RollbackRequest { to, .. }) if to != revision => Outcome::Not(format!("{to} was asked for meanwhile")),
        Some(RollbackRequest { refused: Some(why), .. }) => Outcome::Not(why.clone()),
        Some(RollbackRequest { over: None, .. }) => Outcome::Waiting,
        Some(_) if is_in_force => Outcome::InForce,
        Some(_) => Outcome::Taken,
    }
}

fn failed(why: &str) -> Failure {
    Failure::Message(format!("weir: {why}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_request_is_told_by_what_stands() {
        let request = |to: &str, over: Option<&str>, refused: Option<&str>| {
            Some(RollbackRequest { to: to.into(), over: over.map(Into::into), refused: refused.map(Into::into) })
        };
        let table = [
            (request("a", None, None), false, Outcome::Waiting),
            (request("a", None, None), true, Outcome::Waiting),
            (request("a", Some("b"), None), false, Outcome::Taken),
            (request("a", Some("b"), None), true, Outcome::InForce),
            (request("a", Some("b"), Some("bad")), true, Outcome::Not("bad".into())),
            (request("c", Some("b"), None), true, Outcome::Not("c was asked for meanwhile".into())),
            (None, false, Outcome::Not("the policy's files say something new".into())),
        ];
        for (request, is_in_force, expected) in table {
            assert_eq!(outcome("a", request.as_ref(), is_in_force), expected, "{request:?}");
        }
    }
}
