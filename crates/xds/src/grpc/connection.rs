//! One HTTP/2 connection with its streams.

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

use crate::grpc::messages::{Requests, Responses, refuse};
use crate::grpc::stream::{Client, Closed, Peer, StreamIo, ended, serve_stream};
use crate::health::answer_http2;
use crate::memory::MemoryBudget;
use crate::protocol::{Delta, Form, Protocol, StateOfTheWorld};
use crate::{Publication, Report, Service};

/// The methods of gRPC by their paths.
const METHODS: [(&str, Service, Form); 4] = [
    (
        "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
        Service::Aggregated,
        Form::StateOfTheWorld,
    ),
    (
        "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
        Service::Aggregated,
        Form::Delta,
    ),
    (
        "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs",
        Service::Extensions,
        Form::StateOfTheWorld,
    ),
    (
        "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/DeltaExtensionConfigs",
        Service::Extensions,
        Form::Delta,
    ),
];

/// A client must send its first byte, and complete its handshake, within this.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams of one connection. By ADS an Envoy has one, by ECDS one for each filter; for more it opens another connection.
const STREAMS_MAX: u32 = 8;
/// Bytes that the headers of a request may take.
const HEADERS_BYTES_MAX: u32 = 16 << 10;
/// Bytes of a response that may wait in a connection to be read.
const SEND_BUFFER_BYTES: usize = 64 << 10;
/// A ping goes out so often, and must be answered within the timeout: it finds clients that vanished without closing.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// A connection without a stream is closed after this.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// When the server stops, a connection whose streams have ended is closed after this, if the client has not done so.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The server, as each of its connections sees it.
#[derive(Clone)]
pub(crate) struct Server {
    pub publications: watch::Receiver<Arc<Publication>>,
    pub reports: mpsc::Sender<Report>,
    /// The number of the next stream.
    pub streams: Arc<AtomicU64>,
    pub memory: MemoryBudget,
    /// Nothing is ever sent; it closes when the server stops.
    pub stopping: watch::Receiver<()>,
}

impl Server {
    /// Serves one connection until either side closes it.
    pub async fn serve_connection<Io: AsyncRead + AsyncWrite + Unpin>(self, io: Io, peer: Peer) {
        let mut builder = Builder::new();
        builder.max_concurrent_streams(STREAMS_MAX).max_header_list_size(HEADERS_BYTES_MAX);
        builder.max_send_buffer_size(SEND_BUFFER_BYTES);
        // In a box: what it takes is not kept for as long as the connection.
        let handshake = Box::pin(timeout(HANDSHAKE_TIMEOUT, builder.handshake(io)));
        let Ok(Ok(mut connection)) = handshake.await else { return };
        let mut streams = JoinSet::new();
        let mut lost = pin!(keepalive_lost(connection.ping_pong()));
        let (mut stop, mut stopping) = (pin!(ended(self.stopping.clone())), false);
        let (mut idle, mut drained) = (pin!(sleep(IDLE_TIMEOUT)), pin!(sleep(DRAIN_TIMEOUT)));
        loop {
            tokio::select! {
                accepted = connection.accept() => match accepted {
                    Some(Ok((request, respond))) => self.answer(request, respond, &peer, &mut streams),
                    Some(Err(_)) | None => break,
                },
                Some(closed) = streams.join_next() => {
                    if matches!(closed, Ok(Closed::Abort)) { break }
                    idle.as_mut().reset(Instant::now() + IDLE_TIMEOUT);
                }
                () = &mut lost => break,
                () = &mut idle, if streams.is_empty() => break,
                () = &mut stop, if !stopping => {
                    stopping = true;
                    connection.graceful_shutdown();
                    drained.as_mut().reset(Instant::now() + DRAIN_TIMEOUT);
                }
                () = &mut drained, if stopping => break,
            }
        }
        drop(connection);
        // Each stream notices, and reports that its client is gone.
        while streams.join_next().await.is_some() {}
    }

    fn answer(
        &self,
        request: Request<RecvStream>,
        respond: SendResponse<Bytes>,
        peer: &Peer,
        streams: &mut JoinSet<Closed>,
    ) {
        // A stream that the client has reset may not have ended yet.
        if streams.len() >= STREAMS_MAX as usize {
            return refuse(respond, &Status::resource_exhausted(format!("more than {STREAMS_MAX} streams")));
        }
        let Some((_, service, form)) = METHODS.iter().find(|(path, ..)| *path == request.uri().path()) else {
            return answer_http2(&request, respond);
        };
        let client =
            Client { stream: self.streams.fetch_add(1, Ordering::Relaxed), service: *service, peer: peer.clone() };
        let body = request.into_body();
        match form {
            Form::Delta => drop(streams.spawn(self.stream::<Delta>(client, body, respond))),
            Form::StateOfTheWorld => drop(streams.spawn(self.stream::<StateOfTheWorld>(client, body, respond))),
        }
    }

    fn stream<P: Protocol>(
        &self,
        client: Client,
        body: RecvStream,
        respond: SendResponse<Bytes>,
    ) -> impl Future<Output = Closed> + Send + use<P> {
        let requests = Requests::new(body, self.memory.clone());
        let (publications, reports, stopping) =
            (self.publications.clone(), self.reports.clone(), self.stopping.clone());
        async move {
            let Some(responses) = Responses::open(respond) else { return Closed::Cleanly };
            serve_stream::<P>(client, StreamIo { requests, responses, publications, reports, stopping }).await
        }
    }
}

/// Completes when a ping is not answered in time.
async fn keepalive_lost(ping_pong: Option<PingPong>) {
    let Some(mut ping_pong) = ping_pong else { return std::future::pending().await };
    loop {
        sleep(KEEPALIVE_INTERVAL).await;
        if !matches!(timeout(KEEPALIVE_TIMEOUT, ping_pong.ping(Ping::opaque())).await, Ok(Ok(_))) {
            return;
        }
    }
}
