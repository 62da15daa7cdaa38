//! Tells each line of a journal to a webhook: at least once, in order, signed, and in nobody's way.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::body::Bytes;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinSet, spawn_blocking};

use crate::address::Address;
use crate::client::{Client, Question};
use crate::trouble::{Trouble, start_of};

mod delivered;
mod pace;
mod signature;

use delivered::Delivered;
use pace::Pace;

/// What is read of a webhook's answer; only its status counts.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Who is told, and the file with the key that lines are signed by.
pub struct Webhook {
    client: Client,
    key: PathBuf,
}

/// A task that tells lines, until it is dropped.
pub struct Notifier {
    news: Arc<Notify>,
    progress: watch::Receiver<Progress>,
    _task: JoinSet<()>,
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The number of the last line that was told.
    pub told: u64,
    /// How often the next one was tried in vain.
    pub failures: u32,
    /// Why; with the number of the line, and without what may be a secret of the webhook.
    pub trouble: Option<String>,
}

/// Lines of a journal with numbers above this one, the next first: as many as are told before the next look.
type Lines = dyn Fn(u64) -> io::Result<Vec<(u64, String)>> + Send + Sync;

impl Webhook {
    /// A webhook that is told lines signed by the key in this file, which is read each time.
    pub fn new(address: Address, key: PathBuf) -> Webhook {
        Webhook { client: Client::new(address, None, None), key }
    }

    /// Whether the key will do.
    ///
    /// # Errors
    /// Which file will not, and why.
    pub fn check(&self) -> Result<(), String> {
        signature::of(&self.key, b"").map(drop)
    }

    async fn tell(&self, line: &str) -> Result<(), Trouble> {
        let signature = signature::of(&self.key, line.as_bytes()).map_err(Trouble::File)?;
        let body = Some(("application/json", Bytes::copy_from_slice(line.as_bytes())));
        let question = Question { path: "", body, headers: vec![("x-weir-signature", signature)] };
        let reply = self.client.ask(question, ANSWER_BYTES_MAX).await?;
        if reply.status.is_success() {
            return Ok(());
        }
        Err(Trouble::Refused(reply.status.as_u16(), start_of(&reply.body)))
    }
}

impl Notifier {
    /// Goes on behind the last line that the file `delivered` says was told, or, where there is no such file yet, behind the
    /// line of this number. `lines` gives lines behind a number; it may read files.
    ///
    /// # Errors
    /// The file `delivered` cannot be read.
    pub fn start(
        webhook: Webhook,
        delivered: PathBuf,
        from: u64,
        lines: impl Fn(u64) -> io::Result<Vec<(u64, String)>> + Send + Sync + 'static,
    ) -> Result<Notifier, String> {
        Notifier::start_at(Pace::default(), webhook, delivered, from, Arc::new(lines))
    }

    /// There may be more lines now.
    pub fn wake(&self) {
        self.news.notify_one();
    }

    /// How far it is; each change is seen.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    fn start_at(
        pace: Pace,
        webhook: Webhook,
        delivered: PathBuf,
        from: u64,
        lines: Arc<Lines>,
    ) -> Result<Notifier, String> {
        let told = Delivered::read(&delivered)?.unwrap_or(from);
        let (said, progress) = watch::channel(Progress { told, ..Progress::default() });
        let news = Arc::new(Notify::new());
        let teller = Teller { pace, webhook, delivered, lines, news: news.clone(), said };
        let mut task = JoinSet::new();
        task.spawn(teller.run(told));
        Ok(Notifier { news, progress, _task: task })
    }
}

struct Teller {
    pace: Pace,
    webhook: Webhook,
    delivered: PathBuf,
    lines: Arc<Lines>,
    news: Arc<Notify>,
    said: watch::Sender<Progress>,
}

impl Teller {
    async fn run(self, mut told: u64) {
        loop {
            let lines = self.lines_behind(told).await;
            if lines.is_empty() {
                self.news.notified().await;
            }
            for (number, line) in lines {
                self.tell(number, &line).await;
                told = number;
                self.keep(told).await;
            }
        }
    }

    /// Where they cannot be read, the next look is after a pause.
    async fn lines_behind(&self, told: u64) -> Vec<(u64, String)> {
        let mut failures = 0;
        loop {
            let lines = self.lines.clone();
            let read = spawn_blocking(move || lines(told)).await.unwrap_or_else(|error| Err(io::Error::other(error)));
            match read {
                Ok(mut lines) => {
                    lines.retain(|(number, _)| *number > told);
                    return lines;
                }
                Err(error) => self.wait(&mut failures, format!("lines behind {told} cannot be read: {error}")).await,
            }
        }
    }

    /// A line that is refused is told again and again: whoever is behind the webhook would miss it, and what comes after it
    /// may make no sense without.
    async fn tell(&self, number: u64, line: &str) {
        let mut failures = 0;
        while let Err(trouble) = self.webhook.tell(line).await {
            self.wait(&mut failures, format!("line {number}: {}: {trouble}", self.webhook.client.address())).await;
        }
    }

    async fn wait(&self, failures: &mut u32, trouble: String) {
        *failures = failures.saturating_add(1);
        self.said.send_modify(|progress| {
            progress.failures = *failures;
            progress.trouble = Some(trouble);
        });
        tokio::time::sleep(self.pace.after(*failures)).await;
    }

    /// Where it cannot be kept, some lines are told again after a start.
    async fn keep(&self, told: u64) {
        let path = self.delivered.clone();
        let kept = spawn_blocking(move || Delivered { number: told }.write(&path)).await;
        let trouble = match kept {
            Ok(Ok(())) => None,
            Ok(Err(why)) => Some(why),
            Err(error) => Some(error.to_string()),
        };
        self.said.send_modify(|progress| *progress = Progress { told, failures: 0, trouble });
    }
}

#[cfg(test)]
mod tests;
