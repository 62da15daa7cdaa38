//! Many Envoys as an ADS server sees them: each a connection of its own with one delta stream, subscribed to the filter.
//!
//! `weir-fleet-clients ADDRESS COUNT` prints `connected` when all have the first resource, then for each push `acked` with
//! the nanoseconds since 1970 at which the last of them acknowledged it.

use std::env;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::discovery::v3::DeltaDiscoveryRequest;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;

const TYPE_URL: &str = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";
const FILTER: &str = "weir.bench";
/// Connections that are being opened at a time: no server keeps thousands waiting.
const OPENING_MAX: usize = 64;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let [_, address, count] = <[String; 3]>::try_from(env::args().collect::<Vec<_>>())
        .map_err(|_| "wanted: ADDRESS COUNT, such as 127.0.0.1:18000 1000")?;
    let count: usize = count.parse()?;
    let (acked, mut acks) = mpsc::channel(count.max(1));
    let opening = Arc::new(Semaphore::new(OPENING_MAX));
    for number in 0..count {
        let (address, acked) = (address.clone(), acked.clone());
        let turn = Arc::clone(&opening).acquire_owned().await?;
        tokio::spawn(async move {
            let failure = client(&address, number, &acked, turn).await.err();
            // A lost client makes every later figure wrong.
            eprintln!("client {number} ended: {failure:?}");
            std::process::exit(1);
        });
    }
    drop(acked);
    let mut pushes = 0;
    loop {
        for _ in 0..count {
            acks.recv().await.ok_or("all clients are gone")?;
        }
        let word = if pushes == 0 { "connected" } else { "acked" };
        println!("{word} {}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos());
        pushes += 1;
    }
}

/// Subscribes, and acknowledges whatever comes.
async fn client(
    address: &str,
    number: usize,
    acked: &mpsc::Sender<()>,
    turn: OwnedSemaphorePermit,
) -> Result<(), Failure> {
    let server = Endpoint::from_shared(format!("http://{address}"))?.connect_timeout(Duration::from_secs(30));
    let mut service = AggregatedDiscoveryServiceClient::new(server.connect().await?).max_decoding_message_size(64 << 20);
    let (requests, outgoing) = mpsc::channel(1);
    let node = Node { id: format!("client-{number}"), cluster: "weir".to_owned(), ..Node::default() };
    let first = DeltaDiscoveryRequest {
        node: Some(node),
        type_url: TYPE_URL.to_owned(),
        resource_names_subscribe: vec![FILTER.to_owned()],
        ..DeltaDiscoveryRequest::default()
    };
    requests.send(first).await?;
    let mut responses = service.delta_aggregated_resources(ReceiverStream::new(outgoing)).await?.into_inner();
    let mut turn = Some(turn);
    while let Some(response) = responses.message().await? {
        let ack = DeltaDiscoveryRequest {
            type_url: TYPE_URL.to_owned(),
            response_nonce: response.nonce,
            ..DeltaDiscoveryRequest::default()
        };
        requests.send(ack).await?;
        turn.take();
        acked.send(()).await?;
    }
    Err("the server ended the stream".into())
}
