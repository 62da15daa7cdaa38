//! What a decision changes in the headers of a request. Nothing is in it that would not change anything.

use crate::attachment::{Attachment, Role, Steer};
use crate::baggage::{self, Member};
use crate::decision::{Decision, Kept};
use crate::request::Request;

/// The header that routes match exactly where the attachment steers by subset.
pub const SUBSET_HEADER: &str = "x-weir-subset";

/// One change of the request's headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The header has these lines from now on, whatever it had.
    Set {
        /// Lower-case.
        name: Vec<u8>,
        /// At least one.
        lines: Vec<Vec<u8>>,
    },
    /// The header goes, all its lines.
    Remove {
        /// Lower-case.
        name: Vec<u8>,
    },
}

impl Edit {
    fn set(name: &str, line: Vec<u8>) -> Edit {
        Edit::Set { name: name.as_bytes().to_vec(), lines: vec![line] }
    }

    fn remove(name: &[u8]) -> Edit {
        Edit::Remove { name: name.to_vec() }
    }
}

impl Decision<'_> {
    /// Whether [`Decision::edits`] would look at the destination.
    pub fn wants_destination(&self, attachment: &Attachment) -> bool {
        attachment.role != Role::Inbound
            && attachment.steer == Steer::Subset
            && self.all_in_force().any(|variant| !variant.routes.is_empty())
    }

    /// The changes, in the order in which they are made. `destination` is the cluster that Envoy had chosen before.
    pub fn edits(&self, attachment: &Attachment, request: &Request<'_>, destination: Option<&[u8]>) -> Vec<Edit> {
        if attachment.role == Role::Inbound {
            return Vec::new();
        }
        let subset = match attachment.steer {
            Steer::Tag => None,
            Steer::Subset => destination.and_then(|cluster| self.subset(service_of(cluster))),
        };
        let mut edits = ours_removed(request, subset);
        let tags = self.tags(attachment.role);
        edits.extend(self.tag_header(request, &tags));
        edits.extend(self.baggage(attachment.role, request, &tags));
        if let Some(subset) = subset
            && !is_only_line(request, SUBSET_HEADER, subset)
        {
            edits.push(Edit::set(SUBSET_HEADER, subset.as_bytes().to_vec()));
        }
        edits
    }

    /// The tags that go on: at the edge by layer id, in the mesh in the order of arrival.
    fn tags(&self, role: Role) -> Vec<&[u8]> {
        if role == Role::Edge {
            return self.all_in_force().map(|variant| variant.tag.as_bytes()).collect();
        }
        let tag = |kept| match kept {
            &Kept::Layer(layer) => self.in_force(layer).map(|variant| variant.tag.as_bytes()),
            Kept::Unknown(tag) => Some(tag.as_slice()),
        };
        self.kept.iter().filter_map(tag).collect()
    }

    fn tag_header(&self, request: &Request<'_>, tags: &[&[u8]]) -> Option<Edit> {
        let name = &self.plan.tag_header;
        let line = tags.join(&b","[..]);
        if line.is_empty() {
            return (!request.tags.is_empty()).then(|| Edit::remove(name.as_bytes()));
        }
        (request.tags != [line.as_slice()]).then(|| Edit::set(name, line))
    }

    fn baggage(&self, role: Role, request: &Request<'_>, tags: &[&[u8]]) -> Option<Edit> {
        let key = self.plan.baggage.as_ref()?.as_bytes();
        if let Member::TooLarge { has_member } = baggage::read(&request.baggage, key) {
            // A member that cannot be read cannot be replaced either, and a client must not choose tags.
            return (role == Role::Edge && has_member).then(|| Edit::remove(b"baggage"));
        }
        let lines = baggage::write(&request.baggage, key, tags)?;
        let name = b"baggage".to_vec();
        Some(if lines.is_empty() { Edit::Remove { name } } else { Edit::Set { name, lines } })
    }

    /// The subset of a service: the first layer that routes it does.
    fn subset(&self, service: &[u8]) -> Option<&str> {
        let mut routes = self.all_in_force().flat_map(|variant| &variant.routes);
        routes.find(|(known, _)| known.as_bytes() == service).map(|(_, subset)| subset.as_str())
    }
}

/// The service of a cluster: of Istio's `DIRECTION|PORT|SUBSET|SERVICE` the last, else the whole name.
fn service_of(cluster: &[u8]) -> &[u8] {
    cluster.split(|byte| *byte == b'|').nth(3).unwrap_or(cluster)
}

/// What arrived under our own prefix goes, but for a subset header that already says the right thing.
fn ours_removed(request: &Request<'_>, subset: Option<&str>) -> Vec<Edit> {
    let mut names: Vec<&[u8]> = Vec::new();
    for (name, _) in &request.ours {
        let stays = *name == SUBSET_HEADER.as_bytes() && subset.is_some();
        if !stays && !names.contains(name) {
            names.push(name);
        }
    }
    names.into_iter().map(Edit::remove).collect()
}

fn is_only_line(request: &Request<'_>, name: &str, line: &str) -> bool {
    let mut lines = request.ours.iter().filter(|(known, _)| *known == name.as_bytes());
    matches!((lines.next(), lines.next()), (Some((_, value)), None) if *value == line.as_bytes())
}

#[cfg(test)]
mod tests;
