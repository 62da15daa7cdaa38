//! The server: accepts connections until it is told to stop.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::acceptor::Acceptor;
use crate::grpc::connection::Server;
use crate::memory::MemoryBudget;
use crate::{Publication, Report, Tls};

/// Where clients come in.
pub struct Listen {
    /// The address.
    pub listener: TcpListener,
    /// Whom to let in; `None`: everybody, in plain text.
    pub tls: Option<Tls>,
    /// How many at most.
    pub connections_max: usize,
}

/// Serves ADS, state of the world and delta, to whoever is let in, and 200 at `/healthz`, until `shutdown`. Every stream is
/// sent what a new publication changes for it. What clients say comes out at `reports`; who does not read them is waited for.
/// Comes back when the last connection is gone, soon after `shutdown`. Errors of single connections end these alone.
pub async fn serve(
    listen: Listen,
    publications: watch::Receiver<Arc<Publication>>,
    reports: mpsc::Sender<Report>,
    shutdown: impl Future<Output = ()>,
) {
    let Listen { listener, tls, connections_max } = listen;
    let (stop, stopping) = watch::channel(());
    let acceptor = Acceptor::new(
        connections_max,
        tls,
        Server { publications, reports, streams: Arc::new(AtomicU64::new(1)), memory: MemoryBudget::new(), stopping },
    );
    tokio::select! {
        () = acceptor.accept(&listener) => {}
        () = shutdown => {}
    }
    drop((listener, stop));
    acceptor.drained().await;
}
