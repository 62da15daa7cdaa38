//! A client that says what a test tells it to, and shows what it got as text.

use std::time::Duration;

use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use envoy_types::pb::envoy::service::extension::v3::extension_config_discovery_service_client::ExtensionConfigDiscoveryServiceClient;
use envoy_types::pb::google::rpc::Status;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;
use weir_xds::ResourceKind;

/// Fails the test rather than hang it.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("nothing came within 20 s")
}

pub struct Client<Request, Response> {
    requests: mpsc::Sender<Request>,
    responses: Streaming<Response>,
}

pub type Sotw = Client<DiscoveryRequest, DiscoveryResponse>;
pub type Delta = Client<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

impl<Request, Response> Client<Request, Response> {
    pub async fn send(&self, request: Request) {
        self.requests.send(request).await.unwrap();
    }

    pub async fn receive(&mut self) -> Response {
        soon(self.responses.message()).await.unwrap().expect("a response")
    }

    /// Whether the server has ended the stream.
    pub async fn ended(&mut self) -> bool {
        !matches!(soon(self.responses.message()).await, Ok(Some(_)))
    }
}

impl Sotw {
    pub async fn connect(address: &str) -> Sotw {
        let (requests, outgoing) = mpsc::channel(16);
        let mut service = service(address).await;
        let call = service.stream_aggregated_resources(ReceiverStream::new(outgoing));
        Client { requests, responses: soon(call).await.unwrap().into_inner() }
    }

    /// The same by the service that has filters alone.
    pub async fn of_extensions(address: &str) -> Sotw {
        let (requests, outgoing) = mpsc::channel(16);
        let mut service = extensions(address).await;
        let call = service.stream_extension_configs(ReceiverStream::new(outgoing));
        Client { requests, responses: soon(call).await.unwrap().into_inner() }
    }

    /// Asks for these names; `nonce` is that of the response this answers, if any.
    pub async fn ask(&self, kind: ResourceKind, names: &[&str], nonce: &str) {
        self.send(request(kind, names, nonce)).await;
    }

    /// Refuses the response of this nonce.
    pub async fn reject(&self, kind: ResourceKind, names: &[&str], nonce: &str, message: &str) {
        self.send(DiscoveryRequest { error_detail: error(message), ..request(kind, names, nonce) }).await;
    }

    /// Shows that nothing is on its way: the answer to a question asked now is the next that comes. The kind must be one
    /// that the test does not use otherwise.
    pub async fn quiet(&mut self, unused: ResourceKind) {
        self.ask(unused, &["none"], "").await;
        let response = self.receive().await;
        assert_eq!((response.type_url.as_str(), response.resources.len()), (unused.type_url(), 0), "{response:?}");
    }
}

impl Delta {
    pub async fn connect(address: &str) -> Delta {
        let (requests, outgoing) = mpsc::channel(16);
        let mut service = service(address).await;
        let call = service.delta_aggregated_resources(ReceiverStream::new(outgoing));
        Client { requests, responses: soon(call).await.unwrap().into_inner() }
    }

    /// The same by the service that has filters alone.
    pub async fn of_extensions(address: &str) -> Delta {
        let (requests, outgoing) = mpsc::channel(16);
        let mut service = extensions(address).await;
        let call = service.delta_extension_configs(ReceiverStream::new(outgoing));
        Client { requests, responses: soon(call).await.unwrap().into_inner() }
    }

    pub async fn subscribe(&self, kind: ResourceKind, names: &[&str]) {
        self.send(DeltaDiscoveryRequest { resource_names_subscribe: owned(names), ..delta_request(kind) }).await;
    }

    pub async fn unsubscribe(&self, kind: ResourceKind, names: &[&str]) {
        self.send(DeltaDiscoveryRequest { resource_names_unsubscribe: owned(names), ..delta_request(kind) }).await;
    }

    /// The first request after a reconnect: what was subscribed to, and what the client still has.
    pub async fn resume(&self, kind: ResourceKind, names: &[&str], versions: &[(&str, &str)]) {
        let versions = versions.iter().map(|(name, version)| (name.to_string(), version.to_string()));
        self.send(DeltaDiscoveryRequest {
            resource_names_subscribe: owned(names),
            initial_resource_versions: versions.collect(),
            ..delta_request(kind)
        })
        .await;
    }

    /// Answers a response, with an error message to refuse it.
    pub async fn answer(&self, response: &DeltaDiscoveryResponse, message: Option<&str>) {
        self.send(DeltaDiscoveryRequest {
            type_url: response.type_url.clone(),
            response_nonce: response.nonce.clone(),
            error_detail: message.and_then(error),
            ..Default::default()
        })
        .await;
    }

    /// As for the state of the world, by a name that does not exist.
    pub async fn quiet(&mut self, unused: ResourceKind) {
        self.subscribe(unused, &["none"]).await;
        assert_eq!(self.shown().await, format!("{unused} -none"));
    }

    /// The next response: `KIND NAME@VERSION=CONTENT … -REMOVED …`.
    pub async fn shown(&mut self) -> String {
        show(&self.receive().await)
    }
}

/// The first request of an Envoy of this cluster.
pub fn introduction(kind: ResourceKind, names: &[&str], id: &str, cluster: &str) -> DeltaDiscoveryRequest {
    let node = Node { id: id.into(), cluster: cluster.into(), ..Default::default() };
    DeltaDiscoveryRequest { node: Some(node), resource_names_subscribe: owned(names), ..delta_request(kind) }
}

/// A response as text.
pub fn show(response: &DeltaDiscoveryResponse) -> String {
    let mut text = ResourceKind::ALL.iter().find(|kind| kind.type_url() == response.type_url).unwrap().to_string();
    for resource in &response.resources {
        let body = resource.resource.as_ref().unwrap();
        assert_eq!(body.type_url, response.type_url);
        text += &format!(" {}@{}={}", resource.name, resource.version, String::from_utf8_lossy(&body.value));
    }
    for name in &response.removed_resources {
        text += &format!(" -{name}");
    }
    text
}

async fn service(address: &str) -> AggregatedDiscoveryServiceClient<Channel> {
    let service = AggregatedDiscoveryServiceClient::connect(format!("http://{address}"));
    // Envoy knows no limit.
    soon(service).await.unwrap().max_decoding_message_size(usize::MAX)
}

async fn extensions(address: &str) -> ExtensionConfigDiscoveryServiceClient<Channel> {
    soon(ExtensionConfigDiscoveryServiceClient::connect(format!("http://{address}"))).await.unwrap()
}

fn request(kind: ResourceKind, names: &[&str], nonce: &str) -> DiscoveryRequest {
    DiscoveryRequest {
        node: Some(node()),
        type_url: kind.type_url().into(),
        resource_names: owned(names),
        response_nonce: nonce.into(),
        ..Default::default()
    }
}

fn delta_request(kind: ResourceKind) -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest { node: Some(node()), type_url: kind.type_url().into(), ..Default::default() }
}

fn node() -> Node {
    Node { id: "envoy-1".into(), ..Default::default() }
}

fn error(message: &str) -> Option<Status> {
    Some(Status { code: 13, message: message.into(), details: Vec::new() })
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
