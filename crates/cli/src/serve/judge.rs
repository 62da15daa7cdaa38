//! The judge: turns what is written, and what was requested, into a target. What it decides is pure and stands in `desired`;
//! here is what that takes from the state, and what is written there and told of it.

use tokio::sync::{mpsc, watch};

use super::deployment::Deployment;
use super::desired::{Desired, RequestedRollback, Target, desired, unchanged};
use super::log::Log;
use super::notice::Notice;
use super::progress::{Rollback, SharedProgress};
use super::proposal::Proposal;
use super::saved;
use super::written::Written;
use crate::problems::{self, Failure, Weight};
use crate::state_dir::{Cause, RollbackRequest, StateDir};

/// The one that says what is wanted.
pub struct Judge {
    state: Option<StateDir>,
    progress: SharedProgress,
    log: Log,
    targets: watch::Sender<Target>,
    /// What was written when it was judged last, and what it proposes.
    digest: u64,
    proposal: Proposal,
    /// The request as it was answered last.
    request: Option<RollbackRequest>,
    /// The warnings that were told last.
    warned: String,
}

impl Judge {
    /// Judges what is written, or takes what was in force last, for the first target.
    pub fn start(
        written: Written,
        state: Option<StateDir>,
        progress: SharedProgress,
        log: Log,
    ) -> Result<Judge, Failure> {
        let (digest, proposal) = (written.digest(), Proposal::of(written));
        let request = state.as_ref().map_or(Ok(None), StateDir::rollback);
        let mut first = desire(&proposal, state.as_ref(), request.clone());
        if let Some(state) = state.as_ref().filter(|_| first.target.is_none()) {
            let last = proposal.role().and_then(|role| saved::last_in_force(state, role));
            first = first.or_last_in_force(&proposal, last);
        }
        let Desired { target, complaint, request: next, notice } = first;
        settle_request(state.as_ref(), request.ok().flatten().as_ref(), next.as_ref(), notice, log);
        let Some(target) = target else { return Err(complaint.unwrap_or(Failure::AlreadyPrinted)) };
        progress.send_modify(|progress| progress.rollback = rollback(&target, next.as_ref()));
        let (targets, warned) = (watch::Sender::new(target), String::new());
        let mut judge = Judge { state, progress, log, targets, digest, proposal, request: next, warned };
        judge.complain(complaint);
        judge.warn();
        Ok(judge)
    }

    /// The target from each moment on.
    pub fn targets(&self) -> watch::Receiver<Target> {
        self.targets.subscribe()
    }

    /// What Envoys were offered when the server ended, as far as that is known.
    pub fn resumed(&self) -> Option<Deployment> {
        let state = self.state.as_ref()?;
        let first = &self.targets.borrow().deployment;
        let resumed = self.proposal.role().and_then(|role| saved::deployed(state, first, role));
        resumed.unwrap_or_else(|failure| {
            self.log.tell(&Notice::NotResumed { why: failure.text(false) });
            None
        })
    }

    /// Judges what is written anew for as long as the server runs. A request for a rollback is a file too: that it came shows
    /// as something written. To check a large policy takes a core for seconds, so this wants a thread of its own.
    pub async fn follow(mut self, mut changes: mpsc::Receiver<Written>) {
        while let Some(mut written) = changes.recv().await {
            while let Ok(newer) = changes.try_recv() {
                written = newer;
            }
            self.consider(written);
        }
    }

    fn consider(&mut self, written: Written) {
        let request = self.state.as_ref().map_or(Ok(None), StateDir::rollback);
        let digest = written.digest();
        let is_new = digest != self.digest;
        let had_complaint = self.progress.borrow().complaint.is_some();
        if !is_new && !had_complaint && request.as_ref().is_ok_and(|request| *request == self.request) {
            return;
        }
        if is_new {
            (self.digest, self.proposal) = (digest, Proposal::of(written));
        }
        let wanted = desire(&self.proposal, self.state.as_ref(), request.clone());
        let request = request.ok().flatten();
        settle_request(self.state.as_ref(), request.as_ref(), wanted.request.as_ref(), wanted.notice, self.log);
        self.request = wanted.request;
        if let Some(target) = wanted.target {
            // Told before anything that comes of it.
            if had_complaint && wanted.complaint.is_none() {
                self.log.tell(&Notice::GoodAgain { revision: target.deployment.revision() });
            }
            let rollback = rollback(&target, self.request.as_ref());
            self.progress.send_modify(|progress| progress.rollback = rollback);
            self.targets.send_if_modified(|before| {
                let changed = *before != target;
                if changed {
                    *before = target;
                }
                changed
            });
        }
        self.complain(wanted.complaint);
        self.warn();
    }

    /// Tells what is wrong, once.
    fn complain(&self, complaint: Option<Failure>) {
        let complaint = complaint.map(|failure| failure.text(false));
        let changed = self.progress.send_if_modified(|progress| {
            let changed = progress.complaint != complaint;
            progress.complaint.clone_from(&complaint);
            changed
        });
        if let Some(why) = complaint.filter(|_| changed) {
            self.log.tell(&Notice::NotServed { revision: self.staying(), why });
        }
    }

    /// The revision that stays: what was good last, be it only on its way; or what all have, where that was held back.
    fn staying(&self) -> String {
        let wanted = self.targets.borrow().deployment.revision();
        let progress = self.progress.borrow();
        let is_held = progress.held.as_ref().is_some_and(|held| held.revision == wanted);
        if is_held { progress.active.clone() } else { wanted }
    }

    /// Tells what is likely to be a mistake, once. While nobody knows, what was told stays.
    fn warn(&mut self) {
        let Proposal { warnings: Some(found), sources, .. } = &self.proposal else { return };
        let count = found.len();
        let told = if count == 0 { String::new() } else { problems::text(sources, found, Weight::Warning, false) };
        if told != self.warned {
            self.progress.send_modify(|progress| progress.warnings = count);
            self.log.tell(&Notice::Warnings { count, found: told.clone() });
            self.warned = told;
        }
    }
}

/// The rollback by which this target is wanted.
fn rollback(target: &Target, request: Option<&RollbackRequest>) -> Option<Rollback> {
    let over = request.and_then(|request| request.over.clone());
    (target.cause == Cause::Rollback).then(|| Rollback { to: target.deployment.written.revision.to_string(), over })
}

/// What is desired, with what the state has for a request.
fn desire(proposal: &Proposal, state: Option<&StateDir>, request: Result<Option<RollbackRequest>, Failure>) -> Desired {
    let request = match request {
        Ok(request) => request,
        Err(failure) => return unchanged(failure),
    };
    let rollback = state.zip(request).map(|(state, request)| RequestedRollback {
        policy: proposal.role().and_then(|role| saved::written(state, &request.to, role)),
        last_written: state.last_written(),
        request,
    });
    desired(proposal, rollback.as_ref())
}

/// Writes down what became of a request, and tells its end. A disk that is full keeps nobody from going back.
fn settle_request(
    state: Option<&StateDir>,
    before: Option<&RollbackRequest>,
    now: Option<&RollbackRequest>,
    notice: Option<Notice>,
    log: Log,
) {
    if let Some(notice) = notice {
        log.tell(&notice);
    }
    if let Some((state, before)) = state.zip(before)
        && let Err(failure) = state.update_rollback(before, now)
    {
        log.tell(&Notice::NotSaved { why: failure.text(false) });
    }
}

#[cfg(test)]
mod tests;
