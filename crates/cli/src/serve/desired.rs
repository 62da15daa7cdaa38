//! Which policy is to be served: that of the files, or one that was kept.

use super::deployment::Deployment;
use super::inputs::Inputs;
use super::log::Log;
use super::notice::Notice;
use crate::problems::Failure;
use crate::state_dir::{Cause, RollbackRequest, StateDir};

/// What is to be served now, and what is wrong with what the files say.
pub struct Wanted {
    /// `None`: what is served already, if anything.
    pub standing: Option<(Deployment, Cause)>,
    /// Why the files, or what was asked for, are not served.
    pub complaint: Option<Failure>,
}

impl Wanted {
    /// What the files say; or what somebody rolled back to, for as long as the files do not say something new.
    pub fn now(inputs: &Inputs, log: Log) -> Wanted {
        let files = inputs.read();
        let rolled_back = inputs.state.as_ref().and_then(|state| rolled_back(inputs, state, &files, log).transpose());
        match (rolled_back, files) {
            (None, Ok(standing)) => Wanted { standing: Some((standing, Cause::Files)), complaint: None },
            (None, Err(complaint)) => Wanted { standing: None, complaint: Some(complaint) },
            (Some(Ok(standing)), files) => {
                Wanted { standing: Some((standing, Cause::Rollback)), complaint: files.err() }
            }
            (Some(Err(complaint)), _) => Wanted { standing: None, complaint: Some(complaint) },
        }
    }

    /// The same for a start, when nothing is served yet: if nothing else, what was in force last.
    pub fn at_start(inputs: &Inputs, log: Log) -> Wanted {
        let mut wanted = Wanted::now(inputs, log);
        if wanted.standing.is_none()
            && let Some(state) = &inputs.state
        {
            match in_force_last(inputs, state) {
                Ok(last) => wanted.standing = last,
                Err(other) => {
                    wanted.complaint = Some(match wanted.complaint {
                        Some(one) => both(one, other),
                        None => other,
                    });
                }
            }
        }
        wanted
    }
}

fn in_force_last(inputs: &Inputs, state: &StateDir) -> Result<Option<(Deployment, Cause)>, Failure> {
    let Some(last) = state.history()?.pop() else { return Ok(None) };
    Ok(Some((inputs.read_kept(state, &last.revision)?, last.cause)))
}

/// What Envoys were offered when the server ended, as far as it was kept; `start` is what is wanted now.
pub fn stood(inputs: &Inputs, start: &Deployment) -> Result<Option<Deployment>, Failure> {
    let Some(state) = &inputs.state else { return Ok(None) };
    let Some(stood) = state.deployed()? else { return Ok(None) };
    let policy = |revision: &str| match revision == start.revision() {
        true => Ok(start.mesh.policy.clone()),
        false => inputs.read_kept(state, revision).map(|kept| kept.mesh.policy),
    };
    let (edges, mesh) = (start.edges.with(policy(&stood.edges)?), start.mesh.with(policy(&stood.mesh)?));
    Ok(Some(Deployment { edges, mesh, resources: start.resources.clone() }))
}

/// What somebody rolled back to. Files that say a new revision end that.
fn rolled_back(
    inputs: &Inputs,
    state: &StateDir,
    files: &Result<Deployment, Failure>,
    log: Log,
) -> Result<Option<Deployment>, Failure> {
    let Some(rollback) = state.rollback()? else { return Ok(None) };
    let to = rollback.to.clone();
    let found = files.as_ref().ok().map(Deployment::revision);
    let next = match (&rollback.over, found) {
        (Some(over), Some(found)) if found != *over => {
            log.tell(&Notice::RollbackEnded { to: to.clone(), files: found, over: over.clone() });
            None
        }
        (None, Some(found)) => Some(RollbackRequest { over: Some(found), ..rollback.clone() }),
        (None, None) => Some(RollbackRequest { over: state.last_written()?, ..rollback.clone() }),
        (Some(_), _) => Some(rollback.clone()),
    };
    // A disk that is full keeps nobody from going back.
    if let Err(failure) = state.update_rollback(&rollback, next.as_ref()) {
        log.tell(&Notice::NotSaved { why: failure.text(false) });
    }
    next.map(|_| inputs.read_kept(state, &to)).transpose()
}

/// Both in one, but nothing twice.
fn both(one: Failure, other: Failure) -> Failure {
    let [first, second] = [&one, &other].map(|failure| failure.text(false));
    match (one, other) {
        (one, _) if first == second => one,
        (Failure::Usage(one), Failure::Usage(other)) => Failure::Usage(format!("{one}\nweir: {other}")),
        _ => Failure::Message(first + &second),
    }
}

#[cfg(test)]
mod tests;
