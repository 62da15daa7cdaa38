//! A real `weir serve` on a free port.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tempfile::TempDir;

use super::artifact;
use super::event::{Event, EventMatch};
use super::poll::eventually;
use super::process::Process;

const DEADLINE: Duration = Duration::from_secs(20);

/// A running ADS server that watches its files.
pub struct Weir {
    process: Process,
    address: SocketAddr,
    /// What it is run by and with.
    command: Vec<String>,
    folder: TempDir,
}

impl Weir {
    /// Starts on a free port and waits until it listens; panics with what it said if it ends instead.
    pub async fn serve(policy: &Path, attach: &Path, resources: &Path) -> Self {
        let files = [("--policy", policy), ("--attach", attach), ("--resources", resources)];
        let arguments = files.iter().flat_map(|(flag, path)| [(*flag).to_owned(), path.display().to_string()]);
        Self::with(arguments.collect()).await
    }

    /// The same by the words of its command line.
    pub async fn with(arguments: Vec<String>) -> Self {
        Self::under(&[], arguments).await
    }

    /// The same run by another program, which is given the whole command. Its log is JSON unless the arguments say `--log`.
    pub async fn under(runner: &[String], mut arguments: Vec<String>) -> Self {
        if !arguments.iter().any(|word| word == "--log") {
            arguments.extend(["--log", "json"].map(str::to_owned));
        }
        let folder = tempfile::tempdir().unwrap();
        let program = artifact::weir().display().to_string();
        let command = [runner, &[program, "serve".to_owned()], &arguments].concat();
        let (process, address) = listening(&command, "127.0.0.1:0", folder.path()).await;
        Self { process, address, command, folder }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Where Envoy finds it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has logged since it was last started, for the message of a failing test and for tests of the text form.
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// What it has logged since it was last started, oldest first.
    pub fn events(&self) -> Vec<Event> {
        // The last line may be half written.
        self.log().split_inclusive('\n').filter(|line| line.ends_with('\n')).map(Event::read).collect()
    }

    /// How often it has logged that.
    pub fn count(&self, wanted: &EventMatch) -> usize {
        self.events().iter().filter(|event| wanted.matches(event)).count()
    }

    /// Waits until it has logged that since it was last started. The place of the first such event among [`Weir::events`].
    pub async fn until(&self, wanted: &EventMatch) -> usize {
        eventually(DEADLINE, &format!("{wanted:?} in the log of weir serve"), async || {
            self.events().iter().position(|event| wanted.matches(event)).ok_or_else(|| self.log())
        })
        .await
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the address that it had.
    pub async fn restart(&mut self) {
        self.restart_with(&[]).await;
    }

    /// The same with further words on its command line.
    pub async fn restart_with(&mut self, words: &[&str]) {
        self.process.stop();
        self.command.extend(words.iter().map(|word| (*word).to_owned()));
        (self.process, self.address) = listening(&self.command, &self.address.to_string(), self.folder.path()).await;
    }

    /// Where it answers over HTTP: it was given `--http`.
    pub fn http(&self) -> SocketAddr {
        let said = self.process.stdout();
        let address = said.lines().find_map(|line| line.strip_prefix("answering on ")?.parse().ok());
        address.unwrap_or_else(|| panic!("{}", self.process.tail()))
    }

    /// Tells it to stop, as an init system does, and goes on at once.
    pub fn tell_to_stop(&mut self) {
        self.process.terminate();
    }

    /// Its exit status, once it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.ended()
    }
}

async fn listening(command: &[String], listen: &str, folder: &Path) -> (Process, SocketAddr) {
    let arguments = [&command[1..], &["--listen".to_owned(), listen.to_owned()]].concat();
    let mut process = Process::start("weir", command[0].as_ref(), &arguments, folder);
    let address = eventually(DEADLINE, "weir serve listens", async || {
        let ended = process.ended();
        assert!(ended.is_none(), "weir serve ended with {ended:?}\n{}", process.tail());
        let said = process.stdout();
        let address = said.lines().find_map(|line| line.strip_prefix("listening on ")?.parse().ok());
        address.ok_or_else(|| process.tail())
    });
    let address = address.await;
    (process, address)
}
