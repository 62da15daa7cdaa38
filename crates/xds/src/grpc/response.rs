//! The wire form of a response: small resources are copied into it, large ones are shared by all clients.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};
use tonic::Status;

use crate::Resource;
use crate::grpc::messages::PREFIX_BYTES;
use crate::protocol::{Form, Response};

/// Bodies from this size on are shared; to copy a smaller one costs less than a frame of its own.
const SHARED_BYTES_MIN: usize = 16 << 10;

// The numbers of the fields; those of the two forms agree.
const VERSION: u32 = 1;
const RESOURCES: u32 = 2;
const TYPE_URL: u32 = 4;
const NONCE: u32 = 5;
const REMOVED: u32 = 6;
/// Of the `Resource` of delta.
mod resource {
    pub const VERSION: u32 = 1;
    pub const BODY: u32 = 2;
    pub const NAME: u32 = 3;
}
/// Of `Any`.
mod any {
    pub const TYPE_URL: u32 = 1;
    pub const VALUE: u32 = 2;
}

impl Response {
    /// The gRPC message, in chunks.
    ///
    /// # Errors
    /// gRPC has no message beyond 4 GiB.
    pub fn encode(&self, form: Form) -> Result<Vec<Bytes>, Status> {
        let length = self.length(form);
        let prefix = u32::try_from(length).map_err(|_| Status::out_of_range("more than 4 GiB in one response"))?;
        let mut chunks = Chunks::with_capacity(PREFIX_BYTES + length);
        chunks.open.put_u8(0);
        chunks.open.put_u32(prefix);
        chunks.text(VERSION, &self.version);
        chunks.text(TYPE_URL, self.kind.type_url());
        chunks.text(NONCE, &self.nonce);
        for name in &self.removed {
            chunks.text(REMOVED, name);
        }
        for resource in &self.resources {
            match form {
                Form::StateOfTheWorld => chunks.begin(RESOURCES, any_length(resource)),
                Form::Delta => {
                    chunks.begin(RESOURCES, resource_length(resource));
                    chunks.text(resource::VERSION, &resource.version);
                    chunks.text(resource::NAME, &resource.name);
                    chunks.begin(resource::BODY, any_length(resource));
                }
            }
            chunks.text(any::TYPE_URL, self.kind.type_url());
            chunks.begin(any::VALUE, resource.body.len());
            chunks.share(&resource.body);
        }
        Ok(chunks.finish())
    }

    fn length(&self, form: Form) -> usize {
        let resource = |resource: &Arc<Resource>| match form {
            Form::StateOfTheWorld => any_length(resource),
            Form::Delta => resource_length(resource),
        };
        let resources = self.resources.iter().map(|one| field_length(RESOURCES, resource(one)));
        let removed = self.removed.iter().map(|name| field_length(REMOVED, name.len()));
        let rest = [(VERSION, self.version.len()), (TYPE_URL, self.kind.type_url().len()), (NONCE, self.nonce.len())];
        let rest = rest.map(|(tag, length)| field_length(tag, length));
        resources.chain(removed).chain(rest).sum()
    }
}

fn resource_length(one: &Resource) -> usize {
    field_length(resource::VERSION, one.version.len())
        + field_length(resource::NAME, one.name.len())
        + field_length(resource::BODY, any_length(one))
}

fn any_length(one: &Resource) -> usize {
    field_length(any::TYPE_URL, one.kind.type_url().len()) + field_length(any::VALUE, one.body.len())
}

fn field_length(tag: u32, length: usize) -> usize {
    key_len(tag) + encoded_len_varint(length as u64) + length
}

struct Chunks {
    complete: Vec<Bytes>,
    /// The chunk that is being written.
    open: BytesMut,
}

impl Chunks {
    fn with_capacity(bytes: usize) -> Chunks {
        Chunks { complete: Vec::new(), open: BytesMut::with_capacity(bytes.min(SHARED_BYTES_MIN)) }
    }

    fn begin(&mut self, tag: u32, length: usize) {
        encode_key(tag, WireType::LengthDelimited, &mut self.open);
        encode_varint(length as u64, &mut self.open);
    }

    fn text(&mut self, tag: u32, text: &str) {
        self.begin(tag, text.len());
        self.open.put_slice(text.as_bytes());
    }

    fn share(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARED_BYTES_MIN {
            self.open.put_slice(bytes);
        } else {
            self.complete.push(self.open.split().freeze());
            self.complete.push(bytes.clone());
        }
    }

    fn finish(mut self) -> Vec<Bytes> {
        self.complete.push(self.open.freeze());
        self.complete
    }
}

#[cfg(test)]
mod tests {
    use envoy_types::pb::envoy::service::discovery::v3 as wire;
    use envoy_types::pb::google::protobuf::Any;
    use prost::Message;

    use super::*;
    use crate::ResourceKind;

    fn response(sizes: &[usize], removed: &[&str]) -> Response {
        let resource = |(number, size): (usize, &usize)| {
            let body = vec![number as u8; *size].into();
            Arc::new(Resource { kind: ResourceKind::Cluster, name: format!("c{number}"), version: "v1".into(), body })
        };
        Response {
            kind: ResourceKind::Cluster,
            version: "all".into(),
            resources: sizes.iter().enumerate().map(resource).collect(),
            removed: removed.iter().map(|name| (*name).to_owned()).collect(),
            nonce: "7".into(),
        }
    }

    fn read<M: Message + Default>(chunks: &[Bytes]) -> M {
        let all = chunks.concat();
        let (prefix, message) = all.split_at(PREFIX_BYTES);
        assert_eq!((prefix[0], &prefix[1..]), (0, &(message.len() as u32).to_be_bytes()[..]));
        M::decode(message).unwrap()
    }

    #[test]
    fn what_is_written_is_what_the_messages_of_xds_say() {
        let any = |one: &Arc<Resource>| Any { type_url: one.kind.type_url().into(), value: one.body.to_vec() };
        for sizes in [&[][..], &[0], &[1, 200, 70_000], &[SHARED_BYTES_MIN - 1, SHARED_BYTES_MIN, 3]] {
            let response = response(sizes, &["gone", "lost"]);
            let delta = wire::DeltaDiscoveryResponse {
                system_version_info: "all".into(),
                resources: response
                    .resources
                    .iter()
                    .map(|one| wire::Resource {
                        name: one.name.clone(),
                        version: "v1".into(),
                        resource: Some(any(one)),
                        ..Default::default()
                    })
                    .collect(),
                type_url: ResourceKind::Cluster.type_url().into(),
                removed_resources: vec!["gone".into(), "lost".into()],
                nonce: "7".into(),
                ..Default::default()
            };
            assert_eq!(
                read::<wire::DeltaDiscoveryResponse>(&response.encode(Form::Delta).unwrap()),
                delta,
                "{sizes:?}"
            );

            let response = Response { removed: Vec::new(), ..response };
            let whole = wire::DiscoveryResponse {
                version_info: "all".into(),
                resources: response.resources.iter().map(any).collect(),
                type_url: ResourceKind::Cluster.type_url().into(),
                nonce: "7".into(),
                ..Default::default()
            };
            assert_eq!(
                read::<wire::DiscoveryResponse>(&response.encode(Form::StateOfTheWorld).unwrap()),
                whole,
                "{sizes:?}"
            );
        }
    }

    #[test]
    fn what_is_large_is_not_copied() {
        let response = response(&[SHARED_BYTES_MIN - 1, SHARED_BYTES_MIN], &[]);
        let chunks = response.encode(Form::Delta).unwrap();
        let shared = |one: &Resource| chunks.iter().any(|chunk| chunk.as_ptr() == one.body.as_ptr());
        assert_eq!(response.resources.iter().map(|one| shared(one)).collect::<Vec<_>>(), [false, true]);
    }
}
