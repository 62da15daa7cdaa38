//! Keeps what is served in step with its files: by their events at once, and by a full look every 30 seconds in case
//! one was missed.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use notify::{Event, RecursiveMode, Watcher};
use tokio::sync::watch;
use weir_xds::Offer;

use super::inputs::{Fingerprint, Inputs};

const RESCAN: Duration = Duration::from_secs(30);
/// Several files are often written together; they are taken together once this long nothing more came.
const QUIET: Duration = Duration::from_millis(20);
/// Something that never falls quiet, such as a log in the same folder, does not hold up a push for longer.
const BUSY_MAX: Duration = Duration::from_millis(200);

/// Watches from a thread of its own until nobody takes offers any more. What is served was read after `seen`.
pub fn in_step(inputs: Inputs, seen: Fingerprint, sender: watch::Sender<Arc<Offer>>) -> notify::Result<()> {
    let (events, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.map_or(true, |event| !event.kind.is_access()) {
            // Nobody listens only while the process ends.
            let _ = events.send(());
        }
    })?;
    watch_folders(&inputs, &mut watcher)?;
    thread::spawn(move || follow(&inputs, seen, &mut watcher, &changes, &sender));
    Ok(())
}

fn watch_folders(inputs: &Inputs, watcher: &mut impl Watcher) -> notify::Result<()> {
    inputs.folders().iter().try_for_each(|folder| watcher.watch(folder, RecursiveMode::NonRecursive))
}

/// Says what is served from now on.
pub fn log_served(offer: &Offer) {
    let plural = if offer.size() == 1 { "" } else { "s" };
    eprintln!("revision {} active in server: {} resource{plural}", offer.label(), offer.size());
}

fn follow(
    inputs: &Inputs,
    mut seen: Fingerprint,
    watcher: &mut impl Watcher,
    changes: &Receiver<()>,
    sender: &watch::Sender<Arc<Offer>>,
) {
    let mut complaint = None;
    let mut rescan = false;
    while !sender.is_closed() {
        let now = inputs.fingerprint();
        if rescan || now != seen {
            seen = now;
            complaint = refresh(inputs, sender, complaint);
        }
        rescan = match changes.recv_timeout(RESCAN) {
            Ok(()) => {
                settle(changes);
                false
            }
            Err(RecvTimeoutError::Timeout) => {
                // A folder may have been replaced as a whole; where it is missing, the next look tries again.
                let _ = watch_folders(inputs, watcher);
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

/// Serves what the files say now if it is good; else says what is wrong, once. Returns the complaint that stands.
fn refresh(inputs: &Inputs, sender: &watch::Sender<Arc<Offer>>, before: Option<String>) -> Option<String> {
    match inputs.read() {
        Ok(contents) => {
            let offer = contents.offer();
            let changed = sender.send_if_modified(|served| {
                let changed = **served != offer;
                if changed {
                    *served = Arc::new(offer);
                }
                changed
            });
            if changed || before.is_some() {
                log_served(&sender.borrow());
            }
            None
        }
        Err(failure) => {
            let complaint = failure.text(false);
            if before.as_ref() != Some(&complaint) {
                eprint!("not served, revision {} stays:\n{complaint}", sender.borrow().label());
            }
            Some(complaint)
        }
    }
}
