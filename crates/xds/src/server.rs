//! The gRPC server: one task per stream feeds a protocol's state machine with requests and snapshots.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_server::{
    AggregatedDiscoveryService, AggregatedDiscoveryServiceServer,
};
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use crate::conversation::{Client, Ends, converse};
use crate::protocol::{Delta, Protocol, StateOfTheWorld};
use crate::{Report, Wave};

/// Room for a policy of 32 MiB among the resources of one response.
const RESPONSE_BYTES_MAX: usize = 64 << 20;
/// Envoy lists every version it has when it reconnects.
const REQUEST_BYTES_MAX: usize = 16 << 20;
/// How soon an Envoy that vanished without a word is noticed.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long clients may take to hang up once their streams have ended.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves ADS, state of the world and delta, to whoever connects, and 200 at `/healthz`, until `shutdown`. Every stream is
/// sent what a new wave changes for it. What clients say comes out at `reports`.
///
/// # Errors
/// The listener's; those of single connections end these alone.
pub async fn serve(
    listener: TcpListener,
    waves: watch::Receiver<Arc<Wave>>,
    reports: mpsc::UnboundedSender<Report>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let (stop, stopping) = watch::channel(());
    let ads = AggregatedDiscoveryServiceServer::new(Ads {
        waves,
        reports,
        streams: AtomicU64::new(1),
        stopping: stopping.clone(),
    })
    .max_decoding_message_size(REQUEST_BYTES_MAX)
    .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let routes = Routes::from(Router::new().route("/healthz", get(async || "ok\n"))).add_service(ads);
    let serving = Server::builder()
        .accept_http1(true)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .add_routes(routes)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), async {
            shutdown.await;
            drop(stop);
        });
    tokio::select! {
        served = serving => served,
        () = async { ended(stopping).await; tokio::time::sleep(FAREWELL).await } => Ok(()),
    }
}

struct Ads {
    waves: watch::Receiver<Arc<Wave>>,
    reports: mpsc::UnboundedSender<Report>,
    /// The number of the next stream.
    streams: AtomicU64,
    /// Nothing is ever sent; it closes when the server stops.
    stopping: watch::Receiver<()>,
}

type Responses<P> = ReceiverStream<Result<<P as Protocol>::Response, Status>>;

#[tonic::async_trait]
impl AggregatedDiscoveryService for Ads {
    type StreamAggregatedResourcesStream = Responses<StateOfTheWorld>;
    type DeltaAggregatedResourcesStream = Responses<Delta>;

    async fn stream_aggregated_resources(
        &self,
        requests: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<ReceiverStream<Result<DiscoveryResponse, Status>>>, Status> {
        Ok(self.stream::<StateOfTheWorld>(requests))
    }

    async fn delta_aggregated_resources(
        &self,
        requests: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<ReceiverStream<Result<DeltaDiscoveryResponse, Status>>>, Status> {
        Ok(self.stream::<Delta>(requests))
    }
}

impl Ads {
    fn stream<P: Protocol>(&self, requests: Request<Streaming<P::Request>>) -> Response<Responses<P>> {
        let stream = self.streams.fetch_add(1, Ordering::Relaxed);
        let client = Client { stream, peer: requests.remote_addr(), identity: None };
        // A client that does not read holds up its own stream, and nothing piles up for it.
        let (responses, outgoing) = mpsc::channel(1);
        let requests = requests.into_inner();
        let (waves, reports) = (self.waves.clone(), self.reports.clone());
        let conversation = converse::<P>(client, Ends { requests, responses, waves, reports });
        let stopping = self.stopping.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = conversation => {}
                () = ended(stopping) => {}
            }
        });
        Response::new(ReceiverStream::new(outgoing))
    }
}

/// Comes to an end when the sender is gone.
async fn ended(mut receiver: watch::Receiver<()>) {
    while receiver.changed().await.is_ok() {}
}
