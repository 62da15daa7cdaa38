//! State of the world: each response holds all that the client asked for of one kind.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use envoy_types::pb::envoy::service::discovery::v3::DiscoveryRequest;

use super::{Answer, Form, Protocol, Response, WILDCARD, sum};
use crate::acks::Acks;
use crate::snapshot::Table;
use crate::{Node, Resource, ResourceKind, Service, Snapshot};

pub(crate) struct StateOfTheWorld {
    service: Service,
    acks: Acks,
    /// Boxed, since a client asks for few kinds and the map keeps room for more.
    subscriptions: BTreeMap<ResourceKind, Box<Subscription>>,
}

#[derive(Default)]
struct Subscription {
    names: HashSet<String>,
    /// How many bytes they take.
    bytes: usize,
    wildcard: bool,
    /// Once a client has named something, an empty list means nothing and no longer everything.
    named: bool,
    /// Nonce of the last response.
    nonce: Option<String>,
    /// Version by name of all that the last response held.
    sent: HashMap<String, String>,
}

impl Protocol for StateOfTheWorld {
    type Request = DiscoveryRequest;
    const FORM: Form = Form::StateOfTheWorld;

    fn new(service: Service) -> StateOfTheWorld {
        StateOfTheWorld { service, acks: Acks::default(), subscriptions: BTreeMap::new() }
    }

    fn node(request: &mut DiscoveryRequest) -> Option<Node> {
        request.node.take()
    }

    fn unanswered(&self) -> usize {
        self.acks.unanswered()
    }

    fn names(&self) -> (usize, usize) {
        sum(self.subscriptions.values().map(|one| (one.names.len(), one.bytes)))
    }

    fn asked_for_filter(&self, name: &str) -> bool {
        self.subscriptions.get(&ResourceKind::Extension).is_some_and(|subscription| subscription.covers(name))
    }

    fn named_filters(&self) -> impl Iterator<Item = &String> {
        self.subscriptions.get(&ResourceKind::Extension).into_iter().flat_map(|subscription| &subscription.names)
    }

    fn answer(&mut self, request: DiscoveryRequest, snapshot: &Snapshot) -> Answer {
        let Some(kind) = self.service.kind(&request.type_url) else {
            return (None, self.acks.unsupported(request.type_url));
        };
        let event = self.acks.acknowledge(kind, &request.response_nonce, request.error_detail);
        let subscription = self.subscriptions.entry(kind).or_default();
        // The client wrote this before it saw the last response; it will repeat what it wants in its answer to that.
        let stale = subscription.nonce.as_ref().is_some_and(|nonce| *nonce != request.response_nonce);
        if stale || !subscription.change(kind, request.resource_names) {
            return (None, event);
        }
        (Some(subscription.respond(kind, snapshot, &mut self.acks)), event)
    }

    fn push(&mut self, snapshot: &Snapshot) -> Vec<Response> {
        let mut responses = Vec::new();
        for (kind, subscription) in &mut self.subscriptions {
            if subscription.versions(snapshot.table(*kind)) != subscription.sent {
                responses.push(subscription.respond(*kind, snapshot, &mut self.acks));
            }
        }
        responses
    }
}

impl Subscription {
    /// Takes in the names of a request; whether it asks for something it did not ask for before.
    fn change(&mut self, kind: ResourceKind, names: Vec<String>) -> bool {
        let mut names = HashSet::from_iter(names);
        self.named |= !names.is_empty();
        let wildcard = names.remove(WILDCARD) || (!self.named && kind.empty_is_wildcard());
        let more = (wildcard && !self.wildcard) || !names.is_subset(&self.names);
        self.bytes = names.iter().map(String::len).sum();
        (self.names, self.wildcard) = (names, wildcard);

        self.sent.retain(|name, _| self.wildcard || self.names.contains(name));
        more
    }

    fn respond(&mut self, kind: ResourceKind, snapshot: &Snapshot, acks: &mut Acks) -> Response {
        let table = snapshot.table(kind);
        let nonce = acks.issue(kind, snapshot.label());
        self.sent = self.versions(table);
        self.nonce = Some(nonce.clone());
        let resources = self.selected(table).cloned().collect();
        Response { kind, version: table.version().to_owned(), resources, removed: Vec::new(), nonce }
    }

    fn versions(&self, table: &Table) -> HashMap<String, String> {
        self.selected(table).map(|resource| (resource.name.clone(), resource.version.clone())).collect()
    }

    fn selected<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a Arc<Resource>> {
        table.shared().filter(|resource| self.covers(&resource.name))
    }

    fn covers(&self, name: &str) -> bool {
        self.wildcard || self.names.contains(name)
    }
}
