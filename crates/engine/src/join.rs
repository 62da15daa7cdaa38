//! The join of a request that came into a workload and those that the workload then sends: by the id of the trace, for
//! services that forward only trace context.
//!
//! Envoy cannot say which inbound request an outbound one belongs to. So the inbound filter leaves the tags of each request
//! under the id of its trace for as long as the request lives, and the outbound filter looks there. What is wrong is never
//! guessed: where the live requests of one trace disagree, nobody gets a tag, and the hop is stable.

use std::borrow::Cow;

use weir_policy::Role;

use crate::baggage::Member;
use crate::plan::Plan;
use crate::request::Request;
use crate::tags;
use crate::trace::TraceId;

/// Bytes of tags that an inbound request can leave; one with more leaves none, as if it were untagged.
pub const TRACE_TAGS_BYTES_MAX: usize = 8_192;

impl Plan {
    /// `inbound`: what this request leaves for those that the workload sends while it lives, untagged ones included.
    pub(crate) fn trace_entry<'a>(&self, request: &Request<'a>) -> Option<(TraceId, Cow<'a, [u8]>)> {
        let trace = request.trace.filter(|_| self.follows_trace() && self.attachment.role == Role::Inbound)?;
        let tags = self.incoming_tags(request).filter(|tags| tags.len() <= TRACE_TAGS_BYTES_MAX);
        Some((trace, tags.unwrap_or_default()))
    }

    /// `mesh`: the trace under which to look, for a request that brings no tags of its own.
    pub(crate) fn trace_key(&self, request: &Request<'_>) -> Option<TraceId> {
        let trace = request.trace.filter(|_| self.follows_trace() && self.attachment.role == Role::Mesh)?;
        self.incoming_tags(request).is_none().then_some(trace)
    }

    /// The tags of a request as they stand there: in the header if it has any, else in the baggage.
    fn incoming_tags<'a>(&self, request: &Request<'a>) -> Option<Cow<'a, [u8]>> {
        let has_any = |tags: &[u8]| !tags::read([tags], |_| None::<(usize, ())>).tags.is_empty();
        let header = match request.tags.as_slice() {
            [line] => Cow::Borrowed(*line),
            lines => Cow::Owned(lines.join(&b","[..])),
        };
        if has_any(&header) {
            return Some(header);
        }
        match self.member(request) {
            Member::Value(value) if has_any(&value) => Some(value),
            _ => None,
        }
    }
}
