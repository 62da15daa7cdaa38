//! What is desired: the target that the files, or a request for a rollback, ask for, without I/O.

use super::deployment::Deployment;
use super::notice::Notice;
use super::proposal::Proposal;
use crate::effective::Effective;
use crate::problems::Failure;
use crate::state_dir::{Cause, RollbackRequest};

/// A deployment that is to be rolled out, and why.
#[derive(Clone, PartialEq)]
pub struct Target {
    /// What edges and the mesh are to have in the end.
    pub deployment: Deployment,
    /// Why.
    pub cause: Cause,
}

/// A request for a rollback, and what the state has for it.
pub struct RequestedRollback {
    /// The request as it stands.
    pub request: RollbackRequest,
    /// The policy that it asks for.
    pub policy: Result<Effective, Failure>,
    /// The revision that the files said last when they were good.
    pub last_written: Result<Option<String>, Failure>,
}

/// What is desired, and what there is to write down and to tell of it.
pub struct Desired {
    /// The target; `None`: what is served already, if anything.
    pub target: Option<Target>,
    /// Why the files, or what was requested, are not served.
    pub complaint: Option<Failure>,
    /// The request as it is to stand from now on.
    pub request: Option<RollbackRequest>,
    /// The end of a rollback.
    pub notice: Option<Notice>,
}

/// What the files propose; or what somebody rolled back to, for as long as the files do not say something new.
pub fn desired(proposal: &Proposal, rollback: Option<&RequestedRollback>) -> Desired {
    let written = proposal.policy.as_ref().ok().map(|policy| policy.written.revision.to_string());
    let files = proposal.policy.as_ref().map_err(Failure::clone);
    let files = files.and_then(|policy| proposal.deployment(policy));
    let written = written.filter(|_| files.is_ok());
    let Some(RequestedRollback { request, policy, last_written }) = rollback else { return of_files(files) };
    let over = match (&request.over, written, last_written) {
        // The revision that people wrote: what takes effect may change without them, and only they end a rollback.
        (Some(over), Some(written), _) if written != *over => {
            let notice = Notice::RollbackEnded { to: request.to.clone(), files: written, over: over.clone() };
            return Desired { notice: Some(notice), ..of_files(files) };
        }
        (Some(over), ..) => Some(over.clone()),
        (None, Some(written), _) => Some(written),
        (None, None, Ok(last)) => last.clone(),
        (None, None, Err(failure)) => {
            let request = RollbackRequest { refused: Some(in_a_line(failure)), ..request.clone() };
            return Desired { request: Some(request), ..unchanged(failure.clone()) };
        }
    };
    let request = RollbackRequest { over, refused: None, ..request.clone() };
    match policy.clone().and_then(|policy| proposal.deployment(&policy)) {
        Ok(deployment) => {
            let target = Some(Target { deployment, cause: Cause::Rollback });
            Desired { target, complaint: files.err(), request: Some(request), notice: None }
        }
        Err(failure) => {
            let request = RollbackRequest { refused: Some(in_a_line(&failure)), ..request };
            Desired { request: Some(request), ..unchanged(failure) }
        }
    }
}

impl Desired {
    /// The same for a start, when nothing is served yet: if nothing else, the policy that was in force last.
    pub fn or_last_in_force(
        mut self,
        proposal: &Proposal,
        last: Result<Option<(Effective, Cause)>, Failure>,
    ) -> Desired {
        if self.target.is_some() {
            return self;
        }
        let target = |(policy, cause)| Ok(Target { deployment: proposal.deployment(&policy)?, cause });
        match last.and_then(|last| last.map(target).transpose()) {
            Ok(target) => self.target = target,
            Err(other) => {
                self.complaint = Some(match self.complaint.take() {
                    Some(one) => one.and(other),
                    None => other,
                });
            }
        }
        self
    }
}

fn of_files(files: Result<Deployment, Failure>) -> Desired {
    match files {
        Ok(deployment) => {
            let target = Some(Target { deployment, cause: Cause::Files });
            Desired { target, complaint: None, request: None, notice: None }
        }
        Err(failure) => unchanged(failure),
    }
}

/// Its first line, for whoever asked.
fn in_a_line(failure: &Failure) -> String {
    failure.text(false).lines().next().unwrap_or_default().to_owned()
}

/// What is served stays, with a complaint.
pub fn unchanged(complaint: Failure) -> Desired {
    Desired { target: None, complaint: Some(complaint), request: None, notice: None }
}

#[cfg(test)]
mod tests;
