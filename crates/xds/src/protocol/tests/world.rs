//! What a server has, and what a client may ask for of it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::{Resource, ResourceKind, Snapshot};

/// Names that resources of every kind may have.
pub(super) const NAMES: [&str; 3] = ["a", "b", "c"];

/// Something that may be had under a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Content {
    Version(u8),
    /// Several filters of the name: of this the client is told nothing.
    Clash,
}

/// A kind's whole, or one name of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    Wildcard,
    Name(&'static str),
}

/// All that a server has.
#[derive(Default)]
pub(super) struct World {
    contents: BTreeMap<(ResourceKind, &'static str), Content>,
    changes: usize,
}

/// What a client has asked for of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Interest {
    pub wildcard: bool,
    pub names: BTreeSet<String>,
}

pub(super) fn content() -> impl Strategy<Value = Option<Content>> {
    prop_oneof![
        4 => Just(None),
        8 => (0..3u8).prop_map(|version| Some(Content::Version(version))),
        1 => Just(Some(Content::Clash)),
    ]
}

impl World {
    pub fn change(&mut self, kind: ResourceKind, name: &'static str, content: Option<Content>) {
        self.changes += 1;
        match content {
            // Only filters clash.
            Some(Content::Clash) if kind != ResourceKind::Extension => {}
            Some(content) => drop(self.contents.insert((kind, name), content)),
            None => drop(self.contents.remove(&(kind, name))),
        }
    }

    /// Differs after each change.
    pub fn label(&self) -> String {
        format!("r{}", self.changes)
    }

    pub fn snapshot(&self) -> Snapshot {
        let resource = |kind: ResourceKind, name: &str| {
            let version = self.version(kind, name)?;
            let body = format!("{kind} {name} {version}").into();
            Some(Resource { kind, name: name.into(), version, body })
        };
        let resources = self.contents.keys().filter_map(|(kind, name)| resource(*kind, name));
        let clashes = NAMES.into_iter().filter(|name| self.clashes(ResourceKind::Extension, name)).map(str::to_owned);
        Snapshot::new(self.label(), resources).with_filters(self.label().into(), [], clashes.collect())
    }

    /// The version of a resource, if there is one.
    pub fn version(&self, kind: ResourceKind, name: &str) -> Option<String> {
        match self.contents.iter().find(|((of, called), _)| (*of, *called) == (kind, name))?.1 {
            Content::Version(version) => Some(format!("v{version}")),
            Content::Clash => None,
        }
    }

    pub fn clashes(&self, kind: ResourceKind, name: &str) -> bool {
        self.contents.iter().any(|((of, called), content)| (*of, *called, *content) == (kind, name, Content::Clash))
    }

    /// The part of it, name by version, that a client with this interest is to have.
    pub fn part(&self, kind: ResourceKind, interest: &Interest) -> BTreeMap<String, String> {
        let covered = NAMES.into_iter().filter(|name| interest.covers(name));
        covered.filter_map(|name| Some((name.to_owned(), self.version(kind, name)?))).collect()
    }
}

impl Interest {
    pub fn covers(&self, name: &str) -> bool {
        self.wildcard || self.names.contains(name)
    }

    pub fn is_empty(&self) -> bool {
        !self.wildcard && self.names.is_empty()
    }

    /// False if it has that.
    pub fn add(&mut self, subject: Subject) -> bool {
        match subject {
            Subject::Wildcard => !std::mem::replace(&mut self.wildcard, true),
            Subject::Name(name) => self.names.insert(name.into()),
        }
    }

    /// False if it has that not.
    pub fn remove(&mut self, subject: Subject) -> bool {
        match subject {
            Subject::Wildcard => std::mem::replace(&mut self.wildcard, false),
            Subject::Name(name) => self.names.remove(name),
        }
    }
}

impl Subject {
    /// As it is spelt in a request.
    pub fn text(self) -> String {
        match self {
            Subject::Wildcard => "*".into(),
            Subject::Name(name) => name.into(),
        }
    }
}
