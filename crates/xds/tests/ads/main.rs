//! The server as a client sees it: real gRPC over loopback.

#[path = "../../../../tests/e2e/support/authority.rs"]
mod authority;
mod bounds;
mod client;
mod delta;
mod ends;
mod extensions;
mod http;
mod identity;
mod nodes;
mod raw;
mod sotw;
mod tls;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use weir_xds::{Catalog, Event, Filter, Listen, Publication, Report, Resource, ResourceKind, Tls, serve};

/// Connections that the servers of these tests take.
const CONNECTIONS_MAX: usize = 20;

/// A server on a free port, and the hands on its levers.
struct Served {
    address: String,
    publications: watch::Sender<Arc<Publication>>,
    reports: mpsc::Receiver<Report>,
    shutdown: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Served {
    /// Serves these resources under the label `r1`.
    async fn start(resources: &[Resource]) -> Served {
        Self::start_with(None, CONNECTIONS_MAX, resources).await
    }

    /// The same over TLS, for so many clients.
    async fn start_with(tls: Option<Tls>, connections_max: usize, resources: &[Resource]) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let listen = Listen { listener, tls, connections_max };
        let first = Arc::new(Catalog::new("r1", resources.to_vec(), Vec::new()));
        let (publications, receiver) = watch::channel(Arc::new(Publication::to_all(1, first)));
        let (sender, reports) = mpsc::channel(1_000);
        let (shutdown, stopped) = oneshot::channel();
        let server = tokio::spawn(async {
            serve(listen, receiver, sender, async { drop(stopped.await) }).await;
        });
        Served { address, publications, reports, shutdown, server }
    }

    fn publish(&self, label: &str, resources: &[Resource]) {
        self.publish_filters(label, resources, Vec::new());
    }

    fn publish_filters(&self, label: &str, resources: &[Resource], filters: Vec<Filter>) {
        let catalog = Arc::new(Catalog::new(label, resources.to_vec(), filters));
        let number = self.publications.borrow().number + 1;
        self.publications.send(Arc::new(Publication::to_all(number, catalog))).unwrap();
    }

    /// The next report on what a client said, as the operator reads it.
    async fn reported(&mut self) -> String {
        loop {
            let report = client::soon(self.reports.recv()).await.expect("a report");
            if matches!(report.event, Event::Acked { .. } | Event::Rejected { .. } | Event::UnknownType { .. }) {
                return report.to_string();
            }
        }
    }
}

/// A resource whose body and version are this content; the server looks into neither.
fn resource(kind: ResourceKind, name: &str, content: &str) -> Resource {
    Resource { kind, name: name.into(), version: format!("v{content}"), body: content.to_owned().into() }
}
