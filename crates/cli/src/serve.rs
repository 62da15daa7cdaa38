//! `weir serve`: a policy and plain Envoy resources over xDS, kept in step with their files. It is one line:
//!
//! ```text
//! files ─file_watcher→ Written ─effective, check→ Proposal ─desired→ Target ─stages, rollout→ Publication ─xds→ Envoys
//!                                        state, a request ───┘                  └→ Progress, with the Fleet → http
//! ```
//!
//! and what edges counted comes back by their admin interfaces: `evidence`.

use std::io::{Write as _, stdout};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;
use weir_xds::{Listen, Report};

use crate::duration;
use crate::problems::Failure;
use crate::state_dir::StateDir;

mod changes;
mod counting;
mod deployment;
mod desired;
mod evidence;
mod file_limit;
mod file_watcher;
mod files;
pub mod fleet;
mod http;
mod judge;
mod log;
mod namespaces;
mod notice;
mod progress;
mod proposal;
mod pushes;
mod queries;
mod questions;
mod readings;
mod releases;
mod remote_options;
mod rollout;
mod saved;
mod tls;
mod written;

use evidence::{Gatherer, SharedEvidence};
use file_watcher::FileWatcher;
use files::Files;
use fleet::{Moment, SharedFleet};
use judge::{Judge, TickOf};
use log::Log;
use notice::Notice;
use progress::SharedProgress;
use questions::Questions;
use readings::ReadingOptions;
use releases::{Observed, Recent, Releases, SharedReleases};
use remote_options::NotifyOptions;
use rollout::{Rollout, RolloutOptions};
use tls::TlsOptions;

/// Serves a policy, and plain Envoy resources, to Envoys over xDS
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// A policy file (YAML or JSON), or a folder whose files are one policy together
    #[arg(long)]
    policy: PathBuf,
    /// An attachment file: name, role, steering, where the module lies, and which Envoys get it; served as `weir.NAME`
    /// by ECDS. May be given several times, or be a folder of such files
    #[arg(long, required = true)]
    attach: Vec<PathBuf>,
    /// Documents of releases: a file (YAML or JSON), or a folder of such files; needs --state
    #[arg(long, value_name = "PATH", requires = "state")]
    releases: Option<PathBuf>,
    /// Begin a journal of releases where there is none that can be read: all of them are queued and paused then
    #[arg(long, requires = "releases")]
    new_journal: bool,
    /// The time from one look at the edges to the next, for tests
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::read, hide = true)]
    tick: humantime::Duration,
    /// A folder of Envoy listeners, routes, clusters and endpoints as YAML or JSON files with `resources: [...]`
    #[arg(long, value_name = "DIR")]
    resources: Option<PathBuf>,
    /// Where Envoys connect (ADS over gRPC, state of the world and delta) and where /healthz answers
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:18000")]
    listen: SocketAddr,
    /// A folder to keep what was served and counted in: a start with a bad policy serves the last good one, weir history and
    /// weir rollback work, and evidence goes on
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// How often all files are looked at in full besides being watched; shorten it for file systems that tell of no changes
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration::read)]
    rescan: humantime::Duration,
    /// Where /fleet (weir fleet), /evidence, /metrics, /healthz and /readyz answer over plain HTTP; without it nowhere. Whoever
    /// reaches this address sees the Envoys' node ids and revisions, ids of experiments and how much traffic they have
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
    #[command(flatten)]
    tls: TlsOptions,
    #[command(flatten)]
    readings: ReadingOptions,
    #[command(flatten)]
    rollout: RolloutOptions,
    #[command(flatten)]
    notify: NotifyOptions,
    /// The form of what is said on standard error
    #[arg(long, value_name = "FORM", default_value = "text")]
    log: Log,
}

const EXAMPLES: &str = "Examples:
  weir serve --policy policy.yaml --attach gateway.yaml
  weir serve --policy policy.yaml --attach attachments/ --state /var/lib/weir
  weir serve --policy policies/ --attach gateway.yaml --attach mesh.yaml --resources envoy/ --listen 127.0.0.1:0

The addresses are printed on standard output, everything else on standard error. The files are watched: what is good is
pushed, what is bad is reported with every problem while the last good revision stays.

Exit codes: 0 told to stop, 1 the files have problems at the start, 2 wrong use";

/// Envoys that one server holds, where there are file handles for them.
const CONNECTIONS_MAX: usize = 16_384;
/// Tasks that may run before sockets are looked at again. A push is on its way to a thousand Envoys before the first of their
/// answers is read.
const TASKS_BETWEEN_LOOKS: u32 = 1_024;
/// Reports that wait to be taken in; where there are more, streams wait.
const REPORTS_MAX: usize = 65_536;
/// The time between two looks whether anybody asks something of a release.
const LOOK_FOR_REQUESTS: Duration = Duration::from_millis(500);
/// Reports are taken in together that come within this: whoever waits for something of the fleet looks at all of it with
/// each change.
const TOGETHER: Duration = Duration::from_millis(10);

impl Serve {
    /// Serves until it is told to stop by SIGINT or SIGTERM.
    pub fn run(self) -> Result<(), Failure> {
        let state = self.state.as_deref().map(StateDir::open).transpose()?;
        let _locked = state.as_ref().map(StateDir::lock).transpose()?;
        let request = state.as_ref().map(StateDir::rollback_file);
        let releases = self.releases.clone();
        let files = Files { policy: self.policy, attach: self.attach, resources: self.resources, releases, request };
        let (watcher, written) = FileWatcher::start(files, self.rescan.into());
        let (fleet, progress, evidence) =
            (SharedFleet::default(), SharedProgress::default(), SharedEvidence::default());
        let every: Duration = self.tick.into();
        let releases = state.clone().zip(self.releases.as_ref());
        let shown = SharedReleases::default();
        let questions = Questions::new(self.readings.prometheus(), self.log);
        let start = |(folder, path): (StateDir, &PathBuf)| {
            Releases::start(folder, path, self.new_journal, every, shown.clone(), questions.clone(), self.log)
        };
        if let Some(folder) = state.as_ref().filter(|_| releases.is_none()) {
            Releases::may_be_absent(folder)?;
        }
        let releases = releases.map(start).transpose()?;
        let asked = state.clone().filter(|_| releases.is_some());
        let recent = releases.as_ref().map(Releases::recent);
        let judge = Judge::start(written, state.clone(), releases, progress.clone(), self.log)?;
        let resumed = judge.resumed();
        let has_state = state.is_some();
        let runtime = Builder::new_multi_thread().enable_all().event_interval(TASKS_BETWEEN_LOOKS).build();
        let runtime = runtime.map_err(|error| Failure::Usage(format!("no runtime: {error}")))?;
        let connections_max = file_limit::for_connections(CONNECTIONS_MAX, self.log);
        runtime.block_on(async {
            let tls = self.tls.open(self.listen, self.http, self.log)?;
            let listener = bind("--listen", self.listen).await?;
            let (stop, stopping) = watch::channel(false);
            let targets = judge.targets();
            let tell = Box::new(move |notice: &Notice| self.log.tell(notice));
            let rollout = Rollout::start(
                &targets.borrow(),
                resumed,
                self.rollout,
                progress.clone(),
                fleet.clone(),
                state.clone(),
                tell,
            );
            let (ticks, ticking) = mpsc::channel(1);
            let gatherer = Gatherer {
                admin_port: self.readings.admin_port(),
                fleet: fleet.clone(),
                progress: progress.clone(),
                state,
                log: self.log,
                evidence: evidence.clone(),
                releases: asked.is_some().then(|| ticks.clone()),
                shown: shown.clone(),
                questions,
                every,
            };
            let gathered = tokio::spawn(gatherer.follow(stopping.clone()));
            if let Some(address) = self.http {
                let listener = bind("--http", address).await?;
                announce(&format!("answering on {}", local(&listener)?));
                tokio::spawn(http::answer(listener, fleet.clone(), progress, evidence, shown, stopping));
            }
            announce(&format!("listening on {}", local(&listener)?));
            if !self.listen.ip().is_loopback() {
                self.log.tell(&Notice::StagesAlone { state: has_state });
            }
            if self.tls.lets_in_several_namespaces() {
                tokio::spawn(namespaces::tell(judge.targets(), self.log));
            }
            let publications = rollout.publications();
            tokio::spawn(rollout.follow(targets));
            let (changes, changed) = mpsc::channel(1);
            // On a thread of its own: the memory that one thread has for parsing policies is used again, and each further one
            // would keep as much.
            let judging = Handle::current();
            let of_fleet = fleet.clone();
            thread::spawn(move || judging.block_on(judge.follow(changed, ticking, of_fleet)));
            let folder = self.state.unwrap_or_default().join("releases");
            let _telling = recent.map(|recent| tell_on(&self.notify, &folder, recent, self.log)).transpose()?;
            if let Some(folder) = asked {
                tokio::spawn(tick_when_asked(folder, ticks));
            }
            watcher.follow(changes).map_err(|error| Failure::Usage(format!("files cannot be watched: {error}")))?;
            let (reports, reported) = mpsc::channel(REPORTS_MAX);
            let taken_in = tokio::spawn(take_in(reported, fleet.clone(), self.log));
            tokio::spawn(self.readings.follow(fleet));
            let stopped = async {
                told_to_stop().await;
                self.log.tell(&Notice::Stopping);
                let _ = stop.send(true);
            };
            let listen = Listen { listener, tls, connections_max };
            weir_xds::serve(listen, publications, reports, stopped).await;
            // What was heard until the last connection was gone is still to be said.
            taken_in.await.map_err(|error| Failure::Usage(format!("the log ends early: {error}")))?;
            gathered.await.map_err(|error| Failure::Usage(format!("evidence ends early: {error}")))
        })
    }
}

/// Has the webhook told, if there is one, what happens to releases, for as long as what is returned lives.
fn tell_on(options: &NotifyOptions, folder: &Path, recent: Recent, log: Log) -> Result<Option<JoinSet<()>>, Failure> {
    let mut newest = recent.newest();
    let from = *newest.borrow_and_update();
    let lines = move |number| {
        let lines = recent.after(number)?;
        let first = lines.first().map_or(0, |(first, _)| first.saturating_sub(1));
        if first > number {
            log.tell(&Notice::NotifyGap { from: number.saturating_add(1), to: first });
        }
        Ok(lines)
    };
    let notifier = options.notifier(folder, from, lines);
    let notifier = notifier.map_err(|why| Failure::Usage(format!("--notify: {why}")))?;
    Ok(notifier.map(|notifier| {
        let mut waking = JoinSet::new();
        waking.spawn(async move {
            let (mut progress, mut is_failing) = (notifier.progress(), false);
            loop {
                tokio::select! {
                    changed = newest.changed() => match changed {
                        Ok(()) => notifier.wake(),
                        Err(_) => return,
                    },
                    Ok(()) = progress.changed() => {
                        let trouble = progress.borrow_and_update().trouble.clone();
                        if trouble.is_some() != is_failing {
                            is_failing = trouble.is_some();
                            log.tell(&trouble.map_or(Notice::Notified, |why| Notice::NotNotified { why }));
                        }
                    }
                }
            }
        });
        waking
    }))
}

async fn bind(flag: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| Failure::Usage(format!("{flag} {address}: {error}")))
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| Failure::Usage(error.to_string()))
}

/// Says something on standard output. Where nobody reads it, the server goes on.
fn announce(line: &str) {
    let _ = writeln!(stdout(), "{line}");
}

async fn take_in(mut reported: mpsc::Receiver<Report>, fleet: SharedFleet, log: Log) {
    let mut reports = Vec::new();
    while reported.recv_many(&mut reports, REPORTS_MAX).await > 0 {
        log.reports(&reports);
        let now = Moment::now();
        fleet.send_modify(|fleet| reports.iter().for_each(|report| fleet.note(report, now)));
        reports.clear();
        sleep(TOGETHER).await;
    }
}

/// Has releases looked at as soon as somebody asks something of one: nobody should wait ten seconds for an abort.
async fn tick_when_asked(folder: StateDir, ticks: mpsc::Sender<TickOf>) {
    loop {
        sleep(LOOK_FOR_REQUESTS).await;
        if !block_in_place(|| Releases::is_asked(&folder)) {
            continue;
        }
        let (reply, came) = oneshot::channel();
        if ticks.send(TickOf { observed: Observed::default(), reply }).await.is_err() {
            return;
        }
        let _ = came.await;
    }
}

async fn told_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
