//! A request as the plan needs it: one walk over its headers, borrowing what some condition or unit will look at.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::cookie;
use crate::host;
use crate::plan::{Plan, SourceId};
use crate::query;

/// The parts of a request that a plan looks at.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// By source, those of one source in the order of arrival.
    values: Vec<(SourceId, Cow<'a, [u8]>)>,
    /// Lines of the tag header.
    pub(crate) tags: Vec<&'a [u8]>,
    /// Lines of the `baggage` header.
    pub(crate) baggage: Vec<&'a [u8]>,
    /// Name and value of each `x-weir-*` line that arrived.
    pub(crate) ours: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Request<'a> {
    /// Reads headers in the order of their arrival, names in lower case, pseudo-headers among them.
    pub fn read(plan: &Plan, headers: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Request<'a> {
        let mut request = Request::default();
        for (name, value) in headers {
            match name {
                b":path" => request.path(plan, value),
                b":authority" => request.wanted(plan.sources.host, || host::normalize(value)),
                b":method" => request.wanted(plan.sources.method, || Cow::Borrowed(value)),
                b"cookie" => request.cookies(plan, value),
                b"baggage" if plan.baggage.is_some() => request.baggage.push(value),
                _ if name == plan.tag_header.as_bytes() => request.tags.push(value),
                _ if name.starts_with(b"x-weir-") => request.ours.push((name, value)),
                _ => {}
            }
            request.wanted(plan.sources.header(name), || Cow::Borrowed(value));
        }
        // So that a thousand lines of one header do not make every look at another one slow.
        request.values.sort_by_key(|(source, _)| *source);
        request
    }

    fn path(&mut self, plan: &Plan, value: &'a [u8]) {
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

    fn cookies(&mut self, plan: &Plan, line: &'a [u8]) {
        if plan.sources.has_cookies() {
            for (name, value) in cookie::crumbs(line) {
                self.wanted(plan.sources.cookie(name), || Cow::Borrowed(value));
            }
        }
    }

    fn wanted(&mut self, source: Option<SourceId>, value: impl FnOnce() -> Cow<'a, [u8]>) {
        if let Some(source) = source {
            self.values.push((source, value()));
        }
    }

    /// The values of a source, in the order of their arrival.
    pub(crate) fn values(&self, source: SourceId) -> impl Iterator<Item = &[u8]> {
        let first = self.values.partition_point(|(id, _)| *id < source);
        let from = self.values.get(first..).unwrap_or_default();
        from.iter().take_while(move |(id, _)| *id == source).map(|(_, value)| value.as_ref())
    }

    /// Every source that was captured, with its values.
    pub(crate) fn captured(&self) -> impl Iterator<Item = (SourceId, impl Iterator<Item = &[u8]>)> {
        let sources = self.values.chunk_by(|(a, _), (b, _)| a == b);
        sources.filter_map(|values| Some((values.first()?.0, values.iter().map(|(_, value)| value.as_ref()))))
    }
}
