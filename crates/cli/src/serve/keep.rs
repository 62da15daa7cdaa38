//! Keeps what is served in step with its files: by their events at once, and by a full look now and then in case one was
//! missed.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use notify::{Event, RecursiveMode, Watcher};
use tokio::sync::watch;
use weir_xds::Offer;

use super::inputs::{Contents, Fingerprint, Inputs};
use super::wanted::Wanted;
use crate::state::Cause;

/// Several files are often written together; they are taken together once this long nothing more came.
const QUIET: Duration = Duration::from_millis(20);
/// Something that never falls quiet, such as a log in the same folder, does not hold up a push for longer.
const BUSY_MAX: Duration = Duration::from_millis(200);

/// Watches from a thread of its own until nobody takes offers any more. What is served was read after `seen`.
pub fn in_step(
    inputs: Inputs,
    seen: Fingerprint,
    rescan: Duration,
    sender: watch::Sender<Arc<Offer>>,
) -> notify::Result<()> {
    let (events, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.map_or(true, |event| !event.kind.is_access()) {
            // Nobody listens only while the process ends.
            let _ = events.send(());
        }
    })?;
    watch_folders(&inputs, &mut watcher);
    thread::spawn(move || follow(&inputs, seen, rescan, &mut watcher, &changes, &sender));
    Ok(())
}

/// A folder that is missing, or was replaced as a whole, is watched from the next full look on.
fn watch_folders(inputs: &Inputs, watcher: &mut impl Watcher) {
    for folder in inputs.folders() {
        let _ = watcher.watch(&folder, RecursiveMode::NonRecursive);
    }
}

/// Says what is served from now on.
pub fn log_served(offer: &Offer) {
    let plural = if offer.size() == 1 { "" } else { "s" };
    eprintln!("revision {} active in server: {} resource{plural}", offer.label(), offer.size());
}

fn follow(
    inputs: &Inputs,
    mut seen: Fingerprint,
    rescan: Duration,
    watcher: &mut impl Watcher,
    changes: &Receiver<()>,
    sender: &watch::Sender<Arc<Offer>>,
) {
    let mut complaint = None;
    let mut full_look = false;
    while !sender.is_closed() {
        let now = inputs.fingerprint();
        if full_look || now != seen {
            seen = now;
            complaint = refresh(inputs, sender, complaint);
        }
        full_look = match changes.recv_timeout(rescan) {
            Ok(()) => {
                settle(changes);
                false
            }
            Err(RecvTimeoutError::Timeout) => {
                watch_folders(inputs, watcher);
                true
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
    }
}

fn settle(changes: &Receiver<()>) {
    let started = Instant::now();
    while started.elapsed() < BUSY_MAX && changes.recv_timeout(QUIET).is_ok() {}
}

/// Serves what is wanted now if it is good; else says what is wrong, once. Returns the complaint that stands.
fn refresh(inputs: &Inputs, sender: &watch::Sender<Arc<Offer>>, before: Option<String>) -> Option<String> {
    let wanted = Wanted::now(inputs);
    if let Some((contents, cause)) = wanted.contents {
        let offer = contents.offer();
        let changed = sender.send_if_modified(|served| {
            let changed = **served != offer;
            if changed {
                *served = Arc::new(offer);
            }
            changed
        });
        if changed || (before.is_some() && wanted.complaint.is_none()) {
            log_served(&sender.borrow());
        }
        keep(inputs, &contents, cause);
    }
    let complaint = wanted.complaint?.text(false);
    if before.as_ref() != Some(&complaint) {
        log_complaint(sender.borrow().label(), &complaint);
    }
    Some(complaint)
}

/// Says why something is not served.
pub fn log_complaint(served: &str, complaint: &str) {
    eprint!("not served, revision {served} stays:\n{complaint}");
}

/// Keeps what is served. A disk that is full does not hold up a push: what cannot be kept is served all the same.
pub fn keep(inputs: &Inputs, contents: &Contents, cause: Cause) {
    if let Some(state) = &inputs.state
        && let Err(failure) = state.keep(&contents.policy, cause)
    {
        eprint!("served, but not kept: {}", failure.text(false));
    }
}
