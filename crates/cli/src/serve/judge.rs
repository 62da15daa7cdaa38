//! The judge: turns what is written, and what was requested, into a target. What it decides is pure and stands in `desired`;
//! here is what that takes from the state, and what is written there and told of it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use weir_policy::{Checked, Role, SourceId};
use weir_release::effective::with_kill_switches;

use super::deployment::Deployment;
use super::desired::{Desired, RequestedRollback, Target, desired, unchanged};
use super::fleet::SharedFleet;
use super::log::Log;
use super::notice::Notice;
use super::progress::{Rollback, SharedProgress};
use super::proposal::Proposal;
use super::releases::{Observed, Releases, Ticked};
use super::saved;
use super::written::Written;
use crate::effective::{Additions, People};
use crate::problems::{self, Failure, Weight};
use crate::state_dir::{Cause, RollbackRequest, StateDir};

/// A tick that is asked for.
pub struct TickOf {
    /// What is known of edges.
    pub observed: Observed,
    /// Where it goes what came of it.
    pub reply: oneshot::Sender<Option<Ticked>>,
}

/// The one that says what is wanted.
pub struct Judge {
    state: Option<StateDir>,
    progress: SharedProgress,
    log: Log,
    targets: watch::Sender<Target>,
    /// What was written when it was judged last, and what it proposes.
    digest: u64,
    proposal: Proposal,
    /// What was good last: releases go on by it, whatever is written.
    base: People,
    /// Where the server has any.
    releases: Option<Releases>,
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
        releases: Option<Releases>,
        progress: SharedProgress,
        log: Log,
    ) -> Result<Judge, Failure> {
        let digest = written.digest();
        let additions = additions(releases.as_ref(), written.additions);
        let proposal = Proposal::of(written, &additions);
        let request = state.as_ref().map_or(Ok(None), StateDir::rollback);
        let (mut first, mut back) = desire(&proposal, state.as_ref(), request.clone(), &additions);
        if let Some(state) = state.as_ref().filter(|_| first.target.is_none()) {
            let last = proposal.role().and_then(|role| saved::last_in_force(state, role));
            let in_effect = last.and_then(|last| {
                let Some((saved, cause)) = last else { return Ok(None) };
                let effective = saved.effective(&additions)?;
                back = Some(saved.people);
                Ok(Some((effective, cause)))
            });
            first = first.or_last_in_force(&proposal, in_effect);
        }
        let Desired { target, complaint, request: next, notice } = first;
        settle_request(state.as_ref(), request.ok().flatten().as_ref(), next.as_ref(), notice, log);
        let Some(target) = target else { return Err(complaint.unwrap_or(Failure::AlreadyPrinted)) };
        // What is served is one of the two.
        let people =
            proposal.people.as_ref().ok().filter(|people| people.policy.revision == target.deployment.written.revision);
        let Some(base) = people.cloned().or(back) else { return Err(Failure::AlreadyPrinted) };
        progress.send_modify(|progress| progress.rollback = rollback(&target, next.as_ref()));
        let (targets, warned) = (watch::Sender::new(target), String::new());
        let mut judge =
            Judge { state, progress, log, targets, digest, proposal, base, releases, request: next, warned };
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
    ///
    /// What releases do is decided here too, between two looks at the files.
    pub async fn follow(
        mut self,
        mut changes: mpsc::Receiver<Written>,
        mut ticks: mpsc::Receiver<TickOf>,
        fleet: SharedFleet,
    ) {
        loop {
            tokio::select! {
                biased;
                written = changes.recv() => {
                    let Some(mut written) = written else { return };
                    while let Ok(newer) = changes.try_recv() {
                        written = newer;
                    }
                    self.consider(written);
                }
                Some(TickOf { observed, reply }) = ticks.recv() => {
                    // Who only wants a tick does not wait for what comes of it.
                    let _ = reply.send(self.tick(observed, &fleet));
                }
            }
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
            let additions = additions(self.releases.as_ref(), written.additions);
            (self.digest, self.proposal) = (digest, Proposal::of(written, &additions));
        }
        self.want(request);
        self.warn();
    }

    /// Makes the target anew, of what is written, what is requested and what releases add.
    fn want(&mut self, request: Result<Option<RollbackRequest>, Failure>) {
        let additions = additions(self.releases.as_ref(), self.proposal.additions);
        let (wanted, back) = desire(&self.proposal, self.state.as_ref(), request.clone(), &additions);
        let fallen_back = if wanted.target.is_none() { self.fall_back(&additions) } else { None };
        let request = request.ok().flatten();
        settle_request(self.state.as_ref(), request.as_ref(), wanted.request.as_ref(), wanted.notice, self.log);
        self.request = wanted.request;
        if let Some(target) = wanted.target {
            // Told before anything that comes of it.
            if self.progress.borrow().complaint.is_some() && wanted.complaint.is_none() {
                self.log.tell(&Notice::GoodAgain { revision: target.deployment.revision() });
            }
            let rollback = rollback(&target, self.request.as_ref());
            self.progress.send_modify(|progress| progress.rollback = rollback);
            if let Some(people) = back.or_else(|| self.proposal.people.as_ref().ok().cloned()) {
                self.base = people;
            }
            self.aim(target);
        } else if let Some((target, base)) = fallen_back {
            self.base = base;
            self.aim(target);
        }
        self.complain(wanted.complaint);
    }

    fn aim(&self, target: Target) {
        self.targets.send_if_modified(|before| {
            let changed = *before != target;
            if changed {
                *before = target;
            }
            changed
        });
    }

    /// Where nothing new can be served: what was good last, with what releases add now, and with everything off that is off in
    /// what is written, however bad that is.
    fn fall_back(&self, additions: &Additions<'_>) -> Option<(Target, People)> {
        self.releases.as_ref()?;
        let role = self.proposal.role().unwrap_or(Role::Edge);
        let written = weir_policy::read(&self.proposal.sources, &self.proposal.files).ok();
        let off = written.map(|written| with_kill_switches(&self.base.documents, &written.policies));
        let base = off.filter(|documents| *documents != self.base.documents).and_then(|documents| {
            let policy = Arc::new(Checked::from(weir_policy::check(&documents, role).ok()?));
            Some(People { documents, policy })
        });
        let base = base.unwrap_or_else(|| self.base.clone());
        let effective = base.effective(&self.proposal.sources, role, additions);
        let before = self.targets.borrow();
        match effective {
            Ok(effective) => {
                let deployment = before.deployment.with(&effective);
                Some((Target { deployment, cause: before.cause }, base))
            }
            Err(failure) => {
                let revision = before.deployment.revision();
                self.log.tell(&Notice::NotServed { revision, why: failure.text(false) });
                None
            }
        }
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
fn desire(
    proposal: &Proposal,
    state: Option<&StateDir>,
    request: Result<Option<RollbackRequest>, Failure>,
    releases: &Additions<'_>,
) -> (Desired, Option<People>) {
    let request = match request {
        Ok(request) => request,
        Err(failure) => return (unchanged(failure), None),
    };
    let mut people = None;
    let rollback = state.zip(request).map(|(state, request)| RequestedRollback {
        policy: proposal.role().and_then(|role| saved::written(state, &request.to, role)).and_then(|saved| {
            let effective = saved.effective(releases)?;
            people = Some(saved.people);
            Ok(effective)
        }),
        last_written: state.last_written(),
        request,
    });
    let desired = desired(proposal, rollback.as_ref());
    let is_back = desired.target.as_ref().is_some_and(|target| target.cause == Cause::Rollback);
    (desired, people.filter(|_| is_back))
}

/// What releases add, where there are any.
fn additions(releases: Option<&Releases>, source: SourceId) -> Additions<'_> {
    releases.map_or_else(Additions::default, |releases| Additions::of(releases.state(), source))
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

mod ticks;

#[cfg(test)]
mod tests;
