//! Delta: each response holds only what the client does not have yet, or has and should no longer.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use envoy_types::pb::envoy::service::discovery::v3::DeltaDiscoveryRequest;

use super::{Answer, Form, Protocol, Response, WILDCARD, sum};
use crate::acks::Acks;
use crate::snapshot::Table;
use crate::{Node, Resource, ResourceKind, Service, Snapshot};

pub(crate) struct Delta {
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
    /// Version by name of what the client has, as far as it was sent or said so.
    known: HashMap<String, String>,
}

impl Protocol for Delta {
    type Request = DeltaDiscoveryRequest;
    const FORM: Form = Form::Delta;

    fn new(service: Service) -> Delta {
        Delta { service, acks: Acks::default(), subscriptions: BTreeMap::new() }
    }

    fn node(request: &mut DeltaDiscoveryRequest) -> Option<Node> {
        request.node.take()
    }

    fn unanswered(&self) -> usize {
        self.acks.unanswered()
    }

    fn names(&self) -> (usize, usize) {
        sum(self.subscriptions.values().map(|one| (one.names.len().max(one.known.len()), one.bytes)))
    }

    fn asked_for_filter(&self, name: &str) -> bool {
        self.subscriptions
            .get(&ResourceKind::Extension)
            .is_some_and(|subscription| subscription.wildcard || subscription.names.contains(name))
    }

    fn named_filters(&self) -> impl Iterator<Item = &String> {
        self.subscriptions.get(&ResourceKind::Extension).into_iter().flat_map(|subscription| &subscription.names)
    }

    fn answer(&mut self, request: DeltaDiscoveryRequest, snapshot: &Snapshot) -> Answer {
        let Some(kind) = self.service.kind(&request.type_url) else {
            return (None, self.acks.unsupported(request.type_url));
        };
        let event = self.acks.acknowledge(kind, &request.response_nonce, request.error_detail);

        let first = !self.subscriptions.contains_key(&kind);
        let asks = !request.resource_names_subscribe.is_empty() || !request.resource_names_unsubscribe.is_empty();
        if !first && !asks {
            return (None, event);
        }
        let table = snapshot.table(kind);
        let subscription = self.subscriptions.entry(kind).or_default();
        let was_wildcard = subscription.wildcard;
        let asked = if first {
            let names = request.resource_names_subscribe;
            subscription.open(kind, names, request.initial_resource_versions)
        } else {
            subscription.subscribe(request.resource_names_subscribe)
        };
        let released = subscription.unsubscribe(request.resource_names_unsubscribe);

        // Of a name that was asked for and does not exist the client must be told so, or it would go on waiting. But of a
        // filter: there Envoy 1.40 takes its default after a time, and if it is told before it waits for ever.
        let told = kind != ResourceKind::Extension;
        let mut removed = subscription.take_gone(kind, snapshot);
        removed.extend(asked.into_iter().chain(released).filter(|name| told && snapshot.lacks(kind, name)));
        let changed = subscription.take_changed(table);
        // Likewise of a wildcard that holds nothing, by an empty response.
        let new_wildcard = subscription.wildcard && !was_wildcard && subscription.known.is_empty();
        let answers = new_wildcard || !removed.is_empty() || !changed.is_empty();
        (answers.then(|| self.respond(kind, snapshot, changed, removed)), event)
    }

    /// Additions come in the order of kinds, then removals of what refers to something before that: at no time does a
    /// listener, route or cluster that the client has refer to something that was taken from it.
    fn push(&mut self, snapshot: &Snapshot) -> Vec<Response> {
        let mut responses = Vec::new();
        for kind in ResourceKind::ALL {
            let Some(subscription) = self.subscriptions.get_mut(&kind) else { continue };
            let changed = subscription.take_changed(snapshot.table(kind));
            if !changed.is_empty() {
                responses.push(self.respond(kind, snapshot, changed, BTreeSet::new()));
            }
        }
        for kind in ResourceKind::REMOVAL {
            let Some(subscription) = self.subscriptions.get_mut(&kind) else { continue };
            let removed = subscription.take_gone(kind, snapshot);
            if !removed.is_empty() {
                responses.push(self.respond(kind, snapshot, Vec::new(), removed));
            }
        }
        responses
    }
}

impl Delta {
    fn respond(
        &mut self,
        kind: ResourceKind,
        snapshot: &Snapshot,
        resources: Vec<Arc<Resource>>,
        removed: BTreeSet<String>,
    ) -> Response {
        let (version, removed) = (snapshot.table(kind).version().to_owned(), removed.into_iter().collect());
        Response { kind, version, resources, removed, nonce: self.acks.issue(kind, snapshot.label()) }
    }
}

impl Subscription {
    /// The first request, which may say what the client still has from an earlier stream. Returns the names asked for.
    fn open(
        &mut self,
        kind: ResourceKind,
        names: Vec<String>,
        known: impl IntoIterator<Item = (String, String)>,
    ) -> Vec<String> {
        self.wildcard = names.is_empty() && kind.empty_is_wildcard();
        let asked = self.subscribe(names);
        self.known.extend(known);
        self.forget_uncovered();
        asked
    }

    /// Returns the names asked for. A client that asks again has dropped what it had.
    fn subscribe(&mut self, names: Vec<String>) -> Vec<String> {
        let mut asked = Vec::new();
        for name in names {
            if name == WILDCARD {
                self.wildcard = true;
            } else {
                self.known.remove(&name);
                if self.names.insert(name.clone()) {
                    self.bytes += name.len();
                }
                asked.push(name);
            }
        }
        asked
    }

    /// Returns the names that the wildcard still covers: whether these exist the client wants to hear anew.
    fn unsubscribe(&mut self, names: Vec<String>) -> Vec<String> {
        let mut released = Vec::new();
        for name in names {
            if name == WILDCARD {
                self.wildcard = false;
            } else if self.names.remove(&name) {
                self.bytes -= name.len();
                released.push(name);
            }
        }
        self.forget_uncovered();
        if !self.wildcard {
            return Vec::new();
        }
        for name in &released {
            self.known.remove(name);
        }
        released
    }

    fn take_changed(&mut self, table: &Table) -> Vec<Arc<Resource>> {
        let mut changed = Vec::new();
        for resource in table.shared() {
            let covered = self.wildcard || self.names.contains(&resource.name);
            if covered && self.known.get(&resource.name) != Some(&resource.version) {
                self.known.insert(resource.name.clone(), resource.version.clone());
                changed.push(resource.clone());
            }
        }
        changed
    }

    /// In order, so that equal pushes are equal on the wire.
    fn take_gone(&mut self, kind: ResourceKind, snapshot: &Snapshot) -> BTreeSet<String> {
        self.known.extract_if(|name, _| snapshot.lacks(kind, name)).map(|(name, _)| name).collect()
    }

    fn forget_uncovered(&mut self) {
        let Subscription { names, wildcard, known, .. } = self;
        known.retain(|name, _| *wildcard || names.contains(name));
    }
}
