//! Options that name a webhook to tell what releases do.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use weir_remote::{Address, Notifier, Webhook};

/// Which one, and the key.
#[derive(Args, Clone)]
pub struct NotifyOptions {
    /// A webhook that each event of releases is posted to
    #[arg(long, value_name = "URL", requires = "notify_key", value_parser = Address::webhook)]
    notify: Option<Address>,
    /// A file with the key, of 16 bytes at least, that posts are signed by; read at each of them
    #[arg(long, value_name = "FILE", requires = "notify")]
    notify_key: Option<PathBuf>,
}

impl NotifyOptions {
    /// A task that tells the webhook, if there is one, the lines of a journal that come after the last one it was told, which
    /// is kept in this folder; the first time, those after the line `from`.
    ///
    /// # Errors
    /// The key, or the file of what was told, will not do.
    pub fn notifier(
        &self,
        folder: &Path,
        from: u64,
        lines: impl Fn(u64) -> io::Result<Vec<(u64, String)>> + Send + Sync + 'static,
    ) -> Result<Option<Notifier>, String> {
        let (Some(address), Some(key)) = (&self.notify, &self.notify_key) else { return Ok(None) };
        let webhook = Webhook::new(address.clone(), key.clone());
        webhook.check()?;
        Notifier::start(webhook, folder.join("notified.json"), from, lines).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        notify: NotifyOptions,
    }

    fn parsed(line: &str) -> Result<NotifyOptions, String> {
        let words = ["weir"].into_iter().chain(line.split_whitespace());
        Command::try_parse_from(words).map(|command| command.notify).map_err(|error| error.to_string())
    }

    #[test]
    fn a_webhook_has_a_key() {
        assert!(parsed("").unwrap().notify.is_none());
        assert!(parsed("--notify https://hooks.example/x --notify-key k").unwrap().notify.is_some());
        for (line, said) in [
            ("--notify https://hooks.example/x", "--notify-key <FILE>"),
            ("--notify-key k", "--notify <URL>"),
            ("--notify hooks.example --notify-key k", "is no whole URL"),
        ] {
            let error = parsed(line).err().unwrap_or_default();
            assert!(error.contains(said), "{line}: {error}");
        }
    }

    #[tokio::test]
    async fn a_key_that_will_not_do_is_said_at_the_start() {
        let options = parsed("--notify http://127.0.0.1:1/ --notify-key /nowhere/key").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let error = options.notifier(folder.path(), 0, |_| Ok(Vec::new())).err().unwrap();
        assert!(error.contains("/nowhere/key: No such file"), "{error}");
        assert!(parsed("").unwrap().notifier(folder.path(), 0, |_| Ok(Vec::new())).unwrap().is_none());
    }
}
