//! The order of a push: a resource comes before or with what refers to it, and goes after.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::world::{Content, NAMES, Subject};
use super::{Client, Link, delta, sotw};
use crate::ResourceKind;

/// By kind and name, the name of what a resource refers to.
type References = BTreeMap<(ResourceKind, &'static str), usize>;

/// The kinds that resources of a kind refer to, each under one name: its version tells which.
fn referred(kind: ResourceKind) -> &'static [ResourceKind] {
    match kind {
        ResourceKind::Cluster => &[ResourceKind::Endpoints],
        ResourceKind::Listener => &[ResourceKind::Cluster, ResourceKind::Route, ResourceKind::Extension],
        ResourceKind::Route => &[ResourceKind::Cluster],
        ResourceKind::Endpoints | ResourceKind::Extension => &[],
    }
}

/// Resources of which none refers to what is absent.
fn references() -> impl Strategy<Value = References> {
    let each =
        prop::collection::vec(prop::option::weighted(0.7, 0..NAMES.len()), ResourceKind::ALL.len() * NAMES.len());
    each.prop_map(|targets| {
        let all = ResourceKind::ALL.into_iter().flat_map(|kind| NAMES.map(|name| (kind, name)));
        let mut references: References =
            all.zip(targets).filter_map(|(resource, target)| Some((resource, target?))).collect();
        loop {
            let before = references.clone();
            references.retain(|(kind, _), target| {
                referred(*kind).iter().all(|other| before.contains_key(&(*other, NAMES[*target])))
            });
            if references == before {
                return references;
            }
        }
    })
}

/// A client that asks for everything and, as Envoy does, takes one response after the other.
fn link<C: Client>() -> Link<C> {
    let mut link = Link::<C>::new();
    for kind in ResourceKind::ALL {
        link.requests.extend(link.client.subscribe(kind, Subject::Wildcard));
    }
    link.settle();
    link
}

fn push<C: Client>(link: &mut Link<C>, references: &References) {
    let all = ResourceKind::ALL.into_iter().flat_map(|kind| NAMES.map(|name| (kind, name)));
    let content = |resource| references.get(&resource).map(|target| Content::Version(*target as u8));
    link.push(all.map(|(kind, name)| (kind, name, content((kind, name)))).collect());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..Default::default() })]

    #[test]
    fn by_delta_nothing_that_a_client_has_refers_to_what_it_has_not(worlds in prop::collection::vec(references(), 1..5)) {
        let mut link = link::<delta::Mirror>();
        let mut has: BTreeMap<(ResourceKind, String), usize> = BTreeMap::new();
        for references in worlds {
            push(&mut link, &references);
            for response in &link.responses {
                for resource in &response.resources {
                    has.insert((resource.kind, resource.name.clone()), resource.version[1..].parse().unwrap());
                }
                for name in &response.removed {
                    has.remove(&(response.kind, name.clone()));
                }
                for ((kind, name), target) in &has {
                    for other in referred(*kind) {
                        // What is sent later than its kind is warmed: Envoy waits for the first one of its name.
                        let comes = other > kind && references.contains_key(&(*other, NAMES[*target]));
                        let there = has.contains_key(&(*other, NAMES[*target].to_owned()));
                        assert!(there || comes, "{kind} {name} refers to {other} {}", NAMES[*target]);
                    }
                }
            }
            link.settle();
        }
    }

    #[test]
    fn by_the_state_of_the_world_kinds_come_in_the_order_of_dependence(worlds in prop::collection::vec(references(), 1..5)) {
        let mut link = link::<sotw::Mirror>();
        for references in worlds {
            push(&mut link, &references);
            let kinds: Vec<ResourceKind> = link.responses.iter().map(|response| response.kind).collect();
            assert!(kinds.is_sorted(), "{kinds:?}");
            link.settle();
        }
    }
}
