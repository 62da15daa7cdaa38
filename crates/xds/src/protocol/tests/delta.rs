//! A client of delta, and what its stream must not show.

use std::collections::{BTreeMap, BTreeSet};

use envoy_types::pb::envoy::service::discovery::v3::DeltaDiscoveryRequest;
use envoy_types::pb::google::rpc::Status;

use super::world::{Interest, Subject, World};
use super::{Client, Wire, refusal};
use crate::ResourceKind;
use crate::protocol::{Delta, Response};

/// What a client knows of each kind.
#[derive(Default)]
pub(super) struct Mirror(BTreeMap<ResourceKind, Mirrored>);

#[derive(Default)]
struct Mirrored {
    interest: Interest,
    /// Whether it has asked on this stream.
    asked: bool,
    /// What it was told last of each name: a version, or that there is none.
    told: BTreeMap<String, Option<String>>,
    /// What it runs by.
    accepted: BTreeMap<String, String>,
    /// Names of which it refused what it was told last.
    refused: BTreeSet<String>,
    /// Whether it waits to hear what the wildcard holds, as who has nothing does.
    waits: bool,
}

impl Client for Mirror {
    type Server = Delta;
    type Wire = Seen;

    fn subscribe(&mut self, kind: ResourceKind, subject: Subject) -> Option<DeltaDiscoveryRequest> {
        let mirrored = self.0.entry(kind).or_default();
        let is_new = mirrored.interest.add(subject);
        if !mirrored.asked {
            return Some(mirrored.first_request(kind));
        }
        match subject {
            // Who has something already has the first word of its kind.
            Subject::Wildcard => mirrored.waits = is_new && mirrored.told.values().all(Option::is_none),
            // Even a name that it has: it has lost what it had.
            Subject::Name(name) => mirrored.forget(name),
        }
        let resource_names_subscribe = vec![subject.text()];
        Some(DeltaDiscoveryRequest { resource_names_subscribe, ..request(kind) })
    }

    fn unsubscribe(&mut self, kind: ResourceKind, subject: Subject) -> Option<DeltaDiscoveryRequest> {
        let mirrored = self.0.get_mut(&kind).filter(|mirrored| mirrored.asked)?;
        if !mirrored.interest.remove(subject) {
            return None;
        }
        if let Subject::Name(name) = subject {
            mirrored.told.remove(name);
        }
        mirrored.drop_uncovered();
        let resource_names_unsubscribe = vec![subject.text()];
        Some(DeltaDiscoveryRequest { resource_names_unsubscribe, ..request(kind) })
    }

    fn reconnect(&mut self) -> Vec<DeltaDiscoveryRequest> {
        self.0.values_mut().for_each(|mirrored| mirrored.asked = false);
        let wanted = self.0.iter_mut().filter(|(_, mirrored)| !mirrored.interest.is_empty());
        wanted.map(|(kind, mirrored)| mirrored.first_request(*kind)).collect()
    }

    fn receive(&mut self, response: &Response, accepts: bool) -> DeltaDiscoveryRequest {
        let mirrored = self.0.get_mut(&response.kind).expect("a kind that was asked for");
        mirrored.waits = false;
        let present = response.resources.iter().map(|resource| (&resource.name, Some(&resource.version)));
        for (name, version) in present.chain(response.removed.iter().map(|name| (name, None))) {
            if mirrored.interest.covers(name) {
                mirrored.told.insert(name.clone(), version.cloned());
                mirrored.apply(name, version, accepts);
            }
        }
        let response_nonce = response.nonce.clone();
        DeltaDiscoveryRequest { response_nonce, error_detail: refusal(accepts), ..request(response.kind) }
    }

    fn ask_unknown(type_url: String) -> DeltaDiscoveryRequest {
        DeltaDiscoveryRequest { type_url, ..Default::default() }
    }

    fn assert_mirrors(&self, world: &World) {
        for (kind, mirrored) in self.0.iter().filter(|(_, mirrored)| mirrored.asked) {
            mirrored.assert_mirrors(*kind, world);
        }
    }
}

impl Mirrored {
    /// The whole interest, and what it still has.
    fn first_request(&mut self, kind: ResourceKind) -> DeltaDiscoveryRequest {
        self.asked = true;
        self.refused.clear();
        self.told = self.accepted.iter().map(|(name, version)| (name.clone(), Some(version.clone()))).collect();
        self.waits = self.interest.wildcard && self.accepted.is_empty();
        let mut names = Vec::from_iter(self.interest.names.clone());
        // The old way to ask for all, where there is one.
        let old_way = names.is_empty() && matches!(kind, ResourceKind::Cluster | ResourceKind::Listener);
        if self.interest.wildcard && !old_way {
            names.push("*".into());
        }
        let initial_resource_versions = self.accepted.clone().into_iter().collect();
        DeltaDiscoveryRequest { resource_names_subscribe: names, initial_resource_versions, ..request(kind) }
    }

    fn apply(&mut self, name: &str, version: Option<&String>, accepts: bool) {
        match version {
            _ if !accepts => _ = self.refused.insert(name.into()),
            Some(version) => drop(self.accepted.insert(name.into(), version.clone())),
            None => drop(self.accepted.remove(name)),
        }
        if accepts {
            self.refused.remove(name);
        }
    }

    fn forget(&mut self, name: &str) {
        self.told.remove(name);
        self.accepted.remove(name);
    }

    fn drop_uncovered(&mut self) {
        let Mirrored { interest, told, accepted, .. } = self;
        told.retain(|name, _| interest.covers(name));
        accepted.retain(|name, _| interest.covers(name));
    }

    fn assert_mirrors(&self, kind: ResourceKind, world: &World) {
        let speakable = |name: &&String| !world.clashes(kind, name);
        let told = self.told.iter().filter(|(name, _)| speakable(name));
        let present = told.filter_map(|(name, version)| Some((name.clone(), version.clone()?)));
        assert_eq!(present.collect::<BTreeMap<_, _>>(), world.part(kind, &self.interest), "{kind}: told");
        for name in self.interest.names.iter().filter(|name| kind != ResourceKind::Extension && speakable(name)) {
            assert!(self.told.contains_key(name), "{kind}: waits for {name}");
        }
        assert!(!self.waits, "{kind}: waits for all");
        for (name, version) in self.told.iter().filter(|(name, _)| !self.refused.contains(*name)) {
            assert_eq!(self.accepted.get(name), version.as_ref(), "{kind}: accepted of {name}");
        }
    }
}

/// What went over a stream.
#[derive(Default)]
pub(super) struct Seen(BTreeMap<ResourceKind, SeenOfKind>);

#[derive(Default)]
struct SeenOfKind {
    interest: Interest,
    /// What the client has, by what it said and was sent: a version, or the news that there is none.
    sent: BTreeMap<String, Option<String>>,
    /// What the last request asked to be told.
    asked: BTreeSet<String>,
    asked_for_all: bool,
}

impl Wire<Delta> for Seen {
    fn acknowledges(request: &DeltaDiscoveryRequest) -> (&str, &str, Option<&Status>) {
        (&request.type_url, &request.response_nonce, request.error_detail.as_ref())
    }

    fn request(&mut self, kind: ResourceKind, request: &DeltaDiscoveryRequest) {
        let is_first = !self.0.contains_key(&kind);
        let seen = self.0.entry(kind).or_default();
        let had_all = seen.interest.wildcard;
        let (more, less) = (&request.resource_names_subscribe, &request.resource_names_unsubscribe);
        if is_first && more.is_empty() && matches!(kind, ResourceKind::Cluster | ResourceKind::Listener) {
            seen.interest.wildcard = true;
        }
        for name in more {
            if name == "*" { seen.interest.wildcard = true } else { _ = seen.interest.names.insert(name.clone()) }
        }
        for name in less {
            if name == "*" { seen.interest.wildcard = false } else { _ = seen.interest.names.remove(name) }
        }
        seen.asked = more.iter().chain(less).filter(|name| *name != "*").cloned().collect();
        seen.asked_for_all = seen.interest.wildcard && !had_all;
        let SeenOfKind { interest, sent, asked, .. } = seen;
        sent.retain(|name, _| interest.covers(name) && !asked.contains(name));
        let has = request.initial_resource_versions.iter();
        sent.extend(has.map(|(name, version)| (name.clone(), Some(version.clone()))));
    }

    fn response(&mut self, response: &Response, world: &World, answers: bool) {
        let kind = response.kind;
        let seen = self.0.get_mut(&kind).expect("a kind that was asked for");
        let is_empty = response.resources.is_empty() && response.removed.is_empty();
        assert!(!is_empty || (answers && seen.asked_for_all), "{kind}: an empty response");
        for resource in &response.resources {
            let (name, version) = (&resource.name, Some(resource.version.clone()));
            assert!(seen.interest.covers(name), "{kind}: {name} was not asked for");
            assert_eq!(version, world.version(kind, name), "{kind}: not what there is of {name}");
            assert_ne!(seen.sent.insert(name.clone(), version.clone()), Some(version), "{kind}: {name} twice");
        }
        for name in &response.removed {
            assert!(seen.interest.covers(name), "{kind}: {name} was not asked for");
            assert!(world.version(kind, name).is_none() && !world.clashes(kind, name), "{kind}: {name} is there");
            let had = matches!(seen.sent.insert(name.clone(), None), Some(Some(_)));
            let wants_to_know = answers && seen.asked.contains(name) && kind != ResourceKind::Extension;
            assert!(had || wants_to_know, "{kind}: {name} is gone, which is no news");
        }
    }
}

fn request(kind: ResourceKind) -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest { type_url: kind.type_url().into(), ..Default::default() }
}
