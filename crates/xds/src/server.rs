//! The gRPC server: one task per stream feeds a protocol's state machine with requests and snapshots.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::get;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_server::{
    AggregatedDiscoveryService, AggregatedDiscoveryServiceServer,
};
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

use crate::connection::incoming;
use crate::conversation::{Client, Ends, converse};
use crate::outgoing::{Budget, InSlices, Responses};
use crate::protocol::{Delta, Protocol, StateOfTheWorld};
use crate::{Report, Tls, Wave};

/// Room for a policy of 32 MiB among the resources of one response.
const RESPONSE_BYTES_MAX: usize = 64 << 20;
/// Envoy lists every version it has when it reconnects: 60,000 resources fit.
const REQUEST_BYTES_MAX: usize = 4 << 20;
/// An Envoy has one stream.
const STREAMS_PER_CONNECTION_MAX: u32 = 8;
/// How soon an Envoy that vanished without a word is noticed.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long clients may take to hang up once their streams have ended.
const FAREWELL: Duration = Duration::from_secs(2);

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
/// sent what a new wave changes for it. What clients say comes out at `reports`; who does not read them is waited for.
///
/// # Errors
/// The listener's; those of single connections end these alone.
pub async fn serve(
    listen: Listen,
    waves: watch::Receiver<Arc<Wave>>,
    reports: mpsc::Sender<Report>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let (stop, stopping) = watch::channel(());
    let Listen { listener, tls, connections_max } = listen;
    let incoming = incoming(listener, tls, connections_max, reports.clone(), stopping.clone());
    let (streams, budget) = (AtomicU64::new(1), Budget::new());
    let ads = Ads { waves, reports, streams, budget, stopping: stopping.clone() };
    let ads = AggregatedDiscoveryServiceServer::new(ads)
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let routes = Routes::from(Router::new().route("/healthz", get(async || "ok\n"))).add_service(ads);
    let in_slices = map_response(async |response: axum::response::Response| response.map(InSlices::of));
    let routes = Routes::from(routes.into_axum_router().layer(in_slices));
    let serving = Server::builder()
        .accept_http1(true)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, async {
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
    reports: mpsc::Sender<Report>,
    /// The number of the next stream.
    streams: AtomicU64,
    /// For the responses of all streams.
    budget: Budget,
    /// Nothing is ever sent; it closes when the server stops.
    stopping: watch::Receiver<()>,
}

type ResponsesOf<P> = Responses<<P as Protocol>::Response>;

#[tonic::async_trait]
impl AggregatedDiscoveryService for Ads {
    type StreamAggregatedResourcesStream = ResponsesOf<StateOfTheWorld>;
    type DeltaAggregatedResourcesStream = ResponsesOf<Delta>;

    async fn stream_aggregated_resources(
        &self,
        requests: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Responses<DiscoveryResponse>>, Status> {
        Ok(self.stream::<StateOfTheWorld>(requests))
    }

    async fn delta_aggregated_resources(
        &self,
        requests: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Responses<DeltaDiscoveryResponse>>, Status> {
        Ok(self.stream::<Delta>(requests))
    }
}

impl Ads {
    fn stream<P: Protocol>(&self, requests: Request<Streaming<P::Request>>) -> Response<ResponsesOf<P>> {
        let stream = self.streams.fetch_add(1, Ordering::Relaxed);
        let client = Client { stream, peer: requests.extensions().get().cloned() };
        // A client that does not read holds up its own stream, and nothing piles up for it.
        let (responses, outgoing) = mpsc::channel(1);
        let requests = requests.into_inner();
        let (waves, reports, budget) = (self.waves.clone(), self.reports.clone(), self.budget.clone());
        let conversation = converse::<P>(client, Ends { requests, responses, budget, waves, reports });
        let stopping = self.stopping.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = conversation => {}
                () = ended(stopping) => {}
            }
        });
        Response::new(Responses::new(outgoing))
    }
}

/// Comes to an end when the sender is gone.
async fn ended(mut receiver: watch::Receiver<()>) {
    while receiver.changed().await.is_ok() {}
}
