//! The door: connections come in, bounded in number, over TLS where it is wanted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::connection::{Ads, HANDSHAKE};
use crate::conversation::Peer;
use crate::health::answer_http1;
use crate::tls::identity;
use crate::{Event, Report, Tls};

/// Connections that shake hands over TLS at the same time; more wait for their turn.
const HANDSHAKES_MAX: usize = 256;
/// When the process has no file handles left, accepting is tried again after this.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Door {
    places: Arc<Semaphore>,
    places_max: usize,
    handshakes: Arc<Semaphore>,
    tls: Option<Tls>,
    ads: Ads,
}

impl Door {
    pub fn new(places_max: usize, tls: Option<Tls>, ads: Ads) -> Door {
        let [places, handshakes] = [places_max, HANDSHAKES_MAX].map(|many| Arc::new(Semaphore::new(many)));
        Door { places, places_max, handshakes, tls, ads }
    }

    /// Lets in who comes, for ever.
    pub async fn accept(&self, listener: &TcpListener) {
        loop {
            let Ok((stream, address)) = listener.accept().await else {
                sleep(PAUSE).await;
                continue;
            };
            let Ok(place) = self.places.clone().try_acquire_owned() else {
                turned_away(&self.ads, address, "too many connections are open".into());
                continue;
            };
            // Small messages go out at once; where that cannot be set they go a little later.
            let _ = stream.set_nodelay(true);
            match self.tls.clone() {
                None => tokio::spawn(plain(stream, address, self.ads.clone(), place)),
                Some(tls) => {
                    let turns = self.handshakes.clone();
                    tokio::spawn(over_tls(stream, address, tls, turns, self.ads.clone(), place))
                }
            };
        }
    }

    /// Waits until every connection is gone.
    pub async fn all_gone(&self) {
        // Nobody closes it; and no more fit into an `u32` than there are ports.
        let _ = self.places.acquire_many(self.places_max.try_into().unwrap_or(u32::MAX)).await;
    }
}

async fn plain(stream: TcpStream, address: SocketAddr, ads: Ads, _place: OwnedSemaphorePermit) {
    let Some(first) = first_byte(&stream).await else { return };
    // HTTP/2 begins with `PRI`, and nobody puts or posts anything here.
    match first {
        b'P' => ads.hold(stream, Peer { address, identity: None }).await,
        _ => Box::pin(answer_http1(stream)).await,
    }
}

async fn over_tls(
    stream: TcpStream,
    address: SocketAddr,
    tls: Tls,
    turns: Arc<Semaphore>,
    ads: Ads,
    _place: OwnedSemaphorePermit,
) {
    // Who says nothing keeps nobody from shaking hands.
    if first_byte(&stream).await.is_none() {
        return turned_away(&ads, address, "said nothing".into());
    }
    let Ok(turn) = turns.acquire_owned().await else { return };
    let shaken = Box::pin(shake_hands(stream, tls)).await;
    drop(turn);
    match shaken {
        Err(reason) => turned_away(&ads, address, reason),
        Ok((stream, identity)) => match stream.get_ref().1.alpn_protocol() {
            Some(b"http/1.1") => Box::pin(answer_http1(stream)).await,
            _ => ads.hold(stream, Peer { address, identity: Some(identity) }).await,
        },
    }
}

/// Waits for it and leaves it where it is; none if nothing comes.
async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut first = [0];
    matches!(timeout(HANDSHAKE, stream.peek(&mut first)).await, Ok(Ok(1))).then_some(first[0])
}

async fn shake_hands(stream: TcpStream, tls: Tls) -> Result<(TlsStream<TcpStream>, String), String> {
    let config = tls.certificates.borrow().0.clone();
    let shaken = timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await;
    let shaken = shaken.map_err(|_| format!("no TLS handshake within {HANDSHAKE:?}"))?;
    let stream = shaken.map_err(|error| format!("TLS: {error}"))?;
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let identity = identity(certificate.ok_or("no certificate")?, &tls.allowed)?;
    Ok((stream, identity))
}

fn turned_away(ads: &Ads, peer: SocketAddr, reason: String) {
    // Where nobody keeps up with reading of them, those that are turned away are not worth waiting for.
    let _ = ads.reports.try_send(Report { stream: 0, node: Arc::default(), event: Event::TurnedAway { peer, reason } });
}
