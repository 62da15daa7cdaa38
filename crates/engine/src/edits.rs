//! What a decision changes in the headers of a request. Nothing is in it that would not change anything.

use std::borrow::Cow;

use smallvec::{SmallVec, smallvec};

use crate::attachment::{Role, Steer};
use crate::baggage::{self, Member};
use crate::cookie;
use crate::decision::{Decision, Kept};
use crate::plan::VariantPlan;
use crate::request::Request;

/// The header that routes match exactly where the attachment steers by subset.
pub const SUBSET_HEADER: &str = "x-weir-subset";
/// The header that a guarded route takes its cluster from where the attachment steers by cluster.
pub const CLUSTER_HEADER: &str = "x-weir-cluster";

/// One change of the request's headers. Names are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit<'a> {
    /// The header has these lines from now on, at least one, whatever it had.
    Set {
        /// Its name.
        name: &'a [u8],
        /// Its lines.
        lines: SmallVec<[Cow<'a, [u8]>; 1]>,
    },
    /// The header goes, all its lines.
    Remove {
        /// Its name.
        name: &'a [u8],
    },
}

/// The changes, in the order in which they are made.
pub type Edits<'a> = SmallVec<[Edit<'a>; 2]>;

/// Where a service goes.
#[derive(Clone, Copy)]
pub(crate) struct Route<'a> {
    service: &'a str,
    subset: &'a str,
}

impl<'a> Edit<'a> {
    fn set(name: &'a str, line: impl Into<Cow<'a, [u8]>>) -> Edit<'a> {
        Edit::Set { name: name.as_bytes(), lines: smallvec![line.into()] }
    }

    /// No lines left means that the header goes.
    fn lines(name: &'a str, lines: Vec<Vec<u8>>) -> Edit<'a> {
        let name = name.as_bytes();
        if lines.is_empty() {
            return Edit::Remove { name };
        }
        Edit::Set { name, lines: lines.into_iter().map(Cow::Owned).collect() }
    }
}

impl Decision<'_> {
    /// Whether anything would look at the destination.
    pub fn wants_destination(&self) -> bool {
        let attachment = &self.plan.attachment;
        let looks = match attachment.role {
            Role::Edge => attachment.steer != Steer::Tag,
            // A hop counts what it routed, however the request was steered there.
            Role::Mesh => true,
            Role::Inbound => false,
        };
        looks && self.all_in_force().any(|variant| !variant.routes.is_empty())
    }

    /// The changes. `destination` is the cluster that Envoy had chosen before.
    pub fn edits<'a>(&'a self, request: &'a Request<'_>, destination: Option<&[u8]>) -> Edits<'a> {
        let mut edits = Edits::new();
        if self.plan.attachment.role == Role::Inbound {
            return edits;
        }
        let written = self.headers_of_ours(request, destination);
        ours_removed(request, &written, &mut edits);
        let tags = self.tags();
        edits.extend(self.tag_header(request, &tags));
        edits.extend(self.baggage(request, &tags));
        edits.extend(self.cookies(request, &tags));
        for (name, line) in written {
            if !is_only_line(request, name, &line) {
                edits.push(Edit::set(name, line));
            }
        }
        edits
    }

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

    fn tag_header<'a>(&'a self, request: &Request<'_>, tags: &[&'a [u8]]) -> Option<Edit<'a>> {
        let name = &self.plan.tag_header;
        let line = match tags {
            [] => return (!request.tags.is_empty()).then_some(Edit::Remove { name: name.as_bytes() }),
            [tag] => Cow::Borrowed(*tag),
            tags => Cow::Owned(tags.join(&b","[..])),
        };
        (request.tags.as_slice() != [line.as_ref()]).then(|| Edit::set(name, line))
    }

    fn baggage<'a>(&self, request: &Request<'_>, tags: &[&[u8]]) -> Option<Edit<'a>> {
        let key = self.plan.baggage.as_ref()?.as_bytes();
        if let Member::TooLarge { has_member } = baggage::read(&request.baggage, key) {
            // A member that cannot be read cannot be replaced either, and a client must not choose tags.
            let removed = self.plan.attachment.role == Role::Edge && has_member;
            return removed.then_some(Edit::Remove { name: b"baggage" });
        }
        Some(Edit::lines("baggage", baggage::write(&request.baggage, key, tags)?))
    }

    /// The request's cookies with the units that were made for it, and with the tags if the upstream gets them so.
    fn cookies<'a>(&self, request: &Request<'_>, tags: &[&[u8]]) -> Option<Edit<'a>> {
        if !self.plan.writes_cookies {
            return None;
        }
        let tags = (!tags.is_empty() && !request.is_grpc).then(|| tags.join(&b"%2C"[..]));
        let tags = self.plan.request_cookie.iter().map(|name| (name.as_bytes(), tags.as_deref()));
        let issued = self.issued(request).map(|(cookie, id)| (cookie.name.as_bytes(), Some(id.as_bytes())));
        Some(Edit::lines("cookie", cookie::write(&request.cookies, &issued.chain(tags).collect::<Vec<_>>())?))
    }

    /// The headers that steer or weigh this request, each with its one line.
    fn headers_of_ours(&self, request: &Request<'_>, destination: Option<&[u8]>) -> Written<'_> {
        let mut written = Written::new();
        let steered = match self.plan.attachment.steer {
            Steer::Tag => None,
            Steer::Subset => destination
                .and_then(|cluster| self.route(cluster))
                .map(|route| (SUBSET_HEADER, Cow::Borrowed(route.subset.as_bytes()))),
            // A cluster that arrived under our name is what Envoy calls the destination: it says nothing.
            Steer::Cluster if request.ours.iter().any(|(name, _)| *name == CLUSTER_HEADER.as_bytes()) => None,
            Steer::Cluster => destination
                .and_then(|cluster| Some((CLUSTER_HEADER, Cow::Owned(with_subset(cluster, self.route(cluster)?)?)))),
        };
        written.extend(steered);
        for sticky in &self.plan.sticky {
            let unit = sticky.unit.and_then(|unit| self.plan.units.get(unit)).and_then(|unit| request.unit(unit));
            let slot = unit.map(|unit| sticky.salt.slot(unit).to_string().into_bytes());
            written.extend(slot.map(|slot| (sticky.header.as_str(), Cow::Owned(slot))));
        }
        written
    }

    /// Where the service of a cluster goes: the first layer that routes it says so.
    pub(crate) fn route(&self, cluster: &[u8]) -> Option<Route<'_>> {
        let service = service_of(cluster);
        let mut routes = self.all_in_force().flat_map(|variant| &variant.routes);
        let (service, subset) = routes.find(|(known, _)| known.as_bytes() == service)?;
        Some(Route { service, subset })
    }
}

type Tags<'a> = SmallVec<[&'a [u8]; 4]>;
type Written<'a> = SmallVec<[(&'a str, Cow<'a, [u8]>); 1]>;

impl Route<'_> {
    /// Whether the variant sends this service there as well.
    pub(crate) fn is_of(self, variant: &VariantPlan) -> bool {
        variant.routes.iter().any(|(service, subset)| service == self.service && subset == self.subset)
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
    *parts.get_mut(2)? = route.subset.as_bytes();
    Some(parts.join(&b'|'))
}

/// What arrived under our own names goes, but for a header that is written anyway.
fn ours_removed<'a>(request: &'a Request<'_>, written: &Written<'_>, edits: &mut Edits<'a>) {
    for (name, _) in &request.ours {
        let edit = Edit::Remove { name };
        if !written.iter().any(|(kept, _)| kept.as_bytes() == *name) && !edits.contains(&edit) {
            edits.push(edit);
        }
    }
}

fn is_only_line(request: &Request<'_>, name: &str, line: &[u8]) -> bool {
    let mut lines = request.ours.iter().filter(|(known, _)| *known == name.as_bytes());
    matches!((lines.next(), lines.next()), (Some((_, value)), None) if *value == line)
}

#[cfg(test)]
mod tests;
