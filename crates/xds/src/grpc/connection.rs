//! One connection: HTTP/2 with a stream or a few of them, until either side hangs up.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Ping, PingPong, RecvStream};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tonic::Status;

use crate::grpc::stream::{Client, Ends, Over, Peer, converse, ended};
use crate::grpc::messages::{Requests, Responses, refuse};
use crate::health::answer_http2;
use crate::protocol::{Delta, Protocol, StateOfTheWorld};
use crate::memory::MemoryBudget;
use crate::{Report, Wave};

const STATE_OF_THE_WORLD: &str = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
const DELTA: &str = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

/// How long a client may take to say the first word, and to shake hands.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// An Envoy has one stream.
const STREAMS_MAX: u32 = 8;
/// Headers of one request.
const HEADERS_BYTES_MAX: u32 = 16 << 10;
/// How much of a response may wait in a connection to be read.
const SEND_BUFFER_BYTES: usize = 64 << 10;
/// How soon an Envoy that vanished without a word is asked whether it is there, and how long it may take to say so.
const KEEPALIVE: Duration = Duration::from_secs(30);
const ALIVE: Duration = Duration::from_secs(20);
/// A connection without a stream is closed after this.
const IDLE: Duration = Duration::from_secs(30);
/// How long clients may take to hang up once their streams have ended.
const FAREWELL: Duration = Duration::from_secs(2);

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct Ads {
    pub waves: watch::Receiver<Arc<Wave>>,
    pub reports: mpsc::Sender<Report>,
    /// The number of the next stream.
    pub streams: Arc<AtomicU64>,
    pub memory: MemoryBudget,
    /// Nothing is ever sent; it closes when the server stops.
    pub stopping: watch::Receiver<()>,
}

impl Ads {
    /// Serves one connection.
    pub async fn hold<Io: AsyncRead + AsyncWrite + Unpin>(self, io: Io, peer: Peer) {
        let mut builder = Builder::new();
        builder.max_concurrent_streams(STREAMS_MAX).max_header_list_size(HEADERS_BYTES_MAX);
        builder.max_send_buffer_size(SEND_BUFFER_BYTES);
        // In a box: what it takes is not kept for as long as the connection.
        let handshake = Box::pin(timeout(HANDSHAKE, builder.handshake(io)));
        let Ok(Ok(mut connection)) = handshake.await else { return };
        let mut streams = JoinSet::new();
        let mut silent = pin!(silence(connection.ping_pong()));
        let (mut stop, mut stopping) = (pin!(ended(self.stopping.clone())), false);
        let (mut idle, mut farewell) = (pin!(sleep(IDLE)), pin!(sleep(FAREWELL)));
        loop {
            tokio::select! {
                accepted = connection.accept() => match accepted {
                    Some(Ok((request, respond))) => self.answer(request, respond, &peer, &mut streams),
                    Some(Err(_)) | None => break,
                },
                Some(over) = streams.join_next() => {
                    if matches!(over, Ok(Over::CutOff)) { break }
                    idle.as_mut().reset(Instant::now() + IDLE);
                }
                () = &mut silent => break,
                () = &mut idle, if streams.is_empty() => break,
                () = &mut stop, if !stopping => {
                    stopping = true;
                    connection.graceful_shutdown();
                    farewell.as_mut().reset(Instant::now() + FAREWELL);
                }
                () = &mut farewell, if stopping => break,
            }
        }
        drop(connection);
        // They notice, and say so.
        while streams.join_next().await.is_some() {}
    }

    fn answer(
        &self,
        request: Request<RecvStream>,
        respond: SendResponse<Bytes>,
        peer: &Peer,
        streams: &mut JoinSet<Over>,
    ) {
        // What a client has given up may still be waiting for its turn.
        if streams.len() >= STREAMS_MAX as usize {
            return refuse(respond, &Status::resource_exhausted(format!("more than {STREAMS_MAX} streams")));
        }
        match request.uri().path() {
            DELTA => drop(streams.spawn(self.stream::<Delta>(request.into_body(), respond, peer))),
            STATE_OF_THE_WORLD => {
                drop(streams.spawn(self.stream::<StateOfTheWorld>(request.into_body(), respond, peer)))
            }
            _ => answer_http2(&request, respond),
        }
    }

    fn stream<P: Protocol>(
        &self,
        body: RecvStream,
        respond: SendResponse<Bytes>,
        peer: &Peer,
    ) -> impl Future<Output = Over> + Send + use<P> {
        let stream = self.streams.fetch_add(1, Ordering::Relaxed);
        let client = Client { stream, peer: peer.clone() };
        let requests = Requests::new(body, self.memory.clone());
        let (waves, reports, stopping) = (self.waves.clone(), self.reports.clone(), self.stopping.clone());
        async move {
            let Some(responses) = Responses::open(respond) else { return Over::Well };
            converse::<P>(client, Ends { requests, responses, waves, reports, stopping }).await
        }
    }
}

/// Comes when the other end does not answer any more.
async fn silence(ping_pong: Option<PingPong>) {
    let Some(mut ping_pong) = ping_pong else { return std::future::pending().await };
    loop {
        sleep(KEEPALIVE).await;
        if !matches!(timeout(ALIVE, ping_pong.ping(Ping::opaque())).await, Ok(Ok(_))) {
            return;
        }
    }
}
