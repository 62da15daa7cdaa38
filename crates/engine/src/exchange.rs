//! One request, from its headers to all that follows from them. The order of it is spelt here, for everybody who runs the
//! engine: the filter in Envoy, `weir explain`, and the tests.

use std::borrow::Cow;

use weir_policy::{CLUSTER_HEADER, Role, Steer};

use crate::decision::Decision;
use crate::plan::Plan;
use crate::request::Request;
use crate::tags::Dropped;
use crate::trace::{TraceId, TraceTags};

/// A request that has been decided, and what follows from the decision.
///
/// Whoever runs it makes the changes first ([`Exchange::apply`]), and then takes what it has use for, in any order: the
/// filter state, the cookies for the response, the layers to count, the tags to leave for the trace.
#[derive(Debug)]
pub struct Exchange<'p, 'a> {
    pub(crate) request: Request<'a>,
    pub(crate) decision: Decision<'p>,
    /// The cluster that Envoy chose before the filter wrote anything; only where something looks at it.
    pub(crate) destination: Option<Cow<'a, [u8]>>,
}

impl Plan {
    /// Whether no request is read or changed here, so that its headers need not even be fetched.
    pub fn ignores_requests(&self) -> bool {
        self.attachment().role == Role::Inbound && !self.follows_trace()
    }

    /// Decides a request, in this order:
    ///
    /// 1. `headers` are read once: in the order of arrival, names in lower case, pseudo-headers among them. They are read
    ///    again only where `access-control-request-method` is one of them, for the method. `random` gives 16 random bytes for
    ///    each unit that has to be made; without them the unit stays absent. The targeting of the policy and of its layers is
    ///    asked before any is made.
    /// 2. A request without tags of its own gets those of its trace, where the attachment follows traces: `trace_tags` is
    ///    what the live inbound requests of that trace brought.
    /// 3. Each layer is decided.
    /// 4. `destination` is the cluster that Envoy has chosen for the request. It is asked for where something looks at it
    ///    and before there is anything to write: afterwards Envoy still reports the route it matched first.
    #[inline(always)]
    pub fn exchange<'p, 'a>(
        &'p self,
        headers: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
        random: impl FnMut() -> Option<[u8; 16]>,
        trace_tags: impl FnOnce(TraceId) -> Option<TraceTags>,
        destination: impl FnOnce() -> Option<Cow<'a, [u8]>>,
    ) -> Exchange<'p, 'a> {
        // Both are filled in where they lie, and this is inlined: they are 600 bytes, too many to be moved about.
        let mut request = Request::default();
        request.read(self, headers, random);
        request.trace_tags = self.trace_key(&request).and_then(trace_tags);
        let mut decision = Decision::new(self);
        self.decide(&request, &mut decision);
        let destination = if wants_destination(&decision, &request) { destination() } else { None };
        Exchange { request, decision, destination }
    }
}

impl<'p, 'a> Exchange<'p, 'a> {
    /// What came out for each layer, and why.
    pub fn decision(&self) -> &Decision<'p> {
        &self.decision
    }

    /// What arrived and was dropped.
    pub fn dropped(&self) -> Dropped {
        self.decision.dropped
    }

    /// Whether the request is gRPC, which is judged by a status of its own.
    pub fn is_grpc(&self) -> bool {
        self.request.is_grpc
    }

    /// The trace that the request belongs to and the tags that it leaves there for as long as it lives, for the requests
    /// that the workload sends meanwhile; `inbound` only, untagged requests included.
    pub fn trace_entry(&self) -> Option<(TraceId, Cow<'a, [u8]>)> {
        self.decision.plan.trace_entry(&self.request)
    }
}

/// Whether anything looks at the destination of a request.
fn wants_destination(decision: &Decision<'_>, request: &Request<'_>) -> bool {
    let attachment = decision.plan.attachment();
    let looks = match attachment.role {
        Role::Edge => attachment.steer != Steer::Tag,
        // A hop counts what it routed, however the request was steered there.
        Role::Mesh => true,
        Role::Inbound => false,
    };
    // A cluster that arrived under our name is what Envoy calls the destination: it says nothing.
    let is_forged = || request.reserved_headers.iter().any(|(name, _)| *name == CLUSTER_HEADER.as_bytes());
    looks
        && decision.all_in_force().any(|variant| !variant.routes.is_empty())
        && !(attachment.steer == Steer::Cluster && is_forged())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::configure_json;

    /// What is asked for while a request is decided, in that order.
    fn asked(envelope: &str, headers: &[(&str, &str)]) -> Vec<String> {
        let policy = r#""policy": {"version": 1, "units": {"user": [{"cookie": "id", "issue": {"max_age_seconds": 60}}]},
            "layers": [{"id": "one", "unit": "user", "experiments": [{"id": "e", "slots": "all",
                "variants": [{"id": "v", "share": "100%", "routes": {"owl": "v2"}}]}]}]}"#;
        let plan = configure_json(format!(r#"{{"weir": 1, {envelope}, {policy}}}"#).as_bytes()).unwrap();
        let asked = RefCell::new(Vec::new());
        let headers = headers.iter().map(|(name, value)| {
            asked.borrow_mut().push((*name).to_owned());
            (name.as_bytes(), value.as_bytes())
        });
        let ask = |what: &str| asked.borrow_mut().push(what.to_owned());
        let random = || {
            ask("random");
            Some([7; 16])
        };
        let trace_tags = |trace: TraceId| {
            ask(&trace.hex());
            Some(TraceTags::Tags(b"e.v".to_vec()))
        };
        let destination = || {
            ask("destination");
            Some(Cow::Borrowed(&b"owl"[..]))
        };
        let exchange = plan.exchange(headers, random, trace_tags, destination);
        exchange.apply(|name, _| ask(&format!("write {}", String::from_utf8_lossy(name))));
        asked.into_inner()
    }

    #[test]
    fn all_that_is_asked_is_asked_before_anything_is_written() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
        let traced = ("traceparent", traceparent.as_str());
        for (envelope, headers, expected) in [
            (
                r#""steer": "subset""#,
                &[(":path", "/")][..],
                &[":path", "random", "destination", "write x-env-tag", "write cookie", "write x-weir-subset"][..],
            ),
            (r#""steer": "tag""#, &[(":path", "/")], &[":path", "random", "write x-env-tag", "write cookie"]),
            (
                r#""role": "mesh", "join": "traceparent""#,
                &[traced],
                &["traceparent", trace, "destination", "write x-env-tag"],
            ),
            (
                r#""role": "mesh", "join": "traceparent""#,
                &[traced, ("x-env-tag", "e.v")],
                &["traceparent", "x-env-tag", "destination"],
            ),
            (r#""role": "mesh""#, &[traced], &["traceparent"]),
            (
                r#""steer": "tag""#,
                &[("origin", "a"), (":method", "GET"), ("access-control-request-method", "")],
                &[
                    "origin",
                    ":method",
                    "access-control-request-method",
                    "origin",
                    ":method",
                    "access-control-request-method",
                    "random",
                    "write x-env-tag",
                    "write cookie",
                ],
            ),
            (
                r#""steer": "tag""#,
                &[("access-control-request-method", ""), (":method", "OPTIONS"), ("origin", "a")],
                &["access-control-request-method", ":method", "origin", "access-control-request-method", ":method"],
            ),
            (r#""role": "inbound", "join": "traceparent""#, &[traced, ("x-weir-a", "1")], &["traceparent", "x-weir-a"]),
        ] {
            assert_eq!(asked(envelope, headers), expected, "{envelope} {headers:?}");
        }
    }

    #[test]
    fn a_cluster_that_a_client_forged_is_no_destination() {
        let envelope = r#""role": "mesh", "steer": "cluster""#;
        let forged = [("x-env-tag", "e.v"), ("x-weir-cluster", "outbound|80||owl")];
        assert_eq!(asked(envelope, &forged[..1]), ["x-env-tag", "destination"]);
        assert_eq!(asked(envelope, &forged), ["x-env-tag", "x-weir-cluster", "write x-weir-cluster"]);
    }
}
