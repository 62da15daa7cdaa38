//! A request as the plan needs it: one walk over its headers, borrowing what some condition or unit will look at.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;

use smallvec::SmallVec;
use weir_policy::limits::UNIT_BYTES_MAX;

use crate::asked::Asked;
use crate::attributes::{AttributeId, Values};
use crate::authority;
use crate::issue::{Issued, is_issued};
use crate::plan::{Asks, Cookie, Plan, UnitPlan, UnitSourcePlan};
use crate::query;
use crate::targeting::{EvalContext, Predicate};
use crate::trace::{TraceId, TraceTags};

/// The parts of a request that a plan looks at.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// By attribute, those of one attribute in the order of arrival.
    values: SmallVec<[(AttributeId, Cow<'a, [u8]>); 4]>,
    /// Lines of the tag header.
    pub(crate) tags: SmallVec<[&'a [u8]; 1]>,
    /// Lines of the `baggage` header.
    pub(crate) baggage: SmallVec<[&'a [u8]; 1]>,
    /// Its trace, where the plan joins by it.
    pub(crate) trace: Option<TraceId>,
    /// What the inbound requests of its trace brought.
    pub(crate) trace_tags: Option<TraceTags>,
    /// Lines of the `cookie` header, where the plan may write it.
    pub(crate) cookies: SmallVec<[&'a [u8]; 1]>,
    /// Name and value of each line under a name that only Weir writes: `x-weir-*` and sticky headers.
    pub(crate) reserved_headers: Vec<(&'a [u8], &'a [u8])>,
    /// What was asked of it as it came, where the plan asks anything.
    pub(crate) asked: Option<Box<Asked>>,
    /// Units that were made for this request.
    pub(crate) issued: Vec<Issued>,
    /// Whether it is gRPC, which gets no cookies and is judged by its own status.
    pub(crate) is_grpc: bool,
    /// Whether it asks for a browser whether the real request may be sent, and brings no cookies; while headers are read,
    /// whether it may be one that does.
    pub(crate) is_preflight: bool,
    /// Whether its scheme is https.
    has_https: bool,
    /// What Envoy says of the client, where something before it ended TLS: whether it came by https.
    came_by_https: Option<bool>,
}

impl<'a> Request<'a> {
    /// Reads headers in the order of their arrival, names in lower case, pseudo-headers among them.
    ///
    /// `random` gives 16 random bytes for each unit that has to be made; without any the unit stays absent.
    pub fn read(
        &mut self,
        plan: &Plan,
        headers: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
        random: impl FnMut() -> Option<[u8; 16]>,
    ) {
        for (name, value) in headers.clone() {
            if plan.looks_at(name) {
                self.header(plan, name, value);
            }
        }
        if self.values.len() > 1 {
            // So that a thousand lines of one header do not make every look at another one slow.
            self.values.sort_by_key(|(attribute, _)| *attribute);
        }
        if self.is_preflight {
            // The method has gone by, and few plans look at it: a second walk is for few requests, a look for all.
            self.is_preflight = is_options(headers);
        }
        if plan.completes_requests {
            self.complete(plan, random);
        }
    }

    fn header(&mut self, plan: &Plan, name: &'a [u8], value: &'a [u8]) {
        match name {
            b":path" => self.path(plan, value),
            b":authority" => self.capture(plan.attributes.host, || authority::normalize(value)),
            b":method" => self.capture(plan.attributes.method, || Cow::Borrowed(value)),
            b":scheme" => self.has_https |= value == b"https",
            b"x-forwarded-proto" => self.came_by_https = self.came_by_https.or(Some(value == b"https")),
            b"content-type" => self.is_grpc |= is_grpc(value),
            b"access-control-request-method" => self.is_preflight = true,
            b"cookie" => self.cookie_line(plan, value),
            b"baggage" if plan.baggage.is_some() => self.baggage.push(value),
            // Of several lines the first, as proxies read it.
            b"traceparent" if plan.follows_trace() => {
                self.trace = self.trace.or_else(|| TraceId::of_traceparent(value))
            }
            _ if name == plan.tag_header.as_bytes() => self.tags.push(value),
            _ if plan.owns_header(name) => {
                // It is dropped, so no condition sees it.
                self.reserved_headers.push((name, value));
                return;
            }
            _ => {}
        }
        self.capture(plan.attributes.header(name), || Cow::Borrowed(value));
    }

    fn path(&mut self, plan: &Plan, value: &'a [u8]) {
        if plan.attributes.path.is_none() && !plan.attributes.has_queries() {
            return;
        }
        let (path, query) = query::split_path(value);
        self.capture(plan.attributes.path, || Cow::Borrowed(path));
        if plan.attributes.has_queries() {
            self.parameters(plan, query.unwrap_or_default());
        }
    }

    /// Of the parameters of one name the first.
    fn parameters(&mut self, plan: &Plan, query: &'a [u8]) {
        let mut known = BTreeSet::new();
        for (name, value) in query::parameters(query) {
            let attribute = plan.attributes.query(&name).filter(|attribute| known.insert(*attribute));
            self.capture(attribute, || query::decode(value));
        }
    }

    fn cookie_line(&mut self, plan: &Plan, line: &'a [u8]) {
        if plan.writes_cookies {
            self.cookies.push(line);
        }
        plan.attributes.cookies.read(line, |attribute, value| self.values.push((attribute, Cow::Borrowed(value))));
    }

    fn capture(&mut self, attribute: Option<AttributeId>, value: impl FnOnce() -> Cow<'a, [u8]>) {
        if let Some(attribute) = attribute {
            self.values.push((attribute, value()));
        }
    }

    /// Finds the units that are parts of cookies, asks what is asked of the request as it came, and makes the units that
    /// are to be made where they are absent.
    fn complete(&mut self, plan: &Plan, random: impl FnMut() -> Option<[u8; 16]>) {
        self.extract(plan);
        self.asked = plan.asks.as_ref().map(|asks| Box::new(self.ask(plan, asks)));
        if plan.issues_units && self.gets_cookies() {
            self.issue(plan, random);
        }
        if !self.issued.is_empty() {
            // Parts of a cookie that was made are those that the next visit will bring.
            self.extract(plan);
        }
    }

    fn extract(&mut self, plan: &Plan) {
        for extract in &plan.extracts {
            let part = self.values().of(extract.from).next().and_then(|value| extract.of(value));
            let part = part.map(Cow::into_owned);
            self.replace(extract.to, part);
        }
    }

    fn ask(&self, plan: &Plan, asks: &Asks) -> Asked {
        let answers: Box<[Cell<Option<bool>>]> = vec![Cell::new(None); asks.answers].into();
        let as_it_came = &EvalContext { values: self.values(), unit: None, listed: &plan.listed, answers: &answers };
        let is_targeted = asks.targeting.as_ref().is_none_or(|targeting| targeting.holds(as_it_came));
        let own = asks.layers.iter().filter(|_| is_targeted);
        let is_out = |(layer, targeting): &&(usize, Predicate)| {
            let unit = plan.layers.get(*layer).and_then(|layer| plan.units.get(layer.unit?));
            let unit = unit.and_then(|unit| self.unit_that_came(unit));
            !targeting.holds(&EvalContext { unit, ..*as_it_came })
        };
        let out_of_play = own.filter(is_out).map(|(layer, _)| *layer).collect();
        Asked { is_targeted, out_of_play, answers }
    }

    fn issue(&mut self, plan: &Plan, mut random: impl FnMut() -> Option<[u8; 16]>) {
        for (index, unit) in plan.units.iter().enumerate().filter(|(_, unit)| unit.is_issued) {
            if self.asked.as_deref().is_some_and(|asked| !unit.is_in_play(asked)) {
                continue;
            }
            let Some((source, attribute)) = self.missing(unit) else { continue };
            let Some(issued) = random().map(|bytes| Issued::new(index, source, &bytes)) else { continue };
            // Whoever looks at this cookie sees what the next visit will bring.
            self.replace(attribute, Some(issued.id.clone().into_bytes()));
            self.issued.push(issued);
        }
    }

    /// The source to make the unit in, and its cookie: the first whose cookie may be set and has nothing of its form,
    /// unless an earlier one has a value.
    fn missing(&self, unit: &UnitPlan) -> Option<(usize, AttributeId)> {
        let values = self.values();
        let may_be_made = |source: &UnitSourcePlan| source.issue.as_ref().is_some_and(|cookie| self.may_set(cookie));
        let gives = |source: &UnitSourcePlan| source.read(values).is_some();
        let (index, first) = unit.sources.iter().enumerate().find(|(_, one)| may_be_made(one) || gives(one))?;
        (!gives(first)).then_some((index, first.id))
    }

    /// The values of an attribute are this one from now on, or none.
    fn replace(&mut self, attribute: AttributeId, value: Option<Vec<u8>>) {
        self.values.retain(|(known, _)| *known != attribute);
        let place = self.values.partition_point(|(known, _)| *known < attribute);
        if let Some(value) = value {
            self.values.insert(place, (attribute, Cow::Owned(value)));
        }
    }

    /// Whether its response may set any cookie.
    pub(crate) fn gets_cookies(&self) -> bool {
        !self.is_grpc && !self.is_preflight
    }

    /// Whether the client came by https.
    pub(crate) fn is_https(&self) -> bool {
        self.came_by_https.unwrap_or(self.has_https)
    }

    /// Whether the response may set this cookie.
    pub(crate) fn may_set(&self, cookie: &Cookie) -> bool {
        cookie.reaches(self.is_https(), self.values())
    }

    pub(crate) fn values(&self) -> Values<'_> {
        Values(&self.values)
    }

    /// The bytes of a unit, if the request has it.
    pub(crate) fn unit(&self, unit: &UnitPlan) -> Option<&[u8]> {
        unit.read(self.values())
    }

    /// The same before any unit is made: absent where one would have to be.
    pub(crate) fn unit_that_came(&self, unit: &UnitPlan) -> Option<&[u8]> {
        let is_made = unit.is_issued && self.gets_cookies() && self.missing(unit).is_some();
        if is_made { None } else { self.unit(unit) }
    }
}

impl UnitPlan {
    /// The first source with a value decides; a unit that is too long is none, and no other source is asked.
    pub(crate) fn read<'a>(&self, values: Values<'a>) -> Option<&'a [u8]> {
        let unit = self.sources.iter().find_map(|source| source.read(values))?;
        (unit.len() <= UNIT_BYTES_MAX).then_some(unit)
    }

    /// Whether a layer that is in play uses it, or a sticky header where the policy's targeting holds.
    fn is_in_play(&self, asked: &Asked) -> bool {
        self.is_weighed && asked.is_targeted || self.used_by.iter().any(|layer| asked.is_in_play(*layer))
    }
}

impl UnitSourcePlan {
    pub(crate) fn read<'a>(&self, values: Values<'a>) -> Option<&'a [u8]> {
        let value = values.of(self.id).next()?;
        let counts = if self.issue.is_some() { is_issued(value) } else { !value.is_empty() };
        counts.then_some(value)
    }
}

/// Browsers ask by this method, and no other.
fn is_options<'a>(mut headers: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> bool {
    headers.any(|(name, value)| name == b":method" && value == b"OPTIONS")
}

/// As Envoy tells gRPC: gRPC-Web is not.
fn is_grpc(content_type: &[u8]) -> bool {
    content_type.strip_prefix(b"application/grpc").is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}
