//! Keeps what is served in step with its files: by their events at once, and by a full look now and then in case one was
//! missed.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use notify::{Event, RecursiveMode, Watcher};
use tokio::sync::watch;
use weir_xds::Offer;

use super::fleet::Fleet;
use super::inputs::{Contents, Fingerprint, Inputs};
use super::log::Log;
use super::wanted::Wanted;
use crate::problems::Failure;
use crate::state::Cause;

/// Several files are often written together; they are taken together once this long nothing more came.
const QUIET: Duration = Duration::from_millis(20);
/// Something that never falls quiet, such as a log in the same folder, does not hold up a push for longer.
const BUSY_MAX: Duration = Duration::from_millis(200);

/// The files, and what is served of them.
pub struct Keep {
    inputs: Inputs,
    /// What the files said when they were read last.
    seen: Fingerprint,
    rescan: Duration,
    offers: watch::Sender<Arc<Offer>>,
    fleet: Arc<Mutex<Fleet>>,
    log: Log,
    complaint: Option<String>,
}

impl Keep {
    /// Reads the files, or takes what was in force last, for the first offer.
    pub fn start(inputs: Inputs, rescan: Duration, fleet: Arc<Mutex<Fleet>>, log: Log) -> Result<Keep, Failure> {
        // Looked at before they are read: a change in between is seen as one.
        let seen = inputs.fingerprint();
        let wanted = Wanted::at_start(&inputs);
        let Some((contents, cause)) = wanted.contents else {
            return Err(wanted.complaint.unwrap_or(Failure::Reported));
        };
        let offer = contents.offer();
        log.served(&offer);
        let offers = watch::Sender::new(Arc::new(offer));
        let mut keep = Keep { inputs, seen, rescan, offers, fleet, log, complaint: None };
        keep.note(&contents, cause);
        keep.complain(wanted.complaint);
        Ok(keep)
    }

    /// What is served at each moment.
    pub fn offers(&self) -> watch::Receiver<Arc<Offer>> {
        self.offers.subscribe()
    }

    /// Watches from a thread of its own until nobody takes offers any more.
    pub fn follow(mut self) -> notify::Result<()> {
        let (events, changes) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.map_or(true, |event| !event.kind.is_access()) {
                // Nobody listens only while the process ends.
                let _ = events.send(());
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

    fn go_on(&mut self, watcher: &mut impl Watcher, changes: &Receiver<()>) {
        let mut full_look = false;
        while !self.offers.is_closed() {
            let now = self.inputs.fingerprint();
            if full_look || now != self.seen {
                self.seen = now;
                self.refresh();
            }
            full_look = match changes.recv_timeout(self.rescan) {
                Ok(()) => {
                    settle(changes);
                    false
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.watch_folders(watcher);
                    true
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    /// Serves what is wanted now if it is good; else says what is wrong.
    fn refresh(&mut self) {
        let wanted = Wanted::now(&self.inputs);
        if let Some((contents, cause)) = wanted.contents {
            let offer = contents.offer();
            let changed = self.offers.send_if_modified(|served| {
                let changed = **served != offer;
                if changed {
                    *served = Arc::new(offer);
                }
                changed
            });
            if changed || (self.complaint.is_some() && wanted.complaint.is_none()) {
                self.log.served(&self.offers.borrow());
            }
            self.note(&contents, cause);
        }
        self.complain(wanted.complaint);
    }

    /// Keeps what is served. A disk that is full does not hold up a push: what cannot be kept is served all the same.
    fn note(&self, contents: &Contents, cause: Cause) {
        if let Some(state) = &self.inputs.state
            && let Err(failure) = state.keep(&contents.policy, cause)
        {
            self.log.not_kept(&failure);
        }
    }

    /// Says what is wrong, once.
    fn complain(&mut self, complaint: Option<Failure>) {
        let before = std::mem::replace(&mut self.complaint, complaint.map(|failure| failure.text(false)));
        let label = self.offers.borrow().label().to_owned();
        if let Some(complaint) = self.complaint.as_ref().filter(|complaint| before.as_ref() != Some(complaint)) {
            self.log.not_served(&label, complaint);
        }
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner).serving(&label, self.complaint.is_some());
    }
}

fn settle(changes: &Receiver<()>) {
    let started = Instant::now();
    while started.elapsed() < BUSY_MAX && changes.recv_timeout(QUIET).is_ok() {}
}
