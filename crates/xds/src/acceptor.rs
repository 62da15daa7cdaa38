//! The door: connections come in, bounded in number, over TLS where it is wanted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::grpc::connection::{Ads, HANDSHAKE};
use crate::grpc::stream::{Peer, ended};
use crate::health::answer_http1;
use crate::handshakes::{Stranger, Strangers};
use crate::tls::identity;
use crate::{Event, Report, Tls};

/// When the process has no file handles left, accepting is tried again after this.
const PAUSE: Duration = Duration::from_millis(100);
/// And it is said so often.
const SAID: Duration = Duration::from_secs(60);

pub(crate) struct Door {
    places: Arc<Semaphore>,
    places_max: usize,
    strangers: Strangers,
    tls: Option<Tls>,
    ads: Ads,
}

impl Door {
    pub fn new(places_max: usize, tls: Option<Tls>, ads: Ads) -> Door {
        Door { places: Arc::new(Semaphore::new(places_max)), places_max, strangers: Strangers::default(), tls, ads }
    }

    /// Lets in who comes, for ever.
    pub async fn accept(&self, listener: &TcpListener) {
        let mut said: Option<Instant> = None;
        loop {
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    if said.is_none_or(|said| said.elapsed() > SAID) {
                        said = Some(Instant::now());
                        report(&self.ads, Event::NotAccepting { reason: error.to_string() });
                    }
                    sleep(PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = self.places.clone().try_acquire_owned() else {
                turned_away(&self.ads, address, "too many connections are open");
                continue;
            };
            let Some(stranger) = self.strangers.come(address.ip()) else {
                turned_away(&self.ads, address, "too many of its address have not said who they are");
                continue;
            };
            // Small messages go out at once; where that cannot be set they go a little later.
            let _ = stream.set_nodelay(true);
            let (tls, ads) = (self.tls.clone(), self.ads.clone());
            tokio::spawn(async move {
                let _place = place;
                match tls {
                    None => plain(stream, address, stranger, ads).await,
                    Some(tls) => Box::pin(over_tls(stream, address, stranger, tls, ads)).await,
                }
            });
        }
    }

    /// Waits until every connection is gone.
    pub async fn all_gone(&self) {
        // Nobody closes it; and no more fit into an `u32` than there are ports.
        let _ = self.places.acquire_many(self.places_max.try_into().unwrap_or(u32::MAX)).await;
    }
}

async fn plain(stream: TcpStream, address: SocketAddr, stranger: Stranger, ads: Ads) {
    let Some(Some(first)) = in_time(&ads, first_byte(&stream)).await else { return };
    drop(stranger);
    // HTTP/2 begins with `PRI`, and nobody puts or posts anything here.
    match first {
        b'P' => ads.hold(stream, Peer { address, identity: None }).await,
        _ => Box::pin(answer_http1(stream)).await,
    }
}

async fn over_tls(stream: TcpStream, address: SocketAddr, stranger: Stranger, tls: Tls, ads: Ads) {
    let shaken = in_time(&ads, async {
        // Who says nothing takes no turn.
        first_byte(&stream).await.ok_or("said nothing")?;
        let _turn = stranger.turn().await;
        shake_hands(stream, tls).await
    });
    match Box::pin(shaken).await {
        None if ads.stopping.has_changed().is_err() => {}
        None => turned_away(&ads, address, &format!("no TLS handshake within {HANDSHAKE:?}")),
        Some(Err(reason)) => turned_away(&ads, address, &reason),
        Some(Ok((stream, identity))) => {
            drop(stranger);
            match stream.get_ref().1.alpn_protocol() {
                Some(b"http/1.1") => answer_http1(stream).await,
                _ => ads.hold(stream, Peer { address, identity: Some(identity) }).await,
            }
        }
    }
}

/// What comes out within the time for the first words, and before the server stops.
async fn in_time<T>(ads: &Ads, first_words: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        said = timeout(HANDSHAKE, first_words) => said.ok(),
        () = ended(ads.stopping.clone()) => None,
    }
}

/// Waits for it and leaves it where it is; none if the other end closes instead.
async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut first = [0];
    matches!(stream.peek(&mut first).await, Ok(1)).then_some(first[0])
}

async fn shake_hands(stream: TcpStream, tls: Tls) -> Result<(TlsStream<TcpStream>, String), String> {
    let config = tls.certificates.borrow().0.clone();
    let shaken = TlsAcceptor::from(config).accept(stream).await;
    let stream = shaken.map_err(|error| format!("TLS: {error}"))?;
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let identity = identity(certificate.ok_or("no certificate")?, &tls.allowed)?;
    Ok((stream, identity))
}

fn turned_away(ads: &Ads, peer: SocketAddr, reason: &str) {
    report(ads, Event::TurnedAway { peer, reason: reason.to_owned() });
}

fn report(ads: &Ads, event: Event) {
    // Where nobody keeps up with reading of them, those that are turned away are not worth waiting for.
    let _ = ads.reports.try_send(Report { stream: 0, node: Arc::default(), event });
}
