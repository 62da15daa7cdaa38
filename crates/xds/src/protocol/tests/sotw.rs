//! A client of the state of the world, and what its stream must not show.

use std::collections::BTreeMap;

use envoy_types::pb::envoy::service::discovery::v3::DiscoveryRequest;
use envoy_types::pb::google::rpc::Status;

use super::world::{Interest, Subject, World};
use super::{Client, Wire, refusal};
use crate::ResourceKind;
use crate::protocol::{Response, StateOfTheWorld};

/// What a client knows of each kind.
#[derive(Default)]
pub(super) struct Mirror(BTreeMap<ResourceKind, Mirrored>);

#[derive(Default)]
struct Mirrored {
    interest: Interest,
    /// Whether it has asked on this stream.
    asked: bool,
    /// Whether it has named something on this stream: from then on an empty list means nothing.
    named: bool,
    /// The nonce of the last response.
    nonce: String,
    /// What the last response held.
    told: BTreeMap<String, String>,
}

impl Client for Mirror {
    type Server = StateOfTheWorld;
    type Wire = Seen;

    fn subscribe(&mut self, kind: ResourceKind, subject: Subject) -> Option<DiscoveryRequest> {
        let mirrored = self.0.entry(kind).or_default();
        (mirrored.interest.add(subject) || !mirrored.asked).then(|| mirrored.request(kind))
    }

    fn unsubscribe(&mut self, kind: ResourceKind, subject: Subject) -> Option<DiscoveryRequest> {
        let mirrored = self.0.get_mut(&kind).filter(|mirrored| mirrored.asked)?;
        // Who has named nothing cannot say that it wants nothing.
        if !mirrored.named || !mirrored.interest.remove(subject) {
            return None;
        }
        let Mirrored { interest, told, .. } = mirrored;
        told.retain(|name, _| interest.covers(name));
        Some(mirrored.request(kind))
    }

    fn reconnect(&mut self) -> Vec<DiscoveryRequest> {
        for mirrored in self.0.values_mut() {
            let interest = std::mem::take(&mut mirrored.interest);
            *mirrored = Mirrored { interest, ..Mirrored::default() };
        }
        let wanted = self.0.iter_mut().filter(|(_, mirrored)| !mirrored.interest.is_empty());
        wanted.map(|(kind, mirrored)| mirrored.request(*kind)).collect()
    }

    fn receive(&mut self, response: &Response, accepts: bool) -> DiscoveryRequest {
        let mirrored = self.0.get_mut(&response.kind).expect("a kind that was asked for");
        mirrored.nonce.clone_from(&response.nonce);
        let Mirrored { interest, told, .. } = mirrored;
        let held = response.resources.iter().filter(|resource| interest.covers(&resource.name));
        *told = held.map(|resource| (resource.name.clone(), resource.version.clone())).collect();
        DiscoveryRequest { error_detail: refusal(accepts), ..mirrored.request(response.kind) }
    }

    fn ask_unknown(type_url: String) -> DiscoveryRequest {
        DiscoveryRequest { type_url, ..Default::default() }
    }

    fn assert_mirrors(&self, world: &World) {
        for (kind, mirrored) in self.0.iter().filter(|(_, mirrored)| mirrored.asked) {
            assert_eq!(mirrored.told, world.part(*kind, &mirrored.interest), "{kind}");
        }
    }
}

impl Mirrored {
    /// All that it wants, in answer to the last response.
    fn request(&mut self, kind: ResourceKind) -> DiscoveryRequest {
        let mut resource_names = Vec::from_iter(self.interest.names.clone());
        // The old way to ask for all, where there is one.
        let old_way = !self.named && resource_names.is_empty();
        let has_old_way = matches!(kind, ResourceKind::Cluster | ResourceKind::Listener);
        if self.interest.wildcard && !(old_way && has_old_way) {
            resource_names.push("*".into());
        }
        self.asked = true;
        self.named |= !resource_names.is_empty();
        let (type_url, response_nonce) = (kind.type_url().into(), self.nonce.clone());
        DiscoveryRequest { type_url, resource_names, response_nonce, ..Default::default() }
    }
}

/// What went over a stream.
#[derive(Default)]
pub(super) struct Seen(BTreeMap<ResourceKind, SeenOfKind>);

#[derive(Default)]
struct SeenOfKind {
    interest: Interest,
    named: bool,
    nonce: Option<String>,
    /// What the last response held, as far as it is still asked for.
    sent: BTreeMap<String, String>,
    /// Whether the last request asked for more than the one before.
    asked_for_more: bool,
}

impl Wire<StateOfTheWorld> for Seen {
    fn acknowledges(request: &DiscoveryRequest) -> (&str, &str, Option<&Status>) {
        (&request.type_url, &request.response_nonce, request.error_detail.as_ref())
    }

    fn request(&mut self, kind: ResourceKind, request: &DiscoveryRequest) {
        let seen = self.0.entry(kind).or_default();
        seen.asked_for_more = false;
        // Written before the client saw the last response.
        if seen.nonce.as_ref().is_some_and(|nonce| *nonce != request.response_nonce) {
            return;
        }
        seen.named |= !request.resource_names.is_empty();
        let mut interest = Interest { wildcard: false, names: request.resource_names.iter().cloned().collect() };
        let means_all = !seen.named && matches!(kind, ResourceKind::Cluster | ResourceKind::Listener);
        interest.wildcard = interest.names.remove("*") || means_all;
        let more = interest.wildcard && !seen.interest.wildcard;
        seen.asked_for_more = more || !interest.names.is_subset(&seen.interest.names);
        seen.sent.retain(|name, _| interest.covers(name));
        seen.interest = interest;
    }

    fn response(&mut self, response: &Response, world: &World, answers: bool) {
        let kind = response.kind;
        let seen = self.0.get_mut(&kind).expect("a kind that was asked for");
        let held = response.resources.iter().map(|resource| (resource.name.clone(), resource.version.clone()));
        let held: BTreeMap<String, String> = held.collect();
        assert_eq!(held, world.part(kind, &seen.interest), "{kind}: not what there is");
        assert!(response.removed.is_empty());
        assert!(held != seen.sent || (answers && seen.asked_for_more), "{kind}: the same twice");
        (seen.sent, seen.nonce) = (held, Some(response.nonce.clone()));
    }
}
