//! A child process that cannot outlive the test: its output goes to files that tests may read at any time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::poll::becomes_true;

const STOP_DEADLINE: Duration = Duration::from_secs(10);
const TAIL_LINES: usize = 40;

/// A running program. Dropping it sends SIGTERM, then SIGKILL if that is not obeyed.
pub struct Process {
    name: &'static str,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Process {
    /// Starts `program` with its output in `folder/NAME.stdout` and `folder/NAME.stderr`, both written anew. It stands in
    /// `folder`, so a relative path in its configuration means a file there.
    pub fn start(name: &'static str, program: &Path, arguments: &[String], folder: &Path) -> Self {
        let stdout = folder.join(format!("{name}.stdout"));
        let stderr = folder.join(format!("{name}.stderr"));
        let mut command = Command::new("setpriv");
        // Nobody is left then to see that it ends: an API server that waits for its callers would stay for a minute.
        command.args(["--pdeathsig", "KILL", "--"]).arg(program).args(arguments).current_dir(folder);
        command.stdin(Stdio::null());
        command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap());
        let child = spawn_for_good(command).unwrap_or_else(|error| {
            panic!("cannot start {name} by setpriv (Debian: apt-get install util-linux): {error}")
        });
        Self { name, child, stdout, stderr }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output so far.
    pub fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// What it has written to standard error so far.
    pub fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// The end of both outputs, for the message of a failing test.
    pub fn tail(&self) -> String {
        let text = self.stdout() + &self.stderr();
        let lines: Vec<&str> = text.lines().collect();
        format!("{} said last:\n{}", self.name, lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"))
    }

    /// The exit status, once it has ended by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Asks it to end as `kill` does.
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Stops it in its tracks, or lets it go on.
    pub fn freeze(&mut self, frozen: bool) {
        self.signal(if frozen { Signal::STOP } else { Signal::CONT });
    }

    /// Ends it as `kill` does and waits until it is gone.
    pub fn stop(&mut self) {
        self.terminate();
        if !becomes_true(STOP_DEADLINE, || self.ended().is_some()) {
            self.kill();
        }
    }

    /// Ends it at once, as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
    }

    fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            // It may end between the question and the signal; until it is waited for, its id is not given to another.
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Spawns from a thread that lives as long as the test process does: the kernel sends the parent-death signal when the
/// *thread* that forked ends, which would be at the end of a test for its siblings, or when a pool retires a worker.
fn spawn_for_good(command: Command) -> std::io::Result<Child> {
    type Order = (Command, Sender<std::io::Result<Child>>);
    static SPAWNER: OnceLock<Sender<Order>> = OnceLock::new();

    let spawner = SPAWNER.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, reply) in inbox {
                let _ = reply.send(command.spawn());
            }
        });
        orders
    });
    let (reply, answer) = channel();
    spawner.send((command, reply)).unwrap();
    answer.recv().unwrap()
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}
