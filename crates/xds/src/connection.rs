//! Connections as they come in: bounded in number, over TLS where it is wanted, each to be cut off at any time.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use crate::tls::identity;
use crate::{Event, Report, Tls};

/// A client that says nothing holds a place among those that shake hands for so long.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections that shake hands at the same time; more wait to be accepted.
const HANDSHAKES_MAX: usize = 256;
/// When the process has no file handles left, accepting is tried again after this.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that was let in.
pub(crate) struct Connection {
    io: Io,
    peer: Peer,
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
    _place: OwnedSemaphorePermit,
}

/// Who is at the other end.
#[derive(Clone)]
pub(crate) struct Peer {
    pub address: SocketAddr,
    /// The name by which it was let in, if by TLS.
    pub identity: Option<String>,
    cut: Arc<Notify>,
}

enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Accepts until `stopping` closes. Of a client that is turned away comes a report.
pub(crate) fn incoming(
    listener: TcpListener,
    tls: Option<Tls>,
    connections_max: usize,
    reports: mpsc::Sender<Report>,
    mut stopping: watch::Receiver<()>,
) -> ReceiverStream<io::Result<Connection>> {
    let (connections, accepted) = mpsc::channel(1);
    let door = Door {
        places: Arc::new(Semaphore::new(connections_max)),
        handshakes: Arc::new(Semaphore::new(HANDSHAKES_MAX)),
        tls,
        connections,
        reports,
    };
    tokio::spawn(async move {
        tokio::select! {
            () = door.accept(&listener) => {}
            _ = stopping.changed() => {}
        }
    });
    ReceiverStream::new(accepted)
}

struct Door {
    places: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    tls: Option<Tls>,
    connections: mpsc::Sender<io::Result<Connection>>,
    reports: mpsc::Sender<Report>,
}

impl Door {
    async fn accept(&self, listener: &TcpListener) {
        loop {
            let Ok(handshake) = self.handshakes.clone().acquire_owned().await else { return };
            let Ok((stream, address)) = listener.accept().await else {
                sleep(PAUSE).await;
                continue;
            };
            let Ok(place) = self.places.clone().try_acquire_owned() else {
                turned_away(&self.reports, address, "too many connections are open".into());
                continue;
            };
            // Small messages go out at once; where that cannot be set they go a little later.
            let _ = stream.set_nodelay(true);
            let (tls, connections, reports) = (self.tls.clone(), self.connections.clone(), self.reports.clone());
            tokio::spawn(async move {
                match let_in(stream, tls).await {
                    Ok((io, identity)) => {
                        drop(handshake);
                        let connection = Connection::new(io, address, identity, place);
                        // Nobody takes it only when the server stops.
                        let _ = connections.send(Ok(connection)).await;
                    }
                    Err(reason) => turned_away(&reports, address, reason),
                }
            });
        }
    }
}

async fn let_in(stream: TcpStream, tls: Option<Tls>) -> Result<(Io, Option<String>), String> {
    let Some(tls) = tls else { return Ok((Io::Plain(stream), None)) };
    let config = tls.certificates.borrow().0.clone();
    let shaken = timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await;
    let shaken = shaken.map_err(|_| format!("no TLS handshake within {HANDSHAKE:?}"))?;
    let stream = shaken.map_err(|error| format!("TLS: {error}"))?;
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let identity = identity(certificate.ok_or("no certificate")?, &tls.allowed)?;
    Ok((Io::Tls(Box::new(stream)), Some(identity)))
}

fn turned_away(reports: &mpsc::Sender<Report>, peer: SocketAddr, reason: String) {
    // Where nobody keeps up with reading of them, those that are turned away are not worth waiting for.
    let _ = reports.try_send(Report { stream: 0, node: String::new(), event: Event::TurnedAway { peer, reason } });
}

impl Connection {
    fn new(io: Io, address: SocketAddr, identity: Option<String>, place: OwnedSemaphorePermit) -> Connection {
        let cut = Arc::new(Notify::new());
        let peer = Peer { address, identity, cut: cut.clone() };
        Connection { io, peer, cut: Box::pin(async move { cut.notified().await }), _place: place }
    }

    fn io(self: Pin<&mut Self>) -> Pin<&mut (dyn Both + Unpin)> {
        match &mut self.get_mut().io {
            Io::Plain(stream) => Pin::new(stream),
            Io::Tls(stream) => Pin::new(stream),
        }
    }
}

impl Peer {
    /// Closes the connection, whatever is still on its way: for a client that does not read.
    pub fn cut_off(&self) {
        self.cut.notify_one();
    }
}

trait Both: AsyncRead + AsyncWrite {}
impl<T: AsyncRead + AsyncWrite> Both for T {}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // HTTP/2 always waits for the next frame, so this is where it hears of it.
        if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        self.io().poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.io().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_shutdown(cx)
    }
}
