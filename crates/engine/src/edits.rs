//! What a decision changes in the headers of a request. A header that would stay as it is is not written.

use std::borrow::Cow;
use std::collections::BTreeSet;

use smallvec::SmallVec;
use weir_policy::{CLUSTER_HEADER, Role, SUBSET_HEADER, Steer};

use crate::baggage::{self, Member};
use crate::cookie;
use crate::decision::{Decision, Kept};
use crate::exchange::Exchange;
use crate::plan::VariantPlan;
use crate::request::Request;

/// One change of the request's headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Lower-case.
    pub name: Vec<u8>,
    /// What the header has from now on, whatever it had; without any line it goes.
    pub lines: Vec<Vec<u8>>,
}

/// Where a service goes.
#[derive(Clone, Copy)]
pub(crate) struct Route<'a> {
    service: &'a str,
    /// A subset, or another service, which has a dot in its name.
    target: &'a str,
}

impl Exchange<'_, '_> {
    /// Makes the changes, in their order: `write` is given a header and the lines that it has from now on; without any
    /// line it goes.
    pub fn apply(&self, mut write: impl FnMut(&[u8], &[&[u8]])) {
        if self.decision.plan.attachment.role == Role::Inbound {
            return;
        }
        let written = self.headers_of_ours();
        remove_ours(&self.request, &written, &mut write);
        let tags = self.decision.tags();
        self.write_tags(&tags, &mut write);
        if let Some(lines) = self.baggage(&tags) {
            write_lines(b"baggage", &lines, &mut write);
        }
        if let Some(lines) = self.cookies(&tags) {
            write_lines(b"cookie", &lines, &mut write);
        }
        for (name, line) in &written {
            if !is_only_line(&self.request, name, line) {
                write(name.as_bytes(), &[line]);
            }
        }
    }

    /// The changes that [`Exchange::apply`] makes.
    pub fn edits(&self) -> Vec<Edit> {
        let mut edits = Vec::new();
        self.apply(|name, lines| {
            edits.push(Edit { name: name.to_vec(), lines: lines.iter().map(|line| line.to_vec()).collect() });
        });
        edits
    }

    fn write_tags(&self, tags: &[&[u8]], write: &mut impl FnMut(&[u8], &[&[u8]])) {
        let arrived = &self.request.tags;
        let name = self.decision.plan.tag_header.as_bytes();
        let joined;
        let line = match tags {
            [] if arrived.is_empty() => return,
            [] => return write(name, &[]),
            [tag] => *tag,
            tags => {
                joined = tags.join(&b","[..]);
                &joined
            }
        };
        if arrived.as_slice() != [line] {
            write(name, &[line]);
        }
    }

    fn baggage(&self, tags: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
        let plan = self.decision.plan;
        let arrived = &self.request.baggage;
        let key = plan.baggage.as_ref()?.as_bytes();
        if let Member::TooLarge { has_member } = baggage::read(arrived, key) {
            // A member that cannot be read cannot be replaced either, and a client must not choose tags.
            return (plan.attachment.role == Role::Edge && has_member).then(Vec::new);
        }
        baggage::write(arrived, key, tags)
    }

    /// The request's cookies with the units that were made for it, and with the tags if the upstream gets them so.
    fn cookies(&self, tags: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
        let (plan, request) = (self.decision.plan, &self.request);
        if !plan.writes_cookies {
            return None;
        }
        let tags = (!tags.is_empty() && !request.is_grpc).then(|| tags.join(&b"%2C"[..]));
        let tags = plan.request_cookie.iter().map(|name| (name.as_bytes(), tags.as_deref()));
        let issued = self.issued().map(|(cookie, id)| (cookie.name.as_bytes(), Some(id.as_bytes())));
        cookie::write(&request.cookies, &issued.chain(tags).collect::<Vec<_>>())
    }

    /// The headers that steer or weigh this request, each with its one line.
    fn headers_of_ours(&self) -> Written<'_> {
        let plan = self.decision.plan;
        let mut written = Written::new();
        let steered = || {
            let cluster = self.destination.as_deref()?;
            let route = self.decision.route(cluster)?;
            match plan.attachment.steer {
                Steer::Tag => None,
                Steer::Subset => Some((SUBSET_HEADER, Cow::Borrowed(route.target.as_bytes()))),
                Steer::Cluster if plan.leads_to_services && route.target.contains('.') => {
                    Some((CLUSTER_HEADER, Cow::Owned(of_service(cluster, route)?)))
                }
                Steer::Cluster => Some((CLUSTER_HEADER, Cow::Owned(with_subset(cluster, route)?))),
            }
        };
        written.extend(steered());
        for sticky in &plan.sticky {
            let unit = sticky.unit.and_then(|unit| plan.units.get(unit)).and_then(|unit| self.request.unit(unit));
            let slot = unit.map(|unit| sticky.salt.slot(unit).to_string().into_bytes());
            written.extend(slot.map(|slot| (sticky.header.as_str(), Cow::Owned(slot))));
        }
        written
    }
}

impl Decision<'_> {
    /// The tags that go on: at the edge by layer id, in the mesh in the order of arrival.
    pub(crate) fn tags(&self) -> Tags<'_> {
        if self.plan.attachment.role == Role::Edge {
            let mut tags = Tags::with_capacity(self.outcomes.len());
            tags.extend(self.all_in_force().map(|variant| variant.tag.as_bytes()));
            return tags;
        }
        let tag = |kept| match kept {
            &Kept::Layer(layer) => self.in_force(layer).map(|variant| variant.tag.as_bytes()),
            Kept::Unknown(tag) => Some(tag.as_slice()),
        };
        self.kept.iter().filter_map(tag).collect()
    }

    /// Where the service of a cluster goes: the first layer that routes it says so, else the first that leads to it. A
    /// request that is there already was led by its tag, before the filter saw it.
    pub(crate) fn route(&self, cluster: &[u8]) -> Option<Route<'_>> {
        let service = service_of(cluster);
        let routes = || self.all_in_force().flat_map(|variant| &variant.routes);
        let led_to = || {
            // The name of a subset has no dot, and may not be taken for the service of a cluster.
            let is_service = self.plan.leads_to_services && service.contains(&b'.');
            is_service.then(|| routes().find(|(_, target)| target.as_bytes() == service)).flatten()
        };
        let (service, target) = routes().find(|(known, _)| known.as_bytes() == service).or_else(led_to)?;
        Some(Route { service, target })
    }
}

type Tags<'a> = SmallVec<[&'a [u8]; 4]>;
type Written<'a> = SmallVec<[(&'a str, Cow<'a, [u8]>); 1]>;

impl Route<'_> {
    /// Whether the variant has this very route.
    pub(crate) fn is_of(self, variant: &VariantPlan) -> bool {
        variant.routes.iter().any(|(service, target)| service == self.service && target == self.target)
    }
}

/// The service of a cluster: of Istio's `DIRECTION|PORT|SUBSET|SERVICE` the last, else the whole name.
fn service_of(cluster: &[u8]) -> &[u8] {
    cluster.split(|byte| *byte == b'|').nth(3).unwrap_or(cluster)
}

/// Istio's name of a cluster with another subset; other names have no place for one.
fn with_subset(cluster: &[u8], route: Route<'_>) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = cluster.split(|byte| *byte == b'|').collect();
    parts.get(3)?;
    *parts.get_mut(2)? = route.target.as_bytes();
    Some(parts.join(&b'|'))
}

/// Istio's name of the cluster of the other service, on the port of this one; other names have no port.
fn of_service(cluster: &[u8], route: Route<'_>) -> Option<Vec<u8>> {
    let mut parts = cluster.split(|byte| *byte == b'|');
    let port = parts.nth(1)?;
    parts.nth(1)?;
    Some([&b"outbound"[..], port, b"", route.target.as_bytes()].join(&b'|'))
}

/// What arrived under our own names goes, but for a header that is written anyway.
fn remove_ours(request: &Request<'_>, written: &Written<'_>, write: &mut impl FnMut(&[u8], &[&[u8]])) {
    let mut gone = BTreeSet::new();
    for (name, _) in &request.reserved_headers {
        if !written.iter().any(|(kept, _)| kept.as_bytes() == *name) && gone.insert(name) {
            write(name, &[]);
        }
    }
}

fn write_lines(name: &[u8], lines: &[Vec<u8>], write: &mut impl FnMut(&[u8], &[&[u8]])) {
    write(name, &lines.iter().map(Vec::as_slice).collect::<SmallVec<[&[u8]; 4]>>());
}

fn is_only_line(request: &Request<'_>, name: &str, line: &[u8]) -> bool {
    let mut lines = request.reserved_headers.iter().filter(|(known, _)| *known == name.as_bytes());
    matches!((lines.next(), lines.next()), (Some((_, value)), None) if *value == line)
}

#[cfg(test)]
mod tests;
