//! A request as the plan needs it: one walk over its headers, borrowing what some condition or unit will look at.

use std::borrow::Cow;
use std::collections::BTreeSet;

use smallvec::SmallVec;

use crate::host;
use crate::issue::{Issued, is_issued};
use crate::plan::{Plan, UnitPlan, UnitSourcePlan};
use crate::query;
use crate::sources::{SourceId, Values};
use crate::trace::{Joined, TraceId};
use weir_policy::limits::UNIT_BYTES_MAX;

/// The parts of a request that a plan looks at.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// By source, those of one source in the order of arrival.
    values: SmallVec<[(SourceId, Cow<'a, [u8]>); 4]>,
    /// Lines of the tag header.
    pub(crate) tags: SmallVec<[&'a [u8]; 1]>,
    /// Lines of the `baggage` header.
    pub(crate) baggage: SmallVec<[&'a [u8]; 1]>,
    /// Its trace, where the plan joins by it.
    pub(crate) trace: Option<TraceId>,
    /// What the inbound requests of its trace brought.
    pub(crate) joined: Option<Joined>,
    /// Lines of the `cookie` header, where the plan may write it.
    pub(crate) cookies: SmallVec<[&'a [u8]; 1]>,
    /// Name and value of each line under a name that only Weir writes: `x-weir-*` and sticky headers.
    pub(crate) ours: Vec<(&'a [u8], &'a [u8])>,
    /// Units that were made for this request.
    pub(crate) issued: Vec<Issued>,
    /// Whether it is gRPC, which gets no cookies and is judged by its own status.
    pub(crate) is_grpc: bool,
    /// Whether the client came by https.
    pub(crate) is_https: bool,
}

impl<'a> Request<'a> {
    /// Reads headers in the order of their arrival, names in lower case, pseudo-headers among them.
    ///
    /// `dice` gives 16 random bytes for each unit that has to be made; without any the unit stays absent.
    pub fn read(
        plan: &Plan,
        headers: impl Iterator<Item = (&'a [u8], &'a [u8])>,
        dice: impl FnMut() -> Option<[u8; 16]>,
    ) -> Request<'a> {
        let mut request = Request::default();
        for (name, value) in headers {
            if plan.looks_at(name) {
                request.header(plan, name, value);
            }
        }
        if request.values.len() > 1 {
            // So that a thousand lines of one header do not make every look at another one slow.
            request.values.sort_by_key(|(source, _)| *source);
        }
        if plan.issues && !request.is_grpc {
            request.issue(plan, dice);
        }
        request
    }

    /// Gives a request without tags those that came into the workload: [`Plan::looks_under`] says where they are.
    pub fn join(&mut self, joined: Joined) {
        self.joined = Some(joined);
    }

    /// Whether it is gRPC.
    pub fn is_grpc(&self) -> bool {
        self.is_grpc
    }

    fn header(&mut self, plan: &Plan, name: &'a [u8], value: &'a [u8]) {
        match name {
            b":path" => self.path(plan, value),
            b":authority" => self.wanted(plan.sources.host, || host::normalize(value)),
            b":method" => self.wanted(plan.sources.method, || Cow::Borrowed(value)),
            b":scheme" => self.is_https |= value == b"https",
            // Envoy's own word about the client, where something before it ended TLS; it comes after the scheme.
            b"x-forwarded-proto" => self.is_https = value == b"https",
            b"content-type" => self.is_grpc |= is_grpc(value),
            b"cookie" => self.cookie_line(plan, value),
            b"baggage" if plan.baggage.is_some() => self.baggage.push(value),
            // Of several lines the first, as proxies read it.
            b"traceparent" if plan.joins() => self.trace = self.trace.or_else(|| TraceId::of_traceparent(value)),
            _ if name == plan.tag_header.as_bytes() => self.tags.push(value),
            _ if plan.owns_header(name) => self.ours.push((name, value)),
            _ => {}
        }
        self.wanted(plan.sources.header(name), || Cow::Borrowed(value));
    }

    fn path(&mut self, plan: &Plan, value: &'a [u8]) {
        if plan.sources.path.is_none() && !plan.sources.has_queries() {
            return;
        }
        let (path, query) = query::split_path(value);
        self.wanted(plan.sources.path, || Cow::Borrowed(path));
        if plan.sources.has_queries() {
            self.parameters(plan, query.unwrap_or_default());
        }
    }

    /// Of the parameters of one name the first.
    fn parameters(&mut self, plan: &Plan, query: &'a [u8]) {
        let mut known = BTreeSet::new();
        for (name, value) in query::parameters(query) {
            let source = plan.sources.query(&name).filter(|source| known.insert(*source));
            self.wanted(source, || query::decode(value));
        }
    }

    fn cookie_line(&mut self, plan: &Plan, line: &'a [u8]) {
        if plan.writes_cookies {
            self.cookies.push(line);
        }
        plan.sources.cookies.read(line, |source, value| self.values.push((source, Cow::Borrowed(value))));
    }

    fn wanted(&mut self, source: Option<SourceId>, value: impl FnOnce() -> Cow<'a, [u8]>) {
        if let Some(source) = source {
            self.values.push((source, value()));
        }
    }

    /// Makes the units that are to be made where they are absent.
    fn issue(&mut self, plan: &Plan, mut dice: impl FnMut() -> Option<[u8; 16]>) {
        for (index, unit) in plan.units.iter().enumerate().filter(|(_, unit)| unit.is_issued) {
            let Some(source) = unit.missing(self.values()) else { continue };
            let Some(issued) = dice().map(|bytes| Issued::new(index, &bytes)) else { continue };
            // Whoever looks at this cookie sees what the next visit will bring.
            self.values.retain(|(known, _)| *known != source);
            let place = self.values.partition_point(|(known, _)| *known < source);
            self.values.insert(place, (source, Cow::Owned(issued.id.clone().into_bytes())));
            self.issued.push(issued);
        }
    }

    pub(crate) fn values(&self) -> Values<'_> {
        Values(&self.values)
    }

    /// The bytes of a unit, if the request has it.
    pub(crate) fn unit(&self, unit: &UnitPlan) -> Option<&[u8]> {
        unit.read(self.values())
    }
}

impl UnitPlan {
    /// The first source with a value decides; a unit that is too long is none, and no other source is asked.
    pub(crate) fn read<'a>(&self, values: Values<'a>) -> Option<&'a [u8]> {
        let unit = self.sources.iter().find_map(|source| source.read(values))?;
        (unit.len() <= UNIT_BYTES_MAX).then_some(unit)
    }

    /// The cookie to make the unit in: one that issues and has nothing of its form, unless an earlier source has a value.
    fn missing(&self, values: Values<'_>) -> Option<SourceId> {
        let first = self.sources.iter().find(|source| source.issue.is_some() || source.read(values).is_some())?;
        first.read(values).is_none().then_some(first.id)
    }
}

impl UnitSourcePlan {
    fn read<'a>(&self, values: Values<'a>) -> Option<&'a [u8]> {
        let value = values.of(self.id).next()?;
        let counts = if self.issue.is_some() { is_issued(value) } else { !value.is_empty() };
        counts.then_some(value)
    }
}

/// As Envoy tells gRPC: gRPC-Web is not.
fn is_grpc(content_type: &[u8]) -> bool {
    content_type.strip_prefix(b"application/grpc").is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}
