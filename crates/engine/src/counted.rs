//! What a decision adds to the counters: which variants a request is counted for.

use weir_policy::Role;

use crate::decision::{Dealt, Outcome, Reason};
use crate::exchange::Exchange;
use crate::plan::{Plan, Series};
use crate::tags::Dropped;

/// One layer of one request, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its place among [`Plan::layer_ids`].
    pub layer: u16,
    /// Why the layer came out as it did.
    pub reason: Reason,
    /// The variant in force, if there is one.
    pub variant: Option<Series>,
}

impl Plan {
    /// The reason that puts variants in force here as a rule, and not by exception: an edge deals them, a hop follows tags.
    /// None where nothing is counted.
    pub fn usual_reason(&self) -> Option<Reason> {
        match self.attachment.role {
            Role::Edge => Some(Reason::Assigned),
            Role::Mesh => Some(Reason::Tag),
            Role::Inbound => None,
        }
    }
}

impl Exchange<'_, '_> {
    /// The layers that this request is counted for: at the edge all, in the mesh those whose variant routed it, so that
    /// a request is counted once on its way. A preflight is counted nowhere: it brings no cookies, so it comes out as
    /// somebody else.
    pub fn counted(&self) -> impl Iterator<Item = Counted> {
        let decision = &self.decision;
        let (role, revision) = (decision.plan.attachment.role, decision.plan.revision);
        let routed = match role {
            Role::Mesh => self.destination.as_deref().and_then(|cluster| decision.route(cluster)),
            Role::Edge | Role::Inbound => None,
        };
        let everywhere = role == Role::Edge && revision.is_some();
        let is_preflight = self.request.is_preflight;
        (0..).zip(&decision.outcomes).filter_map(move |(layer, outcome)| {
            let variant = outcome.variant;
            let counts = everywhere || variant.is_some_and(|variant| routed.is_some_and(|by| by.is_of(variant)));
            let series = |series: Option<u32>| series.map_or(Series::Other, Series::Named);
            let variant = variant.map(|variant| series(variant.series));
            (counts && !is_preflight).then_some(Counted { layer, reason: outcome.reason, variant })
        })
    }

    /// What this request is counted for as evidence. To be asked where [`Plan::gathers_evidence`] alone.
    pub fn dealt(&self) -> impl Iterator<Item = Dealt> {
        let is_preflight = self.request.is_preflight;
        self.decision.outcomes.iter().filter_map(Outcome::dealt).filter(move |_| !is_preflight)
    }

    /// What arrived and was dropped, as it is counted.
    pub fn counted_drops(&self) -> Dropped {
        if self.request.is_preflight { Dropped::default() } else { self.dropped() }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::configure_json;

    #[test]
    fn a_hop_counts_what_it_routed_and_believes_no_forged_cluster() {
        let envelope = br#"{"weir": 1, "role": "mesh", "steer": "cluster", "policy": {"version": 1, "layers": [
            {"id": "one", "experiments": [{"id": "e", "variants": [{"id": "v", "routes": {"owl": "v2"}}]}]},
            {"id": "two", "experiments": [{"id": "f", "variants": [{"id": "v", "routes": {"tiger": "v2"}}]}]}]}}"#;
        let plan = configure_json(envelope).unwrap();
        let counted = |headers: &[(&[u8], &[u8])], cluster: &[u8]| {
            let exchange = plan.exchange(headers.iter().copied(), || None, |_| None, || Some(Cow::Borrowed(cluster)));
            exchange.counted().collect::<Vec<_>>()
        };
        let tags: (&[u8], &[u8]) = (b"x-env-tag", b"e.v,f.v");
        let of = |layer| Counted { layer, reason: Reason::Tag, variant: Some(Series::Named(layer.into())) };
        assert_eq!(counted(&[tags], b"outbound|80||owl"), [of(0)]);
        assert_eq!(counted(&[tags], b"outbound|80||tiger"), [of(1)]);
        assert_eq!(counted(&[tags], b"outbound|80||lynx"), []);
        assert_eq!(counted(&[tags, (b"x-weir-cluster", b"outbound|80||owl")], b"outbound|80||owl"), []);
    }

    #[test]
    fn a_hop_counts_what_came_by_a_route_to_another_service() {
        let envelope = br#"{"weir": 1, "role": "mesh", "policy": {"version": 1, "layers": [
            {"id": "a", "line": "l", "experiments": [{"id": "e", "variants": [{"id": "v", "routes": {"owl": {"service": "lynx.b"}}}]}]},
            {"id": "b", "line": "l", "experiments": [{"id": "f", "variants": [{"id": "v", "routes": {"owl": {"service": "lynx.b"}}}]}]},
            {"id": "c", "experiments": [{"id": "g", "variants": [{"id": "v", "routes": {"elk": {"service": "lynx.b"}}}]}]}]}}"#;
        let plan = configure_json(envelope).unwrap();
        let counted = |tags: &[u8], cluster: &[u8]| {
            let headers: [(&[u8], &[u8]); 1] = [(b"x-env-tag", tags)];
            let exchange = plan.exchange(headers.into_iter(), || None, |_| None, || Some(Cow::Borrowed(cluster)));
            exchange.counted().map(|counted| counted.variant).collect::<Vec<_>>()
        };
        let series = |numbers: &[u32]| numbers.iter().map(|number| Some(Series::Named(*number))).collect::<Vec<_>>();
        assert_eq!(counted(b"e.v,f.v,g.v", b"outbound|80||owl"), series(&[0, 1]));
        assert_eq!(counted(b"e.v,f.v,g.v", b"outbound|80||lynx.b"), series(&[0, 1]));
        assert_eq!(counted(b"g.v", b"outbound|80||lynx.b"), series(&[2]));
        assert_eq!(counted(b"g.v", b"outbound|80||owl"), series(&[]));
    }

    #[test]
    fn only_a_whole_preflight_is_not_counted() {
        let policy = r#""policy": {"version": 1, "units": {"user": [{"header": "u"}]}, "layers": [{"id": "one", "unit": "user",
            "experiments": [{"id": "e", "slots": "all", "variants": [{"id": "v", "share": "100%", "routes": {"owl": "v2"}}]}]}]}"#;
        for (role, headers, reason) in [
            ("edge", [(&b"u"[..], &b"ada"[..])], Reason::Assigned),
            ("mesh", [(b"x-env-tag", b"e.v,e.v")], Reason::Tag),
        ] {
            let plan = configure_json(format!(r#"{{"weir": 1, "role": "{role}", {policy}}}"#).as_bytes()).unwrap();
            for (method, asks, is_counted) in [
                (&b"OPTIONS"[..], Some(&b"PUT"[..]), false),
                (b"OPTIONS", Some(b""), false),
                (b"OPTIONS", None, true),
                (b"options", Some(b"PUT"), true),
                (b"PUT", Some(b"PUT"), true),
            ] {
                let asks = asks.map(|method| (&b"access-control-request-method"[..], method));
                let headers = headers.into_iter().chain([(&b":method"[..], method)]).chain(asks);
                let exchange = plan.exchange(headers, || None, |_| None, || Some(Cow::Borrowed(b"owl")));
                let counted = is_counted.then_some(Counted { layer: 0, reason, variant: Some(Series::Named(0)) });
                assert!(exchange.counted().eq(counted), "{role} {method:?} {asks:?}");
                let drops = if is_counted { exchange.dropped() } else { Dropped::default() };
                assert_eq!(exchange.counted_drops(), drops, "{role} {method:?} {asks:?}");
                assert_eq!(exchange.dropped().duplicate, u32::from(role == "mesh"));
            }
        }
    }
}
