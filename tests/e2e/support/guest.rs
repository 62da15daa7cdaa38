//! One who comes as an Envoy does, takes the filter, and goes.

use std::net::SocketAddr;
use std::time::Duration;

use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::discovery::v3::DeltaDiscoveryRequest;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::bench::ATTACHMENT;

const FILTER: &str = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";
/// An Envoy answers when it has compiled what it was sent.
const COMPILES: Duration = Duration::from_millis(300);

/// Connects as a node of the cluster `edge`, asks for the filter by delta, acks it and hangs up.
pub async fn comes_and_goes(server: SocketAddr, id: String) -> Result<(), String> {
    let service = AggregatedDiscoveryServiceClient::connect(format!("http://{server}")).await;
    let (requests, outgoing) = mpsc::channel(2);
    let ask = DeltaDiscoveryRequest {
        node: Some(Node { id, cluster: "edge".into(), ..Default::default() }),
        type_url: FILTER.into(),
        resource_names_subscribe: vec![format!("weir.{ATTACHMENT}")],
        ..Default::default()
    };
    requests.send(ask).await.map_err(|error| error.to_string())?;
    let mut service = service.map_err(|error| format!("cannot connect to {server}: {error}"))?;
    let answer = service.delta_aggregated_resources(ReceiverStream::new(outgoing)).await;
    let mut responses = answer.map_err(|status| status.to_string())?.into_inner();
    let response = responses.message().await.map_err(|status| status.to_string())?.ok_or("no response")?;
    tokio::time::sleep(COMPILES).await;
    let ack = DeltaDiscoveryRequest { type_url: FILTER.into(), response_nonce: response.nonce, ..Default::default() };
    requests.send(ack).await.map_err(|error| error.to_string())?;
    drop(requests);
    // The server has read all of it when it ends the stream.
    while responses.message().await.map_err(|status| status.to_string())?.is_some() {}
    if response.resources.len() == 1 { Ok(()) } else { Err(format!("{} resources", response.resources.len())) }
}
