//! What a decision adds to the counters: which variants a request is counted for.

use crate::decision::{Decision, Reason};
use crate::plan::Series;
use crate::request::Request;
use weir_policy::Role;

/// One layer of one request, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Why the layer came out as it did.
    pub reason: Reason,
    /// The variant in force, if there is one.
    pub variant: Option<Series>,
}

impl Decision<'_> {
    /// The layers that this request is counted for: at the edge all, in the mesh those whose variant routed it, so that
    /// a request is counted once on its way.
    pub fn counted(&self, request: &Request<'_>, destination: Option<&[u8]>) -> impl Iterator<Item = Counted> {
        let destination = destination.filter(|_| self.wants_destination(request));
        let routed = match self.plan.attachment.role {
            Role::Mesh => destination.and_then(|cluster| self.route(cluster)),
            Role::Edge | Role::Inbound => None,
        };
        let everywhere = self.plan.attachment.role == Role::Edge && self.plan.revision.is_some();
        self.outcomes.iter().enumerate().filter_map(move |(layer, outcome)| {
            let variant = self.in_force(layer);
            let counts = everywhere || variant.is_some_and(|variant| routed.is_some_and(|by| by.is_of(variant)));
            let series = |series: Option<u32>| series.map_or(Series::Other, Series::Named);
            counts.then(|| Counted { reason: outcome.reason, variant: variant.map(|variant| series(variant.series)) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configure_json;

    #[test]
    fn a_hop_counts_what_it_routed_and_believes_no_forged_cluster() {
        let envelope = br#"{"weir": 1, "role": "mesh", "steer": "cluster", "policy": {"version": 1, "layers": [
            {"id": "one", "experiments": [{"id": "e", "variants": [{"id": "v", "routes": {"owl": "v2"}}]}]},
            {"id": "two", "experiments": [{"id": "f", "variants": [{"id": "v", "routes": {"tiger": "v2"}}]}]}]}}"#;
        let plan = configure_json(envelope).unwrap();
        let counted = |headers: &[(&[u8], &[u8])], cluster: &[u8]| {
            let request = Request::read(&plan, headers.iter().copied(), || None);
            plan.decide(&request).counted(&request, Some(cluster)).collect::<Vec<_>>()
        };
        let tags: (&[u8], &[u8]) = (b"x-env-tag", b"e.v,f.v");
        let owl = Counted { reason: Reason::Tag, variant: Some(Series::Named(0)) };
        assert_eq!(counted(&[tags], b"outbound|80||owl"), [owl]);
        assert_eq!(counted(&[tags], b"outbound|80||lynx"), []);
        assert_eq!(counted(&[tags, (b"x-weir-cluster", b"outbound|80||owl")], b"outbound|80||owl"), []);
    }
}
