//! The acceptor: takes connections in, bounded in number, over TLS where it is wanted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::farewell::Farewell;
use crate::grpc::connection::{HANDSHAKE_TIMEOUT, Server};
use crate::grpc::stream::{Peer, ended};
use crate::handshakes::{Pending, PendingHandshakes};
use crate::health::answer_http1;
use crate::identity::CertifiedClient;
use crate::tls::allowed_names;
use crate::{Event, Report, Tls};

/// How soon `accept` is tried again after it failed, as it does when the process has no file handles left.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// How often such a failure is reported.
const ACCEPT_REPORT: Duration = Duration::from_secs(60);

pub(crate) struct Acceptor {
    connections: Arc<Semaphore>,
    connections_max: usize,
    handshakes: PendingHandshakes,
    tls: Option<Tls>,
    server: Server,
}

impl Acceptor {
    pub fn new(connections_max: usize, tls: Option<Tls>, server: Server) -> Acceptor {
        let connections = Arc::new(Semaphore::new(connections_max));
        Acceptor { connections, connections_max, handshakes: PendingHandshakes::default(), tls, server }
    }

    /// Accepts connections for ever, and serves each in a task of its own.
    pub async fn accept(&self, listener: &TcpListener) {
        let mut reported: Option<Instant> = None;
        loop {
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    if reported.is_none_or(|reported| reported.elapsed() > ACCEPT_REPORT) {
                        reported = Some(Instant::now());
                        report(&self.server, Event::AcceptFailed { reason: error.to_string() });
                    }
                    sleep(ACCEPT_RETRY).await;
                    continue;
                }
            };
            let Ok(permit) = self.connections.clone().try_acquire_owned() else {
                refuse_connection(&self.server, address, "too many connections are open");
                continue;
            };
            let Some(pending) = self.handshakes.admit(address.ip()) else {
                refuse_connection(&self.server, address, "too many connections of this address await their handshake");
                continue;
            };
            // Small messages go out at once; where that cannot be set they go a little later.
            let _ = stream.set_nodelay(true);
            let (tls, server) = (self.tls.clone(), self.server.clone());
            tokio::spawn(async move {
                let _permit = permit;
                match tls {
                    None => serve_plain(stream, address, pending, server).await,
                    Some(tls) => Box::pin(serve_tls(stream, address, pending, tls, server)).await,
                }
            });
        }
    }

    /// Waits until every connection is closed.
    pub async fn drained(&self) {
        // Nobody closes it; and no more fit into an `u32` than there are ports.
        let _ = self.connections.acquire_many(self.connections_max.try_into().unwrap_or(u32::MAX)).await;
    }
}

async fn serve_plain(stream: TcpStream, address: SocketAddr, pending: Pending, server: Server) {
    let Some(Some(first)) = in_time(&server, first_byte(&stream)).await else { return };
    drop(pending);
    // HTTP/2 begins with `PRI`, and nobody puts or posts anything here.
    match first {
        b'P' => server.serve_connection(stream, Peer { address, certified: None, farewell: Farewell::default() }).await,
        _ => Box::pin(answer_http1(stream)).await,
    }
}

async fn serve_tls(stream: TcpStream, address: SocketAddr, pending: Pending, tls: Tls, server: Server) {
    let handshake = in_time(&server, async {
        // A connection that sends nothing takes no permit.
        first_byte(&stream).await.ok_or("closed before the TLS handshake")?;
        let _permit = pending.handshake_permit().await;
        shake_hands(stream, tls).await
    });
    match Box::pin(handshake).await {
        None if server.stopping.has_changed().is_err() => {}
        None => refuse_connection(&server, address, &format!("no TLS handshake within {HANDSHAKE_TIMEOUT:?}")),
        Some(Err(reason)) => refuse_connection(&server, address, &reason),
        Some(Ok((stream, certified))) => {
            drop(pending);
            match stream.get_ref().1.alpn_protocol() {
                Some(b"http/1.1") => answer_http1(stream).await,
                _ => {
                    let farewell = Farewell::default();
                    let stream = farewell.heard_from(stream);
                    server.serve_connection(stream, Peer { address, certified: Some(certified), farewell }).await;
                }
            }
        }
    }
}

/// The output of a handshake that completes within its time and before the server stops.
async fn in_time<T>(server: &Server, handshake: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = timeout(HANDSHAKE_TIMEOUT, handshake) => done.ok(),
        () = ended(server.stopping.clone()) => None,
    }
}

/// Waits for the first byte and leaves it in the stream; `None` if the peer closes instead.
async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut first = [0];
    matches!(stream.peek(&mut first).await, Ok(1)).then_some(first[0])
}

async fn shake_hands(stream: TcpStream, tls: Tls) -> Result<(TlsStream<TcpStream>, Arc<CertifiedClient>), String> {
    let config = tls.certificates.borrow().0.clone();
    let shaken = TlsAcceptor::from(config).accept(stream).await;
    let stream = shaken.map_err(|error| format!("TLS: {error}"))?;
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let names = allowed_names(certificate.ok_or("no certificate")?, &tls.allowed)?;
    Ok((stream, Arc::new(CertifiedClient { names, identity: tls.identity })))
}

/// Reports a connection that was not taken in.
fn refuse_connection(server: &Server, peer: SocketAddr, reason: &str) {
    report(server, Event::ConnectionRefused { peer, reason: reason.to_owned() });
}

fn report(server: &Server, event: Event) {
    // Where the receiver does not keep up, reports of refused connections are dropped: none of them is worth a wait.
    let _ = server.reports.try_send(Report { stream: 0, node: Arc::default(), event });
}
