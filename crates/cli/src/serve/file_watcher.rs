//! Keeps what is wanted in step with its files: by their events at once, and by a full look now and then in case one was
//! missed.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{Flag, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecursiveMode, Watcher};
use tokio::sync::watch;

use super::deployment::Deployment;
use super::desired::{Wanted, stood};
use super::fleet::Watched;
use super::inputs::{Fingerprint, Inputs};
use super::log::Log;
use super::notice::Notice;
use crate::problems::Failure;
use crate::state_dir::Cause;

/// Several files are often written together; they are taken together once this long nothing more came. What is renamed into
/// its place is whole, and a policy of one file is taken at once.
const QUIET: Duration = Duration::from_millis(20);
/// Something that never falls quiet, such as a log in the same folder, does not hold up a push for longer.
const BUSY_MAX: Duration = Duration::from_millis(200);

/// What is to stand, and why.
pub type Target = (Deployment, Cause);

/// The files, and what is wanted of them.
pub struct Keep {
    inputs: Inputs,
    /// What the files said when they were read last.
    seen: Fingerprint,
    rescan: Duration,
    targets: watch::Sender<Target>,
    fleet: Watched,
    log: Log,
    complaint: Option<String>,
}

impl Keep {
    /// Reads the files, or takes what was in force last, for the first target. Beside it, what Envoys were offered when
    /// the server ended, as far as it was kept.
    pub fn start(
        inputs: Inputs,
        rescan: Duration,
        fleet: Watched,
        log: Log,
    ) -> Result<(Keep, Option<Deployment>), Failure> {
        // Looked at before they are read: a change in between is seen as one.
        let seen = inputs.fingerprint();
        let wanted = Wanted::at_start(&inputs, log);
        let Some((standing, cause)) = wanted.standing else {
            return Err(wanted.complaint.unwrap_or(Failure::AlreadyPrinted));
        };
        fleet.send_modify(|fleet| fleet.serving(&standing.revision(), None));
        let stood = stood(&inputs, &standing).unwrap_or_else(|failure| {
            log.tell(&Notice::NotResumed { why: failure.text(false) });
            None
        });
        let targets = watch::Sender::new((standing, cause));
        let mut keep = Keep { inputs, seen, rescan, targets, fleet, log, complaint: None };
        keep.complain(wanted.complaint);
        Ok((keep, stood))
    }

    /// What is to stand from each moment on.
    pub fn targets(&self) -> watch::Receiver<Target> {
        self.targets.subscribe()
    }

    /// Watches from a thread of its own until nobody takes targets any more.
    pub fn follow(mut self) -> notify::Result<()> {
        let (events, changes) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let missed = |_| Event::new(EventKind::Other).set_flag(Flag::Rescan);
            let event = event.unwrap_or_else(missed);
            if !event.kind.is_access() {
                // Nobody listens only while the process ends.
                let _ = events.send(event);
            }
        })?;
        self.watch_folders(&mut watcher);
        thread::spawn(move || self.go_on(&mut watcher, &changes));
        Ok(())
    }

    /// A folder that is missing, or was replaced as a whole, is watched from the next full look on.
    fn watch_folders(&self, watcher: &mut impl Watcher) {
        for folder in self.inputs.folders() {
            let _ = watcher.watch(&folder, RecursiveMode::NonRecursive);
        }
    }

    fn go_on(&mut self, watcher: &mut impl Watcher, changes: &Receiver<Event>) {
        let (mut full_look, mut told) = (Instant::now(), false);
        while !self.targets.is_closed() {
            // Also where events keep coming: they may be of other files, and the one that matters missed.
            let is_full = full_look.elapsed() >= self.rescan;
            if is_full {
                self.watch_folders(watcher);
                full_look = Instant::now();
            }
            let now = self.inputs.fingerprint();
            if is_full || told || now != self.seen {
                self.seen = now;
                self.refresh();
            }
            told = match changes.recv_timeout(self.rescan.saturating_sub(full_look.elapsed())) {
                Ok(event) => self.settle(event, changes),
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    /// Waits until nothing more comes, or the policy has come whole. Whether a file that is read was changed: that need not
    /// show in its fingerprint, and a link that was swapped shows only there.
    fn settle(&self, first: Event, changes: &Receiver<Event>) -> bool {
        let (started, mut event, mut told) = (Instant::now(), first, false);
        loop {
            told |= event.need_rescan() || self.is_of_ours(&event);
            if self.is_whole(&event) || started.elapsed() >= BUSY_MAX {
                return told;
            }
            let Ok(next) = changes.recv_timeout(QUIET) else { return told };
            event = next;
        }
    }

    /// Of a renaming that is told in two parts and then as one, the parts are enough.
    fn is_of_ours(&self, event: &Event) -> bool {
        event.kind != EventKind::Modify(ModifyKind::Name(RenameMode::Both))
            && event.paths.iter().any(|path| self.inputs.reads(path))
    }

    /// Whether a policy of one file was renamed into its place: then nothing more is to come.
    fn is_whole(&self, event: &Event) -> bool {
        let policy = &self.inputs.policy;
        event.kind == EventKind::Modify(ModifyKind::Name(RenameMode::To))
            && event.paths.iter().any(|path| path.file_name() == policy.file_name())
            && policy.is_file()
    }

    /// Wants what the files say now if it is good; else says what is wrong.
    fn refresh(&mut self) {
        let wanted = Wanted::now(&self.inputs, self.log);
        if let Some((standing, cause)) = wanted.standing {
            let is_back = self.complaint.is_some() && wanted.complaint.is_none();
            let changed = self.targets.send_if_modified(|(before, before_cause)| {
                // To make an offer is to write a policy out, perhaps a large one: only where no revision tells the two apart.
                let is_other = *before_cause != cause || before.revision() != standing.revision();
                let changed = is_other || before.offer() != standing.offer();
                (*before, *before_cause) = (standing, cause);
                changed
            });
            if is_back && !changed {
                let offer = self.targets.borrow().0.offer();
                self.log.tell(&Notice::Served { revision: offer.label().into(), resources: offer.size() });
            }
        }
        self.complain(wanted.complaint);
    }

    /// Says what is wrong, once.
    fn complain(&mut self, complaint: Option<Failure>) {
        let before = std::mem::replace(&mut self.complaint, complaint.map(|failure| failure.text(false)));
        if let Some(complaint) = self.complaint.as_ref().filter(|complaint| before.as_ref() != Some(complaint)) {
            let served = self.fleet.borrow().served().to_owned();
            self.log.tell(&Notice::NotServed { revision: served, why: complaint.clone() });
        }
        self.fleet.send_modify(|fleet| fleet.complain(self.complaint.is_some()));
    }
}
