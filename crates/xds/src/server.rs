//! The server: accepts connections until it is told to stop.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::acceptor::Acceptor;
use crate::grpc::connection::Server;
use crate::memory::MemoryBudget;
use crate::{Publication, Report, Tls};

/// The listener of a server.
pub struct Listen {
    /// The socket.
    pub listener: TcpListener,
    /// Which clients are allowed; `None`: every one, in plain text.
    pub tls: Option<Tls>,
    /// Connections at the same time.
    pub connections_max: usize,
}

/// Serves ADS and ECDS, state of the world and delta, and 200 at `/healthz`, until `shutdown`. Every stream is sent what a new
/// publication changes for it. Events come out at `reports`; while nobody takes them from there, streams wait. Returns when the
/// last connection is closed, soon after `shutdown`. An error of a connection ends that connection only.
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
