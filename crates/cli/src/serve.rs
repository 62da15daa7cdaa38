//! `weir serve`: a policy and plain Envoy resources over xDS, kept in step with their files.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use weir_xds::{Event, Offer, Report};

use crate::problems::Failure;
use crate::state::State;

mod inputs;
mod keep;
mod nodes;
mod wanted;

use inputs::Inputs;
use wanted::Wanted;

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
    /// A folder of Envoy listeners, routes, clusters and endpoints as YAML or JSON files with `resources: [...]`
    #[arg(long, value_name = "DIR")]
    resources: Option<PathBuf>,
    /// Where Envoys connect (ADS over gRPC, state of the world and delta) and where /healthz answers
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:18000")]
    listen: SocketAddr,
    /// A folder to keep what was served in: a start with a bad policy serves the last good one, and weir history and weir
    /// rollback work
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// How often all files are looked at in full besides being watched; shorten it for file systems that tell of no changes
    #[arg(long, value_name = "TIME", default_value = "30s")]
    rescan: humantime::Duration,
}

const EXAMPLES: &str = "Examples:
  weir serve --policy policy.yaml --attach gateway.yaml
  weir serve --policy policy.yaml --attach attachments/ --state /var/lib/weir
  weir serve --policy policies/ --attach gateway.yaml --attach mesh.yaml --resources envoy/ --listen 127.0.0.1:0

The address is printed on standard output, everything else on standard error. The files are watched: what is good is
pushed, what is bad is reported with every problem while the last good revision stays.

Exit codes: 0 told to stop, 1 the files have problems at the start, 2 wrong use";

impl Serve {
    /// Serves until it is told to stop by SIGINT or SIGTERM.
    pub fn run(self) -> Result<(), Failure> {
        let state = self.state.as_deref().map(State::open).transpose()?;
        let _locked = state.as_ref().map(State::lock).transpose()?;
        let inputs = Inputs { policy: self.policy, attach: self.attach, resources: self.resources, state };
        // Looked at before they are read: a change in between is seen as one.
        let seen = inputs.fingerprint();
        let first = start(&inputs)?;
        let runtime = Runtime::new().map_err(|error| Failure::Use(format!("no runtime: {error}")))?;
        runtime.block_on(async {
            let listener = TcpListener::bind(self.listen).await;
            let listener = listener.map_err(|error| Failure::Use(format!("--listen {}: {error}", self.listen)))?;
            let address = listener.local_addr().map_err(|error| Failure::Use(error.to_string()))?;
            println!("listening on {address}");
            keep::log_served(&first);
            let (sender, offers) = watch::channel(Arc::new(first));
            keep::in_step(inputs, seen, self.rescan.into(), sender)
                .map_err(|error| Failure::Use(format!("files cannot be watched: {error}")))?;
            let (reports, mut reported) = mpsc::unbounded_channel::<Report>();
            tokio::spawn(async move {
                while let Some(report) = reported.recv().await {
                    if !matches!(report.event, Event::Sent { .. } | Event::Offered { .. }) {
                        eprintln!("{report}");
                    }
                }
            });
            let served = weir_xds::serve(listener, offers, reports, told_to_stop()).await;
            served.map_err(|error| Failure::Use(format!("serving ended: {error}")))
        })
    }
}

/// What is served at first, which is kept at once.
fn start(inputs: &Inputs) -> Result<Offer, Failure> {
    let wanted = Wanted::at_start(inputs);
    let Some((contents, cause)) = wanted.contents else {
        return Err(wanted.complaint.unwrap_or(Failure::Reported));
    };
    if let Some(complaint) = wanted.complaint {
        keep::log_complaint(&contents.policy.revision.to_string(), &complaint.text(false));
    }
    keep::keep(inputs, &contents, cause);
    Ok(contents.offer())
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
    eprintln!("stopping");
}
