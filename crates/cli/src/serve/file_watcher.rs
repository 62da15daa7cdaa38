//! The file watcher: reads everything anew when something changes, told by events at once, and by a full look now and then
//! in case one was missed. It judges nothing.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{Flag, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::files::{Files, Fingerprint};
use super::written::Written;

/// Several files are often written together; they are taken together once this long nothing more came. What is renamed into
/// its place is whole, and a policy of one file is taken at once.
const QUIET: Duration = Duration::from_millis(20);
/// Something that never falls quiet, such as a log in the same folder, does not hold up a change for longer.
const BUSY_MAX: Duration = Duration::from_millis(200);

/// The files, and what is known of them.
pub struct FileWatcher {
    files: Files,
    /// The fingerprint of the files when they were read last.
    seen: Fingerprint,
    rescan: Duration,
}

impl FileWatcher {
    /// Reads the files for the first time.
    pub fn start(files: Files, rescan: Duration) -> (FileWatcher, Written) {
        // Looked at before they are read: a change in between is seen as one.
        let seen = files.fingerprint();
        let written = Written::read(&files);
        (FileWatcher { files, seen, rescan }, written)
    }

    /// Watches from a thread of its own until nobody takes what is written any more.
    pub fn follow(mut self, written: mpsc::Sender<Written>) -> notify::Result<()> {
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
        thread::spawn(move || self.run(&mut watcher, &changes, &written));
        Ok(())
    }

    /// A folder that is missing, or was replaced as a whole, is watched from the next full look on.
    fn watch_folders(&self, watcher: &mut impl Watcher) {
        for folder in self.files.folders() {
            let _ = watcher.watch(&folder, RecursiveMode::NonRecursive);
        }
    }

    fn run(&mut self, watcher: &mut impl Watcher, changes: &Receiver<Event>, written: &mpsc::Sender<Written>) {
        let (mut full_look, mut told) = (Instant::now(), false);
        loop {
            // Also where events keep coming: they may be of other files, and the one that matters missed.
            let is_full = full_look.elapsed() >= self.rescan;
            if is_full {
                self.watch_folders(watcher);
                full_look = Instant::now();
            }
            let now = self.files.fingerprint();
            if is_full || told || now != self.seen {
                self.seen = now;
                if written.blocking_send(Written::read(&self.files)).is_err() {
                    return;
                }
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
            && event.paths.iter().any(|path| self.files.reads(path))
    }

    /// Whether a policy of one file was renamed into its place: then nothing more is to come.
    fn is_whole(&self, event: &Event) -> bool {
        let policy = &self.files.policy;
        event.kind == EventKind::Modify(ModifyKind::Name(RenameMode::To))
            && event.paths.iter().any(|path| path.file_name() == policy.file_name())
            && policy.is_file()
    }
}
