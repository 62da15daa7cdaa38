//! The two services of xDS that bring filters, and their messages as gRPC frames them, with the fields that these clients use.

use std::collections::HashMap;

use prost::Message;

use crate::Failure;

const TYPE_URL: &str = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";
const FILTER: &str = "weir.bench";
/// Whether it is compressed, and its length.
const PREFIX: usize = 5;

/// A service of xDS in its delta form: by either the messages are the same.
#[derive(Clone, Copy)]
pub enum Service {
    /// That of everything.
    Aggregated,
    /// That of filters alone.
    Extensions,
}

impl Service {
    pub fn of(word: &str) -> Option<Service> {
        match word {
            "ads" => Some(Service::Aggregated),
            "ecds" => Some(Service::Extensions),
            _ => None,
        }
    }

    pub fn path(self) -> &'static str {
        match self {
            Service::Aggregated => "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
            Service::Extensions => "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/DeltaExtensionConfigs",
        }
    }
}

/// What a push brought.
pub struct Response {
    pub version: String,
    pub nonce: String,
}

pub fn subscription(number: usize, admin_port: Option<&String>) -> Vec<u8> {
    let metadata = admin_port.map(|port| ("weir_admin_port".to_owned(), Value { text: port.clone() }));
    let metadata = Metadata { fields: metadata.into_iter().collect() };
    let node = Node { id: format!("client-{number}"), cluster: "weir".to_owned(), metadata: Some(metadata) };
    framed(&DeltaDiscoveryRequest {
        node: Some(node),
        type_url: TYPE_URL.to_owned(),
        resource_names_subscribe: vec![FILTER.to_owned()],
        response_nonce: String::new(),
    })
}

pub fn ack(nonce: String) -> Vec<u8> {
    let type_url = TYPE_URL.to_owned();
    framed(&DeltaDiscoveryRequest { node: None, type_url, resource_names_subscribe: Vec::new(), response_nonce: nonce })
}

/// The first message and its length, once it is there as a whole.
pub fn response(bytes: &[u8]) -> Result<Option<(Response, usize)>, Failure> {
    let Some(([compressed, length @ ..], rest)) = bytes.split_first_chunk::<PREFIX>() else { return Ok(None) };
    if *compressed != 0 {
        return Err("the server compresses, though it was not asked to".into());
    }
    let length = u32::from_be_bytes(*length) as usize;
    let Some(message) = rest.get(..length) else { return Ok(None) };
    let message = DeltaDiscoveryResponse::decode(message)?;
    let Ok([resource]) = <[Resource; 1]>::try_from(message.resources) else {
        return Err("the server sent a response that is not the one filter".into());
    };
    if message.type_url != TYPE_URL || resource.name != FILTER {
        return Err(format!("the server sent {} {}", message.type_url, resource.name).into());
    }
    Ok(Some((Response { version: resource.version, nonce: message.nonce }, PREFIX + length)))
}

fn framed(request: &DeltaDiscoveryRequest) -> Vec<u8> {
    let mut framed = vec![0];
    framed.extend_from_slice(&(request.encoded_len() as u32).to_be_bytes());
    framed.extend(request.encode_to_vec());
    framed
}

#[derive(Message)]
struct Node {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    cluster: String,
    #[prost(message, optional, tag = "3")]
    metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(map = "string, message", tag = "1")]
    fields: HashMap<String, Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "3")]
    text: String,
}

#[derive(Message)]
struct DeltaDiscoveryRequest {
    #[prost(message, optional, tag = "1")]
    node: Option<Node>,
    #[prost(string, tag = "2")]
    type_url: String,
    #[prost(string, repeated, tag = "3")]
    resource_names_subscribe: Vec<String>,
    #[prost(string, tag = "6")]
    response_nonce: String,
}

#[derive(Message)]
struct DeltaDiscoveryResponse {
    #[prost(message, repeated, tag = "2")]
    resources: Vec<Resource>,
    #[prost(string, tag = "4")]
    type_url: String,
    #[prost(string, tag = "5")]
    nonce: String,
}

/// What is in it is passed over.
#[derive(Message)]
struct Resource {
    #[prost(string, tag = "1")]
    version: String,
    #[prost(string, tag = "3")]
    name: String,
}
